import { isOlder, type PresenceVersion, presenceLeaseMs } from '../hub/index.ts'
import { backoffMs, type Clock, every, type Random, type Timer } from '../kit/index.ts'
import type { ClientInfo } from '../protocol/index.ts'
import type { Lease } from './placement/index.ts'
import type { PresenceChange, PresencePart, PresenceTelling, Tracked } from './protocol.ts'

export interface PresenceTellerContext {
  readonly clock: Clock
  readonly random: Random
  /** This node. */
  readonly node: string
  readonly slots: number
  slotOf(channel: string): number
  leaseOf(slot: number): Lease | undefined
  /** Tells a node, which may be this one. @returns the slots that must be told anew */
  tell(node: string, telling: PresenceTelling): Promise<readonly number[]>
}

interface Held extends Tracked {
  /** The link to a node below that it came over; '' where the client is here. */
  readonly owner: string
}

/** Entries of one telling. */
const entriesMax = 500
/** Changes that wait for one node. Beyond, it is told all that is held anew. */
const changesMax = 10_000
/** How often a node that has nothing to tell asks whether it has told all. */
const beatMs = 1000
const retry = { baseMs: 50, capMs: 2000 } as const
const local = ''

/**
 * Who is on this node and below it, told to the owners of the channels' slots: all of a slot when it has a new owner, and every change from
 * then on. What could not be told is told again as a whole, so that nothing said before counts any more.
 */
export class PresenceTeller {
  /** By slot, and by channel and client. */
  readonly #held = new Map<number, Map<string, Held>>()
  /** Links to nodes below that have ended: what came over them lasts a while. */
  readonly #leases = new Map<string, Timer>()
  readonly #listeners = new Map<string, Listener>()
  #turns = 0
  #isClosed = false

  constructor(readonly context: PresenceTellerContext) {}

  track(channel: string, info: ClientInfo, owner = local, version: PresenceVersion = []): void {
    const slot = this.context.slotOf(channel)
    const held = this.#held.get(slot) ?? new Map<string, Held>()
    this.#held.set(slot, held)
    const key = keyOf(channel, info.client)
    const known = held.get(key)
    if (known !== undefined && isOlder(version, known.version)) return
    const entry = { channel, info, owner, version }
    held.set(key, entry)
    this.#listenerOf(slot)?.changed(slot, { kind: 'track', channel, info, version })
  }

  untrack(channel: string, client: string, owner = local): void {
    const slot = this.context.slotOf(channel)
    const held = this.#held.get(slot)
    const key = keyOf(channel, client)
    if (held?.get(key)?.owner !== owner) return
    held.delete(key)
    if (held.size === 0) this.#held.delete(slot)
    this.#listenerOf(slot)?.changed(slot, { kind: 'untrack', channel, client })
  }

