import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigInput } from '../../src/server/index.ts'
import { enginesFolder } from '../folder.ts'
import { KafkaCluster } from '../kafka/cluster.ts'
import { kafkaJars } from '../kafka/jars.ts'
import { freePorts } from '../ports.ts'
import { PostgresServer } from '../postgres/server.ts'
import { javaPath } from '../programs.ts'
import { type Say, withProgress } from '../progress.ts'
import { FleetNode } from './fleet-node.ts'
import { Haproxy } from './haproxy.ts'
import { type FleetNetwork, type NodePlace, type OpenNetwork, openLoopback } from './network.ts'

export interface FleetOptions {
  /** HAProxy has it, and the nodes those behind it. */
  readonly port: number
  readonly nodes: number
  readonly brokers: 1 | 3
  /** What nodes have besides what makes them a fleet. */
  readonly config: ConfigInput
  /** What lies between them; they are all on loopback where absent. */
  readonly openNetwork?: OpenNetwork
  /** What a node's data folder is on, where that is not the disk of all others. */
  readonly diskOf?: (name: string, folder: string) => NodeDisk | undefined
  readonly say: Say
}

export interface NodeDisk extends Disposable {
  /** What goes before the node's command. */
  readonly within: readonly string[]
}

const portsOfBroker = 3
const database = 'fanfare'
const login = { user: 'fanfare', password: 'fanfare' }

/** Nodes, Kafka, Postgres and HAProxy on this machine, all of which end with the process that started them. */
export class DemoFleet implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly network: FleetNetwork,
    readonly kafka: KafkaCluster,
    readonly postgres: PostgresServer,
    readonly nodes: readonly FleetNode[],
    readonly haproxy: Haproxy,
    readonly disks: readonly NodeDisk[],
  ) {}

  static async start(options: FleetOptions): Promise<DemoFleet> {
    const fleet = await DemoFleet.#make(options)
    try {
      await fleet.#start(options.say)
      return fleet
    } catch (error) {
      await fleet[Symbol.asyncDispose]()
      throw error
    }
  }

  static async #make({
    port,
    nodes,
    brokers,
    config,
    openNetwork = openLoopback,
    diskOf = () => undefined,
    say,
  }: FleetOptions): Promise<DemoFleet> {
    const runtime = { java: javaPath(), jars: await kafkaJars(say), after: 'SIGKILL' } as const
    const folder = makeFolder()
    const [postgresPort = 0, ...free] = freePorts(1 + brokers * portsOfBroker)
    const ports = Array.from({ length: brokers }, (_, index) => {
      const [client = 0, internal = 0, controller = 0] = free.slice(index * portsOfBroker)
      return { client, internal, controller }
    })
    const network = await openNetwork({ nodes, firstPort: port + 1, postgresPort, kafkaPorts: ports.map(({ client }) => client) })
    const kafka = new KafkaCluster({ folder: join(folder, 'kafka'), ports, security: {}, doors: network.doors }, runtime)
    const postgres = new PostgresServer({
      ...{ folder: join(folder, 'postgres'), port: postgresPort, ...login, after: 'SIGQUIT', isHasty: false },
      addresses: network.postgresAddresses,
    })
    const disks: NodeDisk[] = []
    const made = network.places.map((place, index) => {
      const name = `node-${index + 1}`
      const disk = diskOf(name, join(folder, name, 'data'))
      if (disk !== undefined) disks.push(disk)
      const within = [...place.within, ...(disk?.within ?? [])]
      return nodeAt({ ...place, within }, name, folder, config)
    })
    const upstreams = made.map(({ name, plan }) => ({ name, address: `${plan.host}:${plan.port}` }))
    return new DemoFleet(folder, network, kafka, postgres, made, new Haproxy(join(folder, 'haproxy'), port, upstreams), disks)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.haproxy.end()
    await Promise.all(this.nodes.map(node => node.end('SIGTERM')))
    await Promise.all([this.kafka.end('SIGKILL'), this.postgres.end('SIGQUIT')])
    await this.network[Symbol.asyncDispose]()
    for (const disk of this.disks) disk[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #start(say: Say): Promise<void> {
    await withProgress('Kafka and Postgres: starting', say, () =>
      Promise.all([this.kafka.start(), this.postgres.start().then(() => this.postgres.ensureDatabase(database))]),
    )
    await withProgress(`${this.nodes.length} nodes: starting`, say, async () => {
      // The first one makes the tables and topics that all of them use.
      for (const node of this.nodes) await node.start()
    })
    await this.haproxy.start()
  }
}

function nodeAt(place: NodePlace, name: string, parent: string, config: ConfigInput): FleetNode {
  const { host, port, within, kafka, postgres, link } = place
  const store = `postgres://${login.user}:${login.password}@${postgres.host}:${postgres.port}/${database}`
  const node = { ...config.node, address: `ws://${link}` }
  const all = { ...config, broker: `kafka://${kafka.join(',')}`, store, node }
  return new FleetNode({ name, folder: join(parent, name), host, port, within, config: all })
}

function makeFolder(): string {
  const parent = process.env.NODE_ENV === 'test' ? tmpdir() : join(enginesFolder(), 'fleets')
  mkdirSync(parent, { recursive: true, mode: 0o755 })
  const folder = mkdtempSync(join(parent, `fleet-${process.pid}-`))
  chmodSync(folder, 0o755)
  return folder
}
