import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Door,
  EngineError,
  freePorts,
  hasJars,
  javaPath,
  KafkaCluster,
  Keys,
  kafkaJars,
  type SaslUser,
} from '../../../engines/index.ts'
import { lacks } from '../tools.ts'

/** Another program may take a port between finding and using it. */
const tries = 3
const portsOfBroker = 3

export interface KafkaOptions {
  /** One, or three that keep three copies of everything and need two of them. */
  readonly brokers?: 1 | 3
  /** Clients come by TLS; with `'mutual'` they show a certificate as well. */
  readonly tls?: boolean | 'mutual'
  /** Clients sign in. */
  readonly sasl?: SaslUser
  /** Further ways in, of each broker in the order of their ids: whoever comes by one is sent to what it advertises. */
  readonly doors?: readonly (readonly Door[])[]
}

/** Whether this machine cannot run Kafka; says so for what goes without. */
export function lacksKafka(what: string): boolean {
  return lacks('java', what) || (!hasJars() && lacks('mvn', what))
}

/** A real Kafka of a test file's own, on free ports and in a folder that goes with it. It ends when the process of the test does. */
export class Kafka implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly cluster: KafkaCluster,
    readonly keys: Keys | undefined,
    readonly sasl: SaslUser | undefined,
  ) {}

  /** It can be written to when this is done. */
  static async start(options: KafkaOptions = {}): Promise<Kafka> {
    for (let attempt = 1; ; attempt++) {
      const kafka = await Kafka.#make(options)
      try {
        await kafka.cluster.start()
        return kafka
      } catch (error) {
        await kafka[Symbol.asyncDispose]()
        if (attempt === tries || !(error instanceof EngineError)) throw error
      }
    }
  }

  static async #make({ brokers = 1, tls = false, sasl, doors }: KafkaOptions): Promise<Kafka> {
    const jars = await kafkaJars(console.log)
    const folder = mkdtempSync(join(tmpdir(), 'fanfare-kafka-'))
    // Where root runs tests, brokers run as somebody else, who has to come in.
    chmodSync(folder, 0o755)
    const keys = tls === false ? undefined : Keys.make(join(folder, 'keys'))
    const free = freePorts(brokers * portsOfBroker)
    const ports = Array.from({ length: brokers }, (_, index) => {
      const [client = 0, internal = 0, controller = 0] = free.slice(index * portsOfBroker)
      return { client, internal, controller }
    })
    const security = { tls: keys && { keys, clientAuth: tls === 'mutual' }, sasl }
    const plan = { folder, ports, security, ...(doors === undefined ? {} : { doors }) }
    return new Kafka(folder, new KafkaCluster(plan, { java: javaPath(), jars, after: 'SIGKILL' }), keys, sasl)
  }

  /** For the option `broker`: `kafka://…`, or `kafkas://…` by TLS. */
  get url(): string {
    return this.cluster.url
  }

  /** `host:port` of each broker. */
  get urls(): string[] {
    return this.cluster.addresses
  }

  /** Ends a broker (from 1) at once. */
  kill(broker: number): Promise<void> {
    return this.cluster.kill(broker)
  }

  /** A broker keeps its connections and answers nothing, until it goes on. */
  stop(broker: number): void {
    this.cluster.freeze(broker)
  }

  goOn(broker: number): void {
    this.cluster.thaw(broker)
  }

  /** Starts a broker again, whether it runs or not, and waits until it has what it missed. */
  restart(broker: number): Promise<void> {
    return this.cluster.restart(broker)
  }

  /** The broker that leads a partition. */
  leaderOf(topic: string, partition = 0): Promise<number> {
    return this.cluster.probe.leaderOf(topic, partition)
  }

  async close(): Promise<void> {
    await this.cluster.end('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** A real Kafka for a test file: `beforeAll(async () => { kafka = await startKafka() })`. */
export function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  return Kafka.start(options)
}
