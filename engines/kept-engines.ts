import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError } from './engine-error.ts'
import { enginesFolder } from './folder.ts'
import { KafkaCluster } from './kafka/cluster.ts'
import { kafkaJars } from './kafka/jars.ts'
import type { BrokerPorts } from './kafka/settings.ts'
import { isFree } from './ports.ts'
import { PostgresServer } from './postgres/server.ts'
import { javaPath } from './programs.ts'
import { type Say, withProgress } from './progress.ts'

const kafkaShape = z.object({ brokers: z.number(), port: z.number() })
const postgresShape = z.object({ port: z.number() })
export type KafkaShape = z.output<typeof kafkaShape>
export type PostgresShape = z.output<typeof postgresShape>

/** Of a machine of one's own: it listens on loopback alone. */
const login = { user: 'fanfare', password: 'fanfare' }
const database = 'fanfare'

/** The engines of a checkout, which run on when the command that started them has ended. What they hold stays until it is reset. */
export class KeptEngines {
  readonly #folder: string
  readonly #kafkaFile: string
  readonly #postgresFile: string

  constructor(
    readonly say: Say,
    folder = enginesFolder(),
  ) {
    this.#folder = folder
    this.#kafkaFile = join(folder, 'kafka.json')
    this.#postgresFile = join(folder, 'postgres.json')
  }

  async startKafka(shape: KafkaShape): Promise<KafkaCluster> {
    const before = this.#read(this.#kafkaFile, kafkaShape)
    const isSame = before !== undefined && before.brokers === shape.brokers && before.port === shape.port
    if (!isSame && this.kafka()?.brokers.some(({ isAlive }) => isAlive) === true)
      throw new EngineError(`Kafka runs with ${before?.brokers} brokers from port ${before?.port} on: run "npm run engines -- stop" first`)
    const runtime = { java: javaPath(), jars: await kafkaJars(this.say), after: 'runs on' } as const
    const cluster = this.#cluster(shape, runtime)
    for (const { isAlive, plan, id } of cluster.brokers) {
      const own = plan.ports[id - 1]
      if (!isAlive && own !== undefined) requireFree('Kafka', '--kafka-port', Object.values(own))
    }
    this.#write(this.#kafkaFile, shape)
    const many = `Kafka, ${shape.brokers === 1 ? 'one broker' : `${shape.brokers} brokers`}`
    if (cluster.isAlive) this.say(`${many}: runs already`)
    else await withProgress(`${many}: starting`, this.say, () => cluster.start())
    return cluster
  }

  async startPostgres(shape: PostgresShape): Promise<PostgresServer> {
    const before = this.#read(this.#postgresFile, postgresShape)
    if (before?.port !== shape.port && this.postgres()?.isAlive === true)
      throw new EngineError(`Postgres runs on port ${before?.port}: run "npm run engines -- stop" first`)
    const server = this.#server(shape)
    if (server.isAlive) {
      this.say('Postgres: runs already')
      return server
    }
    requireFree('Postgres', '--postgres-port', [shape.port])
    this.#write(this.#postgresFile, shape)
    await withProgress('Postgres: starting', this.say, async () => {
      await server.start()
      await server.ensureDatabase(database)
    })
    return server
  }

  /** What was started last, whether it runs or not. */
  kafka(): KafkaCluster | undefined {
    const shape = this.#read(this.#kafkaFile, kafkaShape)
    return shape && this.#cluster(shape, { java: 'java', jars: '', after: 'runs on' })
  }

  postgres(): PostgresServer | undefined {
    const shape = this.#read(this.#postgresFile, postgresShape)
    return shape && this.#server(shape)
  }

  /** Stops all that runs, in order. @returns what it stopped */
  async stop(): Promise<string[]> {
    const brokers = this.kafka()?.brokers.filter(({ isAlive }) => isAlive) ?? []
    const postgres = this.postgres()
    const stopped = [...brokers.map(({ id }) => `Kafka broker ${id}`), ...(postgres?.isAlive === true ? ['Postgres'] : [])]
    await Promise.all([...brokers.map(broker => broker.end('SIGTERM')), postgres?.end('SIGINT')])
    return stopped
  }

  /** Stops all, and forgets what they held. Kafka's programs stay. */
  async reset(): Promise<string[]> {
    const stopped = await this.stop()
    for (const name of ['kafka', 'kafka.json', 'postgres', 'postgres.json'])
      rmSync(join(this.#folder, name), { recursive: true, force: true })
    return stopped
  }

  #cluster({ brokers, port }: KafkaShape, runtime: ConstructorParameters<typeof KafkaCluster>[1]): KafkaCluster {
    const folder = join(this.#folder, 'kafka', `of-${brokers}`)
    const cluster = new KafkaCluster({ folder, ports: portsFrom(port, brokers), security: {} }, runtime)
    cluster.adopt()
    return cluster
  }

  #server({ port }: PostgresShape): PostgresServer {
    const server = new PostgresServer({ folder: join(this.#folder, 'postgres'), port, ...login, after: 'runs on', isHasty: false })
    server.adopt()
    return server
  }

  #read<T extends z.ZodType>(file: string, shape: T): z.output<T> | undefined {
    return existsSync(file) ? shape.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined
  }

  #write(file: string, value: object): void {
    mkdirSync(this.#folder, { recursive: true })
    writeFileSync(file, `${JSON.stringify(value)}\n`)
  }
}

/** Those for clients come first and in a row. */
function portsFrom(first: number, brokers: number): BrokerPorts[] {
  return Array.from({ length: brokers }, (_, index) => ({
    client: first + index,
    internal: first + brokers + index,
    controller: first + 2 * brokers + index,
  }))
}

function requireFree(what: string, flag: string, ports: readonly number[]): void {
  const taken = ports.filter(port => !isFree(port))
  if (taken.length > 0) throw new EngineError(`${what}: port ${taken.join(', ')} is taken by another program; choose another with ${flag}`)
}
