import { type Clock, SteadyTime, type Timer, within } from '../../kit/index.ts'
import type { ClusterMember, LeaseStore, Placement, SlotTerm } from './lease-store.ts'
import { placeSlots, slotCount } from './slots.ts'

export interface LeasesOptions {
  readonly clock: Clock
  readonly store: LeaseStore
  /** This node. */
  readonly member: ClusterMember
  readonly slots?: number
  /** How long a node that is not heard of counts as alive. */
  readonly ttlMs?: number
}

export interface LeasesEvents {
  /** This node owns the slots from now on, under these terms. */
  gained(slots: readonly SlotTerm[]): void
  /** It does not any more. What it still does for them is fenced off. */
  lost(slots: readonly SlotTerm[]): void
  /** Members or owners are others than before. */
  moved(): void
  /** The store did not answer: nothing is known to have changed. */
  failed(error: unknown): void
}

/** The time within which an owner that died is replaced is this and a renewal. */
const ttlDefaultMs = 1500
/** Renewals within the time to live, and the part of it that each may take: one may be lost. */
const renewals = 3
/** The part of its time to live for which a node trusts its own clock: clocks of two machines may run apart by far less. */
const guardShare = 0.9

const nowhere: Placement = { members: [], leases: [] }

/**
 * The slots that a node owns. It renews one row, takes the slots that the members' placement gives it once their owners are gone, and
 * gives back those that belong to another. It stops to own anything by its own clock before the store may give it to others.
 */
export class Leases {
  readonly #held = new Map<number, number>()
  readonly #slots: number
  readonly #ttlMs: number
  readonly #time: SteadyTime
  #placement = nowhere
  #owners = new Map<number, string>()
  #guardedUntil = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #guard: Timer | undefined
  #round: Promise<void> | undefined
  #isClosed = false

  constructor(
    readonly options: LeasesOptions,
    readonly events: LeasesEvents,
  ) {
    this.#slots = options.slots ?? slotCount
    this.#ttlMs = options.ttlMs ?? ttlDefaultMs
    this.#time = new SteadyTime(options.clock)
  }

  /** Joins the members. Resolves after the first round, in which free slots are taken. */
  begin(): Promise<void> {
    return this.#beat()
  }

  /** The members as last read. */
  get members(): readonly ClusterMember[] {
    return this.#placement.members
  }

  /** Whether this node counts as alive, by its own clock. */
  get isMember(): boolean {
    return this.#isGuarded
  }

  /** The term under which this node owns the slot; undefined where it does not, or cannot be sure. */
  termOf(slot: number): number | undefined {
    return this.#isGuarded ? this.#held.get(slot) : undefined
  }

  get held(): readonly SlotTerm[] {
    return this.#isGuarded ? [...this.#held].map(([slot, term]) => ({ slot, term })) : []
  }

  /** The owner of the slot when the store was last read; undefined if it had none. */
  ownerOf(slot: number): ClusterMember | undefined {
    const owner = this.#owners.get(slot)
    return this.members.find(({ node }) => node === owner)
  }

