import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { enginesFolder } from '../engines/folder.ts'
import { EngineError } from '../engines/index.ts'
import { Chaos } from './chaos.ts'
import { type FaultName, faultNames } from './faults.ts'
import { isGood, plainReport } from './report.ts'
import { unmountLeftovers } from './small-disk.ts'

const usage = `usage: npm run chaos -- [--seconds 300] [--seed 1] [--network auto|proxies] [--only FAULT,FAULT] [--sports on|off]

Starts three nodes, three Kafka brokers, Postgres, HAProxy and a relay on this machine, has clients of every kind use
them, and lets one thing after another go wrong. Every client keeps a book of what it has, and at the end all books
are compared with what was acknowledged. Prints a report, keeps it as JSON, and fails where a promise was broken.

faults: ${faultNames.join(', ')}`

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof EngineError)) throw error
  console.error(error.message)
  return 1
})

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      network: { type: 'string', default: 'auto' },
      sports: { type: 'string', default: 'on' },
      only: { type: 'string', default: faultNames.join(',') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const words = values.only.split(',').map(word => word.trim())
  const unknown = words.filter(word => !isFault(word))
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)]
  const { network } = values
  if (values.help || unknown.length > 0 || !(seconds > 0) || !Number.isInteger(seed) || (network !== 'auto' && network !== 'proxies')) {
    console.log(unknown.length > 0 ? `unknown fault: ${unknown.join(', ')}\n\n${usage}` : usage)
    return values.help ? 0 : 2
  }
  unmountLeftovers(join(enginesFolder(), 'fleets'))
  const report = await Chaos.run({
    seconds,
    seed,
    network,
    hasMatch: values.sports !== 'off',
    faults: words.filter(isFault),
    say: console.log,
  })
  console.log(`\n${plainReport(report)}`)
  const folder = join(enginesFolder(), 'chaos')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `seed-${seed}.json`)
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
  console.log(`\nThe same as JSON: ${file}`)
  return isGood(report) ? 0 : 1
}

function isFault(word: string): word is FaultName {
  return faultNames.some(name => name === word)
}
