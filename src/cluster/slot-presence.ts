import { isOlder, type PresenceVersion, presenceLeaseMs } from '../hub/index.ts'
import type { Clock, Timer } from '../kit/index.ts'
import type { ClientInfo } from '../protocol/index.ts'
import type { SlotTerm } from './placement/index.ts'
import type { PresenceChange, PresencePart, PresenceTelling, Tracked } from './protocol.ts'

export interface SlotPresenceContext {
  readonly clock: Clock
  slotOf(channel: string): number
  /** The nodes of which each is heard before a list is whole. */
  members(): readonly string[]
  /** Who is in the channel is other than before. */
  changed(channel: string): void
  /** Everybody has told of the slots. */
  completed(slots: ReadonlySet<number>): void
}

interface Entry {
  readonly info: ClientInfo
  /** The node that tells of it. */
  readonly node: string
  readonly version: PresenceVersion
}

/** A slot that this node owns. */
interface OwnedSlot {
  readonly term: number
  readonly channels: Map<string, Map<string, Entry>>
  /** Nodes that have told all that they hold in it. */
  readonly told: Set<string>
  /** By nodes that are telling it: what they have told of before and not again yet. */
  readonly unconfirmed: Map<string, Map<string, Place>>
  isComplete: boolean
  waiting: (() => void)[]
}

interface Place {
  readonly channel: string
  readonly client: string
}

/** Who is in the channels of the slots that this node owns, as all nodes tell it. Nodes that are gone take what they told with them. */
export class SlotPresence {
  readonly #slots = new Map<number, OwnedSlot>()
  /** The newest turn of each node that tells. */
  readonly #turns = new Map<string, number>()
  /** Nodes that are no members any more: what they told lasts for a lease. */
  readonly #leases = new Map<string, Timer>()
  readonly #deadlines = new Set<Timer>()
  /** Slots that were completed in this tick. */
  #completed = new Set<number>()

  constructor(readonly context: SlotPresenceContext) {}

