import type { LogRecord, SharedLog } from '../../../src/broker/index.ts'
import {
  type ClusterMember,
  type Fence,
  type LeaseStore,
  MemoryLeaseStore,
  type Placement,
  type SlotTerm,
  type Watching,
} from '../../../src/cluster/index.ts'
import type { BrokerSink, Presence } from '../../../src/hub/index.ts'
import { Publication } from '../../../src/protocol/index.ts'
import type { Mutant } from '../../core/workload.ts'
import type { Garble } from './links.ts'

/** A fleet of which one part is broken on purpose. */
export interface FleetMutant extends Mutant {
  /** The log of channels as a node has it. */
  log(log: SharedLog, node: string): SharedLog
  /** What a node has in place of the part that takes what its broker has read. */
  deliver(sink: BrokerSink, node: string): Partial<Pick<BrokerSink, 'deliver'>>
  store(store: MemoryLeaseStore): LeaseStore & Fence
  readonly garble: Garble
  /** Breaks the presence of a node. */
  presence(presence: Presence, node: string): void
}

export const intact: FleetMutant = {
  name: 'nothing',
  topology: 'fleet',
  log: log => log,
  deliver: () => ({}),
  store: store => store,
  garble: text => text,
  presence: () => undefined,
}

const every = 7

/** One node does not get every seventh record. */
const drops: FleetMutant = {
  ...intact,
  name: 'reads a log that drops records on one node',
  log: (log, node) => (node === 'n0' ? dropping(log) : log),
}

/** One node's broker says of nothing what came before it, and loses some: a feed cannot tell. */
const ignoresAfter: FleetMutant = {
  ...intact,
  name: 'ignores on one node what came before a publication',
  deliver: (sink, node) => (node === 'n1' ? forgetting(sink) : {}),
}

/** Gives every owner the same term. */
const doubleOwners: FleetMutant = { ...intact, name: 'has leases that let two own', store: store => new Termless(store) }

/** Lets whoever once owned a slot go on writing. */
const noFence: FleetMutant = { ...intact, name: 'has no fence for what a former owner writes', store: ({ clock }) => new OpenFence(clock) }

/** Answers the next question as well with each answer. */
const answersTwice: FleetMutant = { ...intact, name: 'has links that answer twice', garble: repeatAnswers }

/** One node never says who has left. */
const keepsGhosts: FleetMutant = {
  ...intact,
  name: 'keeps on one node who has left',
  presence: (presence, node) => {
    if (node === 'n2') Object.assign(presence, { untrack: async () => undefined })
  },
}

/** One node goes on telling whoever owned a channel at first. */
const tellsFormer: FleetMutant = {
  ...intact,
  name: 'tells on one node no new owner who is there',
  presence: (presence, node) => {
    if (node === 'n1') Object.assign(presence, { moved: () => undefined })
  },
}

export const fleetMutants: readonly FleetMutant[] = [drops, ignoresAfter, doubleOwners, noFence, answersTwice, keepsGhosts, tellsFormer]

/** A tree whose links are broken on purpose. */
export interface LinkMutant extends Mutant {
  readonly garble: Garble
}

export const linkMutants: readonly LinkMutant[] = [{ name: 'has links that answer twice', topology: 'tree', garble: repeatAnswers }]

function dropping(log: SharedLog): SharedLog {
  const isKept = ({ offset }: LogRecord) => offset % every !== 0
  return {
    partitions: log.partitions,
    append: (partition, entries) => log.append(partition, entries),
    bounds: partition => log.bounds(partition),
    offsetAt: (partition, timeMs) => log.offsetAt(partition, timeMs),
    slice: (partition, after, limits) => log.slice(partition, after, limits),
    silentMs: () => log.silentMs(),
    read: (partition, after, reader) =>
      log.read(partition, after, {
        take: (records, readTo) => reader.take(records.filter(isKept), readTo),
        missed: upTo => reader.missed(upTo),
        restarted: bounds => reader.restarted(bounds),
      }),
  }
}

function forgetting(sink: BrokerSink): Pick<BrokerSink, 'deliver'> {
  const deliver = sink.deliver.bind(sink)
  let count = 0
  return {
    deliver(channel, message) {
      if (message.kind !== 'publication' || message.publication.offset === 0) return deliver(channel, message)
      if (++count % every === 0) return
      const { publication } = message
      deliver(channel, { ...message, publication: new Publication({ ...publication.fields(), offset: publication.offset, after: 0 }) })
    },
  }
}

/** Every owner has the same term, so that a former one passes for the present. */
class Termless implements LeaseStore, Fence {
  constructor(readonly inner: MemoryLeaseStore) {}

  renew(member: ClusterMember, ttlMs: number): Promise<void> {
    return this.inner.renew(member, ttlMs)
  }

  leave(node: string): Promise<void> {
    return this.inner.leave(node)
  }

  async read(): Promise<Placement> {
    const { members, leases } = await this.inner.read()
    return { members, leases: leases.map(lease => ({ ...lease, term: 1 })) }
  }

  async take(node: string, slots: readonly SlotTerm[]): Promise<readonly SlotTerm[]> {
    const { leases } = await this.inner.read()
    const terms = new Map(leases.map(({ slot, term }) => [slot, term]))
    const taken = await this.inner.take(
      node,
      slots.map(({ slot }) => ({ slot, term: terms.get(slot) ?? 0 })),
    )
    return taken.map(({ slot }) => ({ slot, term: 1 }))
  }

  async release(): Promise<void> {}

  watch(node: string, changed: () => void): Watching {
    return this.inner.watch(node, changed)
  }

  fenced<T>(_: SlotTerm, write: () => T): T {
    return write()
  }
}

class OpenFence extends MemoryLeaseStore {
  override fenced<T>(_: SlotTerm, write: () => T): T {
    return write()
  }
}

function repeatAnswers(text: string): string {
  const lines = text.split('\n').flatMap(line => {
    if (!line.startsWith('["r",')) return [line]
    const [kind, id, ...rest]: [string, number, ...unknown[]] = JSON.parse(line)
    return [line, JSON.stringify([kind, id + 1, ...rest])]
  })
  return lines.join('\n')
}
