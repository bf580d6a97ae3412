import type { FleetNetwork, NetworkPlan, NodePlace, Peer } from '../../engines/fleet/network.ts'
import { type Door, freePorts } from '../../engines/index.ts'
import { Line } from './line.ts'

const host = '127.0.0.1'
const slow = { bytesPerSecond: 32 * 1024 }

/** For whoever may not make network namespaces: every way between a node and an engine, and to a node from the others, is a line of this process. */
export class ProxiedNetwork implements FleetNetwork {
  readonly kind = 'TCP proxies'
  readonly postgresAddresses = []

  private constructor(
    readonly doors: readonly (readonly Door[])[],
    readonly places: readonly NodePlace[],
    readonly lines: readonly Readonly<Record<Peer, readonly Line[]>>[],
  ) {}

  static async open({ nodes, kafkaPorts, firstPort, postgresPort }: NetworkPlan): Promise<ProxiedNetwork> {
    const doors: Door[][] = kafkaPorts.map(() => [])
    const places: NodePlace[] = []
    const lines: Record<Peer, Line[]>[] = []
    for (let node = 0; node < nodes; node++) {
      const kafka: Line[] = []
      for (const [broker, port] of freePorts(kafkaPorts.length).entries()) {
        const line = await Line.open({ host, port })
        kafka.push(line)
        doors[broker]?.push({ host, port, advertised: `${host}:${line.port}` })
      }
      const postgres = await Line.open({ host, port: postgresPort })
      const link = await Line.open({ host, port: firstPort + node })
      lines.push({ Kafka: kafka, Postgres: [postgres], 'the other nodes': [link] })
      places.push({
        ...{ host, port: firstPort + node, within: [], kafka: kafka.map(({ port }) => `${host}:${port}`) },
        ...{ postgres: { host, port: postgres.port }, link: `${host}:${link.port}` },
      })
    }
    return new ProxiedNetwork(doors, places, lines)
  }

  async cut(node: number, peer: Peer): Promise<void> {
    for (const line of this.lines[node]?.[peer] ?? []) line.carry('swallowing')
  }

  async slowDown(node: number): Promise<void> {
    for (const line of this.#all(node)) line.carry(slow)
  }

  async heal(node: number): Promise<void> {
    for (const line of this.#all(node)) line.carry('open')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.lines.flatMap((_, node) => this.#all(node)).map(line => line.close()))
  }

  #all(node: number): Line[] {
    return Object.values(this.lines[node] ?? {}).flat()
  }
}