  gained(slots: readonly SlotTerm[]): void {
    for (const { slot, term } of slots) {
      this.#forget(slot)
      this.#slots.set(slot, { term, channels: new Map(), told: new Set(), unconfirmed: new Map(), isComplete: false, waiting: [] })
    }
    // Who has not been heard by then counts as gone.
    const deadline = this.context.clock.after(presenceLeaseMs, () => {
      this.#deadlines.delete(deadline)
      for (const { slot, term } of slots) if (this.#slots.get(slot)?.term === term) this.#complete(slot)
    })
    this.#deadlines.add(deadline)
  }

  lost(slots: readonly SlotTerm[]): void {
    for (const { slot } of slots) this.#forget(slot)
  }

  /** Members are others than before. */
  review(): void {
    const members = new Set(this.context.members())
    for (const node of members) {
      this.#leases.get(node)?.cancel()
      this.#leases.delete(node)
    }
    for (const node of this.#turns.keys()) {
      if (members.has(node) || this.#leases.has(node)) continue
      this.#leases.set(
        node,
        this.context.clock.after(presenceLeaseMs, () => this.#gone(node)),
      )
    }
    for (const slot of this.#slots.keys()) this.#check(slot)
  }

  /** @returns the slots of which the node must tell anew: this node does not own them in that term, or has not been told all of them */
  tell({ node, turn, empty, parts, changes, isEnd }: PresenceTelling): number[] {
    if (turn < (this.#turns.get(node) ?? 0)) return []
    this.#turns.set(node, turn)
    if (isEnd) {
      this.#gone(node)
      return []
    }
    const again = new Set<number>()
    for (const change of changes) if (!this.#change(node, change)) again.add(this.context.slotOf(change.channel))
    for (const [slot, term] of empty) if (!this.#tellPart(node, { slot, term, isFirst: true, isLast: true, entries: [] })) again.add(slot)
    for (const part of parts) if (!this.#tellPart(node, part)) again.add(part.slot)
    for (const [slot, { told, unconfirmed }] of this.#slots) if (!told.has(node) && !unconfirmed.has(node)) again.add(slot)
    return [...again]
  }

  /** Resolves when everybody has told of the channel's slot. */
  async completed(channel: string): Promise<void> {
    const owned = this.#slots.get(this.context.slotOf(channel))
    if (owned === undefined || owned.isComplete) return
    await new Promise<void>(resolve => owned.waiting.push(resolve))
  }

  /** Whether this node owns the channel and knows all who are in it. */
  isComplete(channel: string): boolean {
    return this.#slots.get(this.context.slotOf(channel))?.isComplete === true
  }

  infos(channel: string): ClientInfo[] {
    const entries = this.#slots.get(this.context.slotOf(channel))?.channels.get(channel)
    return [...(entries?.values() ?? [])].map(({ info }) => info)
  }

  /** The channels of a slot that somebody is in. */
  channelsIn(slot: number): Iterable<string> {
    return this.#slots.get(slot)?.channels.keys() ?? []
  }

  close(): void {
    for (const slot of [...this.#slots.keys()]) this.#forget(slot)
    for (const timer of [...this.#leases.values(), ...this.#deadlines]) timer.cancel()
    this.#leases.clear()
    this.#deadlines.clear()
  }

  #forget(slot: number): void {
    const owned = this.#slots.get(slot)
    this.#slots.delete(slot)
    for (const resolve of owned?.waiting ?? []) resolve()
  }

  #change(node: string, change: PresenceChange): boolean {
    const owned = this.#slots.get(this.context.slotOf(change.channel))
    const unconfirmed = owned?.unconfirmed.get(node)
    if (owned === undefined || (unconfirmed === undefined && !owned.told.has(node))) return false
    unconfirmed?.delete(keyOf(change.channel, change.kind === 'track' ? change.info.client : change.client))
    if (change.kind === 'track') this.#track(owned, node, change)
    else this.#untrack(owned, node, change.channel, change.client)
    return true
  }

  #tellPart(node: string, { slot, term, isFirst, isLast, entries }: PresencePart): boolean {
    const owned = this.#slots.get(slot)
    if (owned === undefined || owned.term !== term) return false
    if (isFirst) owned.unconfirmed.set(node, this.#toldBy(owned, node))
    const unconfirmed = owned.unconfirmed.get(node)
    if (unconfirmed === undefined) return false
    for (const entry of entries) {
      unconfirmed.delete(keyOf(entry.channel, entry.info.client))
      this.#track(owned, node, entry)
    }
    if (!isLast) return true
    owned.unconfirmed.delete(node)
    for (const { channel, client } of unconfirmed.values()) this.#untrack(owned, node, channel, client)
    owned.told.add(node)
    this.#check(slot)
    return true
  }

  #toldBy({ channels }: OwnedSlot, node: string): Map<string, Place> {
    const places = new Map<string, Place>()
    for (const [channel, entries] of channels)
      for (const [client, entry] of entries) if (entry.node === node) places.set(keyOf(channel, client), { channel, client })
    return places
  }

  #track({ channels }: OwnedSlot, node: string, { channel, info, version }: Tracked): void {
    const entries = channels.get(channel) ?? new Map<string, Entry>()
    channels.set(channel, entries)
    const known = entries.get(info.client)
    if (known !== undefined && isOlder(version, known.version)) return
    entries.set(info.client, { info, node, version })
    if (known === undefined) this.context.changed(channel)
  }

  /** Only what the node itself told last: the client may be on another one by now. */
  #untrack({ channels }: OwnedSlot, node: string, channel: string, client: string): void {
    const entries = channels.get(channel)
    if (entries?.get(client)?.node !== node) return
    entries.delete(client)
    if (entries.size === 0) channels.delete(channel)
    this.context.changed(channel)
  }

  #gone(node: string): void {
    this.#leases.get(node)?.cancel()
    this.#leases.delete(node)
    this.#turns.delete(node)
    for (const owned of this.#slots.values()) {
      owned.told.delete(node)
      owned.unconfirmed.delete(node)
      for (const { channel, client } of this.#toldBy(owned, node).values()) this.#untrack(owned, node, channel, client)
    }
  }

  #check(slot: number): void {
    const owned = this.#slots.get(slot)
    if (owned === undefined || owned.isComplete || !this.context.members().every(node => owned.told.has(node))) return
    this.#complete(slot)
  }

  #complete(slot: number): void {
    const owned = this.#slots.get(slot)
    if (owned === undefined || owned.isComplete) return
    owned.isComplete = true
    for (const resolve of owned.waiting.splice(0)) resolve()
    if (this.#completed.size === 0) {
      this.context.clock.soon(() => {
        const slots = this.#completed
        this.#completed = new Set()
        this.context.completed(slots)
      })
    }
    this.#completed.add(slot)
  }
}

function keyOf(channel: string, client: string): string {
  return `${client}\n${channel}`
}