  /** Reads the store and acts on it; who asks while that is under way waits for the same. */
  refresh(): Promise<void> {
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined
    })
    return this.#round
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#round?.catch(() => undefined)
    this.#drop([...this.#held.keys()])
    this.#guard?.cancel()
    await this.#asked(this.options.store.leave(this.options.member.node)).catch((error: unknown) => this.events.failed(error))
  }

  get #isGuarded(): boolean {
    return this.#time.now() < this.#guardedUntil
  }

  async #beat(): Promise<void> {
    if (this.#isClosed) return
    this.#timer = this.options.clock.after(this.#ttlMs / renewals, () => void this.#beat())
    await this.refresh().catch((error: unknown) => this.events.failed(error))
  }

  async #run(): Promise<void> {
    const { store, member } = this.options
    // Counted from before the question: the store's time to live begins at some moment after it.
    const askedAt = this.#time.now()
    await this.#asked(store.renew(member, this.#ttlMs))
    this.#guardUntil(askedAt + this.#ttlMs * guardShare)
    const placement = await this.#asked(store.read())
    this.#learn(placement)
    const desired = placeSlots(
      placement.members.map(({ node }) => node),
      this.#slots,
    )
    await this.#giveBack(desired)
    await this.#take(desired)
  }

  #asked<T>(question: Promise<T>): Promise<T> {
    const { clock } = this.options
    return within(clock, this.#ttlMs / renewals, question, () => new Error('the lease store does not answer'))
  }

  /** Beyond that moment another node may have what this one had. Where that has passed already, all of it is in doubt until it was read. */
  #guardUntil(until: number): void {
    if (!this.#isGuarded) this.#drop([...this.#held.keys()])
    this.#guardedUntil = until
    this.#guard?.cancel()
    // By the time as well as by a timer: a clock may be set back, and a process may stand still.
    this.#guard = this.options.clock.after(until - this.#time.now(), () => {
      if (this.#guardedUntil !== until) return
      this.#guardedUntil = Number.NEGATIVE_INFINITY
      this.#drop([...this.#held.keys()])
    })
  }

  #learn(placement: Placement): void {
    const owners = new Map(placement.leases.map(({ slot, owner }) => [slot, owner]))
    const hasMoved =
      placement.members.length !== this.members.length ||
      placement.members.some(({ node }, index) => node !== this.members[index]?.node) ||
      placement.leases.some(({ slot, owner }) => this.#owners.get(slot) !== owner)
    this.#placement = placement
    this.#owners = owners
    const { node } = this.options.member
    const terms = new Map(placement.leases.flatMap(({ slot, owner, term }) => (owner === node ? [[slot, term]] : [])))
    this.#drop([...this.#held].flatMap(([slot, term]) => (terms.get(slot) === term ? [] : [slot])))
    this.#gain([...terms].flatMap(([slot, term]) => (this.#held.has(slot) ? [] : [{ slot, term }])))
    if (hasMoved) this.events.moved()
  }

  async #giveBack(desired: readonly (string | undefined)[]): Promise<void> {
    const { store, member } = this.options
    const others = [...this.#held].flatMap(([slot, term]) => (desired[slot] === member.node ? [] : [{ slot, term }]))
    if (others.length === 0) return
    this.#drop(others.map(({ slot }) => slot))
    await this.#asked(store.release(member.node, others))
    for (const { slot } of others) this.#owners.set(slot, '')
  }

  async #take(desired: readonly (string | undefined)[]): Promise<void> {
    const { store, member } = this.options
    if (this.#isClosed) return
    const alive = new Set(this.members.map(({ node }) => node))
    const leases = new Map(this.#placement.leases.map(lease => [lease.slot, lease]))
    const free = desired.flatMap((owner, slot) => {
      const lease = leases.get(slot)
      if (owner !== member.node || this.#held.has(slot) || (lease !== undefined && alive.has(lease.owner))) return []
      return [{ slot, term: lease?.term ?? 0 }]
    })
    if (free.length === 0) return
    const taken = await this.#asked(store.take(member.node, free))
    for (const { slot } of taken) this.#owners.set(slot, member.node)
    if (taken.length > 0) this.events.moved()
    this.#gain(taken)
  }

  #gain(slots: readonly SlotTerm[]): void {
    if (slots.length === 0 || this.#isClosed) return
    for (const { slot, term } of slots) this.#held.set(slot, term)
    this.events.gained(slots)
  }

  #drop(slots: readonly number[]): void {
    const dropped = slots.flatMap(slot => {
      const term = this.#held.get(slot)
      this.#held.delete(slot)
      return term === undefined ? [] : [{ slot, term }]
    })
    if (dropped.length > 0) this.events.lost(dropped)
  }
}
