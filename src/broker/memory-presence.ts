import {
  type Broker,
  isOlder,
  type Limits,
  type Namespaces,
  type Presence,
  PresenceList,
  type PresenceStats,
  type PresenceVersion,
  presenceLeaseMs,
} from '../hub/index.ts'
import { type Clock, every, type Timer } from '../kit/index.ts'
import type { ClientInfo } from '../protocol/index.ts'

export interface MemoryPresenceOptions {
  readonly clock: Clock
  readonly limits: Limits
  readonly namespaces: Namespaces
}

/** A client in a channel, held by the node whose lease it lives on. */
interface Entry {
  readonly info: ClientInfo
  readonly owner: string
  readonly version: PresenceVersion
}

/** How often leases are looked at. */
const checkMs = 1000

/** The node that the registry lives in needs no lease: they end together. */
const local = ''

/**
 * Who is in each channel. A lease belongs to a node and covers all of its entries, so renewing costs one message per node however many
 * clients it has. Joins and leaves go out at the end of the tick; in a storm they are gathered, and who came and went meanwhile cancels out.
 */
export class MemoryPresence implements Presence {
  readonly #channels = new Map<string, Map<string, Entry>>()
  readonly #leases = new Map<string, number>()
  readonly #changes = new Map<string, Changes>()
  readonly #check: Timer

  constructor(
    readonly options: MemoryPresenceOptions,
    readonly broker: Pick<Broker, 'announce'>,
  ) {
    this.#check = every(options.clock, checkMs, () => this.#expire())
  }

  async track(channel: string, info: ClientInfo, owner = local, version: PresenceVersion = []): Promise<void> {
    const entries = this.#channels.get(channel) ?? new Map<string, Entry>()
    this.#channels.set(channel, entries)
    const known = entries.get(info.client)
    if (known !== undefined && isOlder(version, known.version)) return
    entries.set(info.client, { info, owner, version })
    if (known === undefined) this.#changesOf(channel)?.join(info)
  }

  async untrack(channel: string, client: string, owner = local): Promise<void> {
    this.#remove(channel, client, owner)
  }

  #remove(channel: string, client: string, owner: string): void {
    const entries = this.#channels.get(channel)
    const entry = entries?.get(client)
    if (entries === undefined || entry?.owner !== owner) return
    entries.delete(client)
    if (entries.size === 0) this.#channels.delete(channel)
    this.#changesOf(channel)?.leave(entry.info)
  }

  async list(channel: string, bytesMax = Number.POSITIVE_INFINITY): Promise<ReadonlyMap<string, ClientInfo>> {
    const list = new PresenceList(bytesMax)
    for (const { info } of this.#channels.get(channel)?.values() ?? []) list.add(info)
    return list.clients
  }

  async stats(channel: string): Promise<PresenceStats> {
    const entries = this.#channels.get(channel)
    if (entries === undefined) return { clients: 0, users: 0 }
    return { clients: entries.size, users: new Set([...entries.values()].map(({ info }) => info.user)).size }
  }

  /** Everyone who holds something. */
  owners(): string[] {
    return [...new Set([...this.#channels.values()].flatMap(entries => [...entries.values()].map(({ owner }) => owner)))]
  }

  /** A node says that it and all that it holds are alive. */
  renew(owner: string): void {
    this.#leases.set(owner, this.options.clock.now() + presenceLeaseMs)
  }

  /** Drops everything that a node held, in one turn: what comes after is not touched. */
  async drop(owner: string): Promise<void> {
    this.#leases.delete(owner)
    for (const [channel, entries] of [...this.#channels]) {
      for (const [client, entry] of [...entries]) if (entry.owner === owner) this.#remove(channel, client, owner)
    }
  }

  async close(): Promise<void> {
    this.#check.cancel()
    this.#changes.clear()
  }

  #expire(): void {
    const now = this.options.clock.now()
    for (const [owner, until] of this.#leases) if (until <= now) void this.drop(owner)
  }

  #changesOf(channel: string): Changes | undefined {
    if (!this.options.namespaces.resolve(channel)?.joinLeave) return undefined
    const known = this.#changes.get(channel)
    if (known !== undefined) return known
    const changes = new Changes(this.options, (joined, left) => {
      this.#changes.delete(channel)
      // Leaves first: who leaves and comes again within a batch is in the channel at its end.
      if (left.length > 0) void this.broker.announce(channel, { kind: 'leave', infos: left })
      if (joined.length > 0) void this.broker.announce(channel, { kind: 'join', infos: joined })
    })
    this.#changes.set(channel, changes)
    return changes
  }
}

/** The joins and leaves of one channel between two announcements. */
class Changes {
  readonly #joined = new Map<string, ClientInfo>()
  readonly #left = new Map<string, ClientInfo>()

  constructor(
    { clock, limits }: MemoryPresenceOptions,
    readonly announce: (joined: readonly ClientInfo[], left: readonly ClientInfo[]) => void,
  ) {
    clock.soon(() => {
      if (this.#joined.size + this.#left.size <= limits.joinsPerTickMax) this.#flush()
      else clock.after(limits.joinBatchMs, () => this.#flush())
    })
  }

  join(info: ClientInfo): void {
    this.#joined.set(info.client, info)
  }

  leave(info: ClientInfo): void {
    if (!this.#joined.delete(info.client)) this.#left.set(info.client, info)
  }

  #flush(): void {
    this.announce([...this.#joined.values()], [...this.#left.values()])
  }
}
