import { parseArgs } from 'node:util'
import { EngineError } from './engine-error.ts'
import { kafkaJars } from './kafka/jars.ts'
import { KeptEngines } from './kept-engines.ts'

const usage = `usage: npm run engines -- start [--kafka 1|3] [--postgres] [--kafka-port 19092] [--postgres-port 15432]
       npm run engines -- stop | status | reset | fetch

  start    starts a real Kafka and a real Postgres on this machine, as far as they do not run, and waits until they
           can be used; without a flag, one broker and Postgres. Three brokers keep three copies of everything.
  stop     stops them; what they hold stays
  status   says what runs, and where
  reset    stops them, and deletes what they hold
  fetch    fetches Kafka, and starts nothing

All of it is in the folder .engines of this checkout. Needed: a Java runtime (17 or later), Maven and Postgres
(Debian: default-jdk-headless, maven and postgresql).`

const options = {
  kafka: { type: 'string' },
  postgres: { type: 'boolean', default: false },
  'kafka-port': { type: 'string', default: '19092' },
  'postgres-port': { type: 'string', default: '15432' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof EngineError || isUsage(error))) throw error
  console.error(error.message)
  return isUsage(error) ? 2 : 1
})

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const [command, ...others] = positionals
  if (values.help || command === undefined || others.length > 0) {
    console.log(usage)
    return values.help ? 0 : 2
  }
  const engines = new KeptEngines(console.log)
  switch (command) {
    case 'start': {
      const isBare = values.kafka === undefined && !values.postgres
      const brokers = values.kafka ?? (isBare ? '1' : undefined)
      if (brokers !== undefined && brokers !== '1' && brokers !== '3') return refuse(`--kafka: expected 1 or 3, got "${brokers}"`)
      const ports = { kafka: portOf(values['kafka-port']), postgres: portOf(values['postgres-port']) }
      if (ports.kafka === undefined || ports.postgres === undefined) return refuse('expected a port from 1024 to 65000')
      if (values.postgres || isBare) await engines.startPostgres({ port: ports.postgres })
      if (brokers !== undefined) await engines.startKafka({ brokers: Number(brokers), port: ports.kafka })
      return status(engines)
    }
    case 'stop':
      return stopped(await engines.stop())
    case 'reset':
      return stopped(await engines.reset())
    case 'status':
      return status(engines)
    case 'fetch':
      console.log(`Kafka is in ${await kafkaJars(console.log)}`)
      return 0
    default:
      return refuse(`"${command}" is no command`)
  }
}

function status(engines: KeptEngines): number {
  const [kafka, postgres] = [engines.kafka(), engines.postgres()]
  for (const { id, pid, isAlive, log } of kafka?.brokers ?? []) {
    const where = `127.0.0.1:${kafka?.plan.ports[id - 1]?.client}`
    console.log(`Kafka broker ${id}   ${isAlive ? `runs on ${where}, process ${pid}` : 'does not run'}; log ${log}`)
  }
  if (postgres !== undefined)
    console.log(
      `Postgres         ${postgres.isAlive ? `runs on 127.0.0.1:${postgres.plan.port}, process ${postgres.pid}` : 'does not run'}; log ${postgres.log}`,
    )
  const flags = [
    ...(kafka?.isAlive === true ? [`--broker ${kafka.url}`] : []),
    ...(postgres?.isAlive === true ? [`--store ${postgres.urlOf('fanfare')}`] : []),
  ]
  console.log(flags.length === 0 ? 'nothing runs' : `\nA node uses them with:\n  ${flags.join(' ')}`)
  return 0
}

function stopped(names: readonly string[]): number {
  console.log(names.length === 0 ? 'nothing ran' : `stopped: ${names.join(', ')}`)
  return 0
}

function portOf(text: string): number | undefined {
  const port = Number(text)
  return Number.isInteger(port) && port >= 1024 && port <= 65_000 ? port : undefined
}

function refuse(reason: string): number {
  console.error(`${reason}\n\n${usage}`)
  return 2
}

/** What `parseArgs` says of flags that it does not know. */
function isUsage(error: unknown): error is Error {
  return error instanceof Error && `${Reflect.get(error, 'code')}`.startsWith('ERR_PARSE_ARGS')
}
