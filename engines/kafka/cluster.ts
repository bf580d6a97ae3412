import { join } from 'node:path'
import { KafkaBroker, type KafkaRuntime } from './broker.ts'
import { KafkaProbe } from './probe.ts'
import type { KafkaSecurity } from './security.ts'
import type { BrokerPorts, Door } from './settings.ts'

export interface ClusterPlan {
  /** Holds a folder for each broker. */
  readonly folder: string
  readonly ports: readonly BrokerPorts[]
  readonly security: KafkaSecurity
  /** Further ways in, of each broker in the order of their ids. */
  readonly doors?: readonly (readonly Door[])[]
}

/** Brokers that form a cluster, each of which can be killed, frozen and started again by its id (from 1). */
export class KafkaCluster {
  readonly brokers: readonly KafkaBroker[]
  readonly probe: KafkaProbe

  constructor(
    readonly plan: ClusterPlan,
    runtime: KafkaRuntime,
  ) {
    const { folder, ports, security, doors } = plan
    this.brokers = ports.map(
      (_, index) =>
        new KafkaBroker({ id: index + 1, ports, folder: join(folder, `${index + 1}`), security, doors: doors?.[index] ?? [] }, runtime),
    )
    this.probe = new KafkaProbe(
      ports.map(({ internal }) => `127.0.0.1:${internal}`),
      () => {
        for (const broker of this.brokers) broker.requireAlive()
      },
    )
  }

  /** `host:port` of each broker, for clients. */
  get addresses(): string[] {
    return this.plan.ports.map(({ client }) => `127.0.0.1:${client}`)
  }

  /** As configured: `kafka://…`, or `kafkas://…` by TLS. */
  get url(): string {
    return `${this.plan.security.tls === undefined ? 'kafka' : 'kafkas'}://${this.addresses.join(',')}`
  }

  /** Takes over what was started in its folder before. */
  adopt(): void {
    for (const broker of this.brokers) broker.adopt()
  }

  get isAlive(): boolean {
    return this.brokers.every(({ isAlive }) => isAlive)
  }

  /** Starts all that do not run, and waits until the cluster can be written to. */
  async start(): Promise<void> {
    await Promise.all(this.brokers.filter(({ isAlive }) => !isAlive).map(broker => broker.start()))
    await this.probe.ready()
  }

  broker(id: number): KafkaBroker {
    const broker = this.brokers[id - 1]
    if (broker === undefined) throw new RangeError(`there is no broker ${id}`)
    return broker
  }

  /** Ends a broker at once, without a word to the others. */
  async kill(id: number): Promise<void> {
    await this.broker(id).end('SIGKILL')
  }

  /** A broker keeps its connections and does nothing more, until it goes on. */
  freeze(id: number): void {
    this.broker(id).signal('SIGSTOP')
  }

  thaw(id: number): void {
    this.broker(id).signal('SIGCONT')
  }

  /** Starts a broker again, in order where it runs, and waits until it has what it missed. */
  async restart(id: number): Promise<void> {
    await this.broker(id).end('SIGTERM')
    await this.broker(id).start()
    await this.probe.inSync(id)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await Promise.all(this.brokers.map(broker => broker.end(signal)))
  }
}
