import type { Door } from '../kafka/settings.ts'

/** From what a node is cut off. */
export type Peer = 'Kafka' | 'Postgres' | 'the other nodes'

/** Where a node is, and the ways that it goes to what it needs. */
export interface NodePlace {
  /** Where it listens, for HAProxy. */
  readonly host: string
  readonly port: number
  /** What goes before its command. */
  readonly within: readonly string[]
  /** `host:port` of each broker. */
  readonly kafka: readonly string[]
  readonly postgres: { readonly host: string; readonly port: number }
  /** `host:port` at which the other nodes link to it. */
  readonly link: string
}

export interface NetworkPlan {
  readonly nodes: number
  /** The port of the first node, where all are on one address. */
  readonly firstPort: number
  readonly postgresPort: number
  /** Of each broker, for clients on loopback. */
  readonly kafkaPorts: readonly number[]
}

/** What lies between nodes and engines. Whatever is done to it is not told to either end. */
export interface FleetNetwork extends AsyncDisposable {
  /** How it is made, for the report. */
  readonly kind: string
  /** Ways in of each broker. */
  readonly doors: readonly (readonly Door[])[]
  /** Further addresses that Postgres listens on. */
  readonly postgresAddresses: readonly string[]
  readonly places: readonly NodePlace[]
  /** Nothing goes between a node (from 0) and a peer any more. */
  cut(node: number, peer: Peer): Promise<void>
  /** What a node sends and gets goes slowly. */
  slowDown(node: number): Promise<void>
  heal(node: number): Promise<void>
}

export type OpenNetwork = (plan: NetworkPlan) => Promise<FleetNetwork>

const host = '127.0.0.1'

/** Everything on loopback, with nothing between that could be cut. */
export async function openLoopback({ nodes, firstPort, postgresPort, kafkaPorts }: NetworkPlan): Promise<FleetNetwork> {
  const nothing = async () => undefined
  const kafka = kafkaPorts.map(port => `${host}:${port}`)
  const places = Array.from({ length: nodes }, (_, node) => {
    const port = firstPort + node
    return { host, port, within: [], kafka, postgres: { host, port: postgresPort }, link: `${host}:${port}` }
  })
  const still = { cut: nothing, slowDown: nothing, heal: nothing, [Symbol.asyncDispose]: nothing }
  return { kind: 'loopback', doors: [], postgresAddresses: [], places, ...still }
}
