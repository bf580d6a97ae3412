import type { DemoFleet } from '../engines/fleet/demo-fleet.ts'
import type { FleetNode } from '../engines/fleet/fleet-node.ts'
import { between, type Random } from '../src/kit/index.ts'
import type { SmallDisk } from './small-disk.ts'

export const faultNames = [
  'node killed',
  'broker killed',
  'node stopped',
  'Postgres restarted',
  'node drained',
  'broker stopped',
  'node cut off Kafka',
  'Postgres killed',
  'node cut off Postgres',
  'broker restarted',
  'Postgres frozen',
  'node cut off the others',
  'node slow',
  'disk full',
] as const

export type FaultName = (typeof faultNames)[number]

/** Something that goes wrong, and then comes right. */
export interface Fault {
  readonly name: FaultName
  /** What it hits. */
  readonly target: string
  /** The nodes that it makes unable to serve, while it lasts. */
  readonly nodes: readonly FleetNode[]
  readonly forMs: number
  strike(): Promise<void>
  /** Done when what was hit runs again. */
  heal(): Promise<void>
}

export interface FaultSurroundings {
  readonly fleet: DemoFleet
  readonly disk: SmallDisk
  readonly random: Random
  /** A topic whose leader is worth hitting. */
  leader(): Promise<number>
}

const seconds = 1_000

export async function makeFault(name: FaultName, surroundings: FaultSurroundings): Promise<Fault> {
  const { fleet, random } = surroundings
  const index = between(random, 0, fleet.nodes.length - 1)
  const node = fleet.nodes[index]
  if (node === undefined) throw new RangeError(`there is no node ${index}`)
  if (name.startsWith('broker')) return brokerFault(name, fleet, await surroundings.leader())
  if (name.startsWith('Postgres')) return postgresFault(name, fleet)
  return nodeFault(name, surroundings, node, index)
}

function nodeFault(name: FaultName, { fleet, disk }: FaultSurroundings, node: FleetNode, index: number): Fault {
  const { network } = fleet
  const fault = (forMs: number, strike: () => unknown, heal: () => unknown, nodes = [node]): Fault => ({
    ...{ name, target: node.name, nodes, forMs },
    strike: async () => void (await strike()),
    heal: async () => {
      await heal()
      await node.ready()
    },
  })
  const healed = () => network.heal(index)
  switch (name) {
    case 'node killed':
      return fault(
        4 * seconds,
        () => node.end('SIGKILL'),
        () => node.launch(),
      )
    case 'node stopped':
      return fault(
        8 * seconds,
        () => node.signal('SIGSTOP'),
        () => node.signal('SIGCONT'),
      )
    case 'node drained':
      return fault(
        1 * seconds,
        () => node.end('SIGTERM'),
        () => node.launch(),
      )
    case 'node cut off Kafka':
      return fault(8 * seconds, () => network.cut(index, 'Kafka'), healed)
    case 'node cut off Postgres':
      return fault(8 * seconds, () => network.cut(index, 'Postgres'), healed)
    case 'node cut off the others':
      return fault(6 * seconds, () => network.cut(index, 'the other nodes'), healed)
    case 'node slow':
      return fault(6 * seconds, () => network.slowDown(index), healed, [])
    default: {
      const first = fleet.nodes[0] ?? node
      return {
        ...fault(
          6 * seconds,
          () => disk.fill(first),
          () => disk.empty(first),
        ),
        target: first.name,
        nodes: [first],
      }
    }
  }
}

function brokerFault(name: FaultName, { kafka }: DemoFleet, id: number): Fault {
  const broker = { name, target: `broker ${id}`, nodes: [] }
  if (name === 'broker stopped')
    return {
      ...broker,
      forMs: 8 * seconds,
      strike: async () => kafka.freeze(id),
      heal: async () => {
        kafka.thaw(id)
        await kafka.probe.inSync(id)
      },
    }
  if (name === 'broker restarted') return { ...broker, forMs: 0, strike: async () => undefined, heal: () => kafka.restart(id) }
  return { ...broker, forMs: 4 * seconds, strike: () => kafka.kill(id), heal: () => kafka.restart(id) }
}

function postgresFault(name: FaultName, { postgres }: DemoFleet): Fault {
  const server = { name, target: 'Postgres', nodes: [] }
  if (name === 'Postgres frozen')
    return { ...server, forMs: 10 * seconds, strike: async () => postgres.freeze(), heal: async () => postgres.thaw() }
  const signal = name === 'Postgres killed' ? 'SIGKILL' : 'SIGINT'
  return { ...server, forMs: 1 * seconds, strike: () => postgres.end(signal), heal: () => postgres.start() }
}