  /** The link is away: what came over it lasts for a lease from now on. */
  renew(owner: string): void {
    this.#leases.get(owner)?.cancel()
    this.#leases.set(
      owner,
      this.context.clock.after(presenceLeaseMs, () => this.drop(owner)),
    )
  }

  drop(owner: string): void {
    this.#leases.get(owner)?.cancel()
    this.#leases.delete(owner)
    for (const held of [...this.#held.values()])
      for (const entry of [...held.values()]) if (entry.owner === owner) this.untrack(entry.channel, entry.info.client, owner)
  }

  /** Owners may be others than before. */
  review(): void {
    if (this.#isClosed) return
    for (let slot = 0; slot < this.context.slots; slot++) {
      const lease = this.context.leaseOf(slot)
      for (const [node, listener] of this.#listeners) if (node !== lease?.owner) listener.forget(slot)
      if (lease === undefined || lease.owner === '') continue
      const listener = this.#listeners.get(lease.owner) ?? new Listener(lease.owner, this)
      this.#listeners.set(lease.owner, listener)
      listener.owns(lease)
    }
    for (const [node, listener] of this.#listeners) {
      if (!listener.isIdle) continue
      listener.end()
      this.#listeners.delete(node)
    }
  }

  /** Grows, whoever is told. */
  nextTurn(): number {
    return ++this.#turns
  }

  /** All of a slot. */
  heldIn(slot: number): Held[] {
    return [...(this.#held.get(slot)?.values() ?? [])]
  }

  /** Whether it is still as it was then. */
  isHeld(slot: number, entry: Held): boolean {
    return this.#held.get(slot)?.get(keyOf(entry.channel, entry.info.client)) === entry
  }

  /** The node ends, and with it all that it holds. Resolves when all have been told, or cannot be. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const lease of this.#leases.values()) lease.cancel()
    this.#leases.clear()
    this.#held.clear()
    await Promise.all([...this.#listeners.values()].map(listener => listener.close()))
  }

  #listenerOf(slot: number): Listener | undefined {
    const lease = this.context.leaseOf(slot)
    return lease === undefined ? undefined : this.#listeners.get(lease.owner)
  }
}

/** An owner of slots, and what it has been told. */
class Listener {
  /** By slot, the term under which it is to be told of it. */
  readonly #untold = new Map<number, number>()
  readonly #told = new Map<number, number>()
  #changes: { readonly slot: number; readonly change: PresenceChange }[] = []
  /** What is left of a slot that is being told. */
  #rest: { readonly slot: number; readonly term: number; readonly entries: readonly Held[] } | undefined
  /** Another one whenever what was said before may not have arrived. */
  #turn: number
  #failures = 0
  #isTelling = false
  #isClosed = false
  readonly #beats: Timer

  constructor(
    readonly node: string,
    readonly teller: PresenceTeller,
  ) {
    this.#turn = teller.nextTurn()
    this.#beats = every(teller.context.clock, beatMs, () => this.#tellSoon(true))
  }

  /** Whether it owns nothing that this node knows of. */
  get isIdle(): boolean {
    return this.#untold.size === 0 && this.#told.size === 0
  }

  /** It owns the slot, from this term on or still. */
  owns({ slot, term }: Lease): void {
    if (this.#told.get(slot) === term || this.#untold.get(slot) === term) return
    this.#told.delete(slot)
    this.#untold.set(slot, term)
    this.#tellSoon()
  }

  /** It does not own the slot any more. */
  forget(slot: number): void {
    this.#untold.delete(slot)
    this.#told.delete(slot)
  }

  changed(slot: number, change: PresenceChange): void {
    // What is not told yet is told as it is then.
    if (!this.#told.has(slot)) return
    this.#changes.push({ slot, change })
    if (this.#changes.length > changesMax) this.#again()
    this.#tellSoon()
  }

  end(): void {
    this.#isClosed = true
    this.#beats.cancel()
  }

  /** With a last word. */
  async close(): Promise<void> {
    this.end()
    const { context } = this.teller
    await context.tell(this.node, { ...this.#empty(), isEnd: true }).catch(() => undefined)
  }

  /** Everything is to be told again. */
  #again(): void {
    this.#turn = this.teller.nextTurn()
    this.#changes = []
    this.#rest = undefined
    for (const [slot, term] of this.#told) this.#untold.set(slot, term)
    this.#told.clear()
  }

  /** At the end of the tick, so that what belongs together is told at once. */
  #tellSoon(isBeat = false): void {
    if (this.#isTelling || this.#isClosed) return
    this.#isTelling = true
    this.teller.context.clock.soon(() => void this.#tellAll(isBeat))
  }

  async #tellAll(isBeat: boolean): Promise<void> {
    const { context } = this.teller
    for (let isDue = isBeat; !this.#isClosed && (isDue || this.#hasMore); isDue = false) {
      try {
        const again = await context.tell(this.node, this.#next())
        this.#failures = 0
        if (again.length === 0) continue
        for (const slot of again) {
          const term = this.#told.get(slot)
          if (term !== undefined) this.#untold.set(slot, term)
          this.#told.delete(slot)
        }
        if (!this.#hasMore) continue
      } catch {
        this.#again()
      }
      // It knows better who owns what, or this node will soon.
      const { clock, random } = context
      await new Promise<void>(resolve => clock.after(backoffMs(this.#failures++, random, retry), resolve))
    }
    this.#isTelling = false
  }

  get #hasMore(): boolean {
    return this.#untold.size > 0 || this.#changes.length > 0 || this.#rest !== undefined
  }

  #empty(): PresenceTelling {
    return { node: this.teller.context.node, turn: this.#turn, empty: [], parts: [], changes: [], isEnd: false }
  }

  /** Changes first: what they are about was told before. */
  #next(): PresenceTelling {
    const changes = this.#changes.splice(0, entriesMax).flatMap(({ slot, change }) => (this.#told.has(slot) ? [change] : []))
    const telling = { ...this.#empty(), changes, empty: [] as [number, number][], parts: [] as PresencePart[] }
    let room = entriesMax - changes.length
    while (room > 0 && this.#changes.length === 0) {
      const part = this.#nextPart(room)
      if (part === undefined) break
      if (part.isFirst && part.isLast && part.entries.length === 0) telling.empty.push([part.slot, part.term])
      else telling.parts.push(part)
      room -= part.entries.length
    }
    return telling
  }

  /** A slot whose entries do not fit is told in parts; what has changed meanwhile was told before. */
  #nextPart(room: number): PresencePart | undefined {
    if (this.#rest !== undefined && !this.#told.has(this.#rest.slot)) this.#rest = undefined
    const isFirst = this.#rest === undefined
    const rest = this.#rest ?? this.#nextSlot()
    if (rest === undefined) return undefined
    const { slot, term } = rest
    const left = rest.entries.slice(room)
    this.#rest = left.length === 0 ? undefined : { slot, term, entries: left }
    const entries = rest.entries.slice(0, room).filter(entry => this.teller.isHeld(slot, entry))
    return {
      slot,
      term,
      isFirst,
      isLast: left.length === 0,
      entries: entries.map(({ channel, info, version }) => ({ channel, info, version })),
    }
  }

  #nextSlot(): { readonly slot: number; readonly term: number; readonly entries: readonly Held[] } | undefined {
    const [next] = this.#untold
    if (next === undefined) return undefined
    const [slot, term] = next
    this.#untold.delete(slot)
    this.#told.set(slot, term)
    return { slot, term, entries: this.teller.heldIn(slot) }
  }
}

function keyOf(channel: string, client: string): string {
  return `${client}\n${channel}`
}
