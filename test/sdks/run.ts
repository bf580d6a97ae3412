import { readdirSync } from 'node:fs'
import { inLanes, type Length, type Outcome, running, runTests } from '../runner/index.ts'
import { type Language, prepare } from './toolchains.ts'

/**
 * `npm run test:sdks`: the published SDKs of other languages against the server. Builds the drivers, then runs the tests of this folder;
 * with `-- --long` every drill cuts two hundred times in place of twenty. An SDK that cannot be installed fails the run where CI is set;
 * elsewhere its tests are skipped and counted.
 */
const languages: readonly Language[] = ['go', 'python', 'java', 'js']
const length: Length = process.argv.includes('--long') ? 'long' : 'short'
const isStrict = process.env.CI !== undefined
/** They wait for SDKs more than they compute. */
const lanes = 2

async function main(): Promise<number> {
  let failed = 0
  for (const language of languages) {
    const problem = await prepare(language)
    if (problem === undefined) continue
    console.error(`${isStrict ? 'FAILED' : 'SKIP'} (${language}): ${problem}`)
    if (isStrict) failed++
  }
  const outcomes: Outcome[] = []
  const files = readdirSync(import.meta.dir).filter(name => name.endsWith('.test.ts'))
  await inLanes(
    files.map(name => ({ files: [`test/sdks/${name}`], seconds: 1 })),
    lanes,
    async job => {
      outcomes.push(await runTests(job.files, length))
    },
  )
  const sum = (kind: 'passed' | 'failed' | 'skipped') => outcomes.reduce((total, outcome) => total + outcome[kind], 0)
  const [passed, skipped] = [sum('passed'), sum('skipped')]
  failed += sum('failed')
  const mayNotSkip = isStrict && skipped > 0
  console.log(`\n${skipped} skipped${mayNotSkip ? ': CI allows none, install what is missing' : ''}`)
  console.log(`${passed} passed, ${failed} failed`)
  return passed === 0 || failed > 0 || mayNotSkip ? 1 : 0
}

// Tests lead process groups of their own, which a terminal does not end with this one.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    for (const group of running) group.kill()
    process.exit(code)
  })
}

process.exitCode = await main()
