import { type Clock, SteadyTime, type Timer, within } from '../../kit/index.ts'
import type { ClusterMember, Lease, LeaseStore, Placement, SlotTerm, Watching } from './lease-store.ts'
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
  /**
   * It does not own them any more: nothing is begun for them, and what it still does for them is fenced off once another has them. Where it
   * gives them back in order, what is under way for them is waited for, as long as `handOverMs`: until the promise resolves.
   */
  lost(slots: readonly SlotTerm[]): void | Promise<void>
  /** Members or owners are others than before. */
  moved(): void
  /** The store did not answer: nothing is known to have changed. */
  failed(error: unknown): void
}

/** The time within which an owner that died is replaced is this and a little. */
export const ttlDefaultMs = 1500
/** How long slots are kept for what is under way when they are given back in order. */
export const handOverMs = 200
/** Renewals within the time to live, and the part of it that each may take: one may be lost. */
const renewals = 3
/** The part of its time to live for which a node trusts its own clock: clocks of two machines may run apart by far less. */
const guardShare = 0.9
/** A member whose time is over is looked for this much later, and what could not be taken is tried again after as long. */
const soonMs = 25

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
  readonly #awaiting = new Set<(isLate: boolean) => void>()
  #desired: { readonly of: string; readonly owners: readonly (string | undefined)[] } = { of: '', owners: [] }
  #placement = nowhere
  #leases = new Map<number, Lease>()
  #guardedUntil = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #soon: Timer | undefined
  #guard: Timer | undefined
  #watching: Watching | undefined
  #round: Promise<void> | undefined
  /** Something has changed since the round under way began. */
  #isStale = false
  #isDraining = false
  #draining: Promise<void> | undefined
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
    const { clock, store, member } = this.options
    // On this node's own clock: one that stands still does nothing.
    this.#watching = store.watch(member.node, () => clock.soon(() => this.#changed()))
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
    const owner = this.#leases.get(slot)?.owner
    return this.members.find(({ node }) => node === owner)
  }

  /** The lease of the slot when the store was last read; undefined where nobody ever had it. */
  leaseOf(slot: number): Lease | undefined {
    return this.#leases.get(slot)
  }

  /** Reads the store as it is from now on, and acts on it. A round under way may have read it before. */
  async refresh(): Promise<void> {
    await this.atRest()
    await this.#turn()
  }

  /** Resolves when the slot has an owner, as far as this node knows, or after so long. */
  settled(slot: number, ms: number): Promise<void> {
    if (this.#isOwned(slot)) return Promise.resolve()
    return new Promise(resolve => {
      const look = (isLate: boolean) => {
        if (!isLate && !this.#isOwned(slot)) return
        this.#awaiting.delete(look)
        timer.cancel()
        resolve()
      }
      const timer = this.options.clock.after(ms, () => look(true))
      this.#awaiting.add(look)
    })
  }

  /** Resolves when nothing is being taken or given back, at once where nothing is. */
  async atRest(): Promise<void> {
    await this.#round?.catch(() => undefined)
  }

  /** Gives its slots to others, if there are any, and takes none any more. It stays a member. */
  drain(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#isDraining = true
    this.#draining ??= this.refresh().catch((error: unknown) => this.events.failed(error))
    return this.#draining
  }

  /** Gives everything back, and is no member any more. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
    this.#soon?.cancel()
    this.#watching?.close()
    await this.#round?.catch(() => undefined)
    await this.#end([...this.#held.keys()])
    this.#guard?.cancel()
    await this.#asked(this.options.store.leave(this.options.member.node)).catch((error: unknown) => this.events.failed(error))
  }

  get #isGuarded(): boolean {
    return this.#time.now() < this.#guardedUntil
  }

  async #beat(): Promise<void> {
    if (this.#isClosed) return
    this.#timer = this.options.clock.after(this.#ttlMs / renewals, () => void this.#beat())
    await this.#turn().catch((error: unknown) => this.events.failed(error))
  }

  /** A round, or the one that is under way. */
  #turn(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined
      if (!this.#isStale) return
      this.#isStale = false
      this.#changed()
    })
    return this.#round
  }

  #isOwned(slot: number): boolean {
    const owner = this.ownerOf(slot)?.node
    return this.termOf(slot) !== undefined || (owner !== undefined && owner !== this.options.member.node)
  }

  #changed(): void {
    if (this.#isClosed) return
    if (this.#round !== undefined) this.#isStale = true
    else this.#turn().catch((error: unknown) => this.events.failed(error))
  }

  /** Looks again after so long, if that is before the next beat. */
  #lookIn(ms: number): void {
    this.#soon?.cancel()
    this.#soon = ms < this.#ttlMs / renewals ? this.options.clock.after(ms, () => this.#changed()) : undefined
  }

  async #run(): Promise<void> {
    const { store, member } = this.options
    // Counted from before the question: the store's time to live begins at some moment after it.
    const askedAt = this.#time.now()
    await this.#asked(store.renew({ ...member, isDraining: this.#isDraining }, this.#ttlMs))
    this.#guardUntil(askedAt + this.#ttlMs * guardShare)
    const placement = await this.#asked(store.read())
    this.#learn(placement)
    const others = placement.members.filter(({ node }) => node !== member.node)
    this.#lookIn(Math.min(...others.map(({ leftMs }) => leftMs)) + soonMs)
    const desired = this.#place(placement)
    await this.#giveBack(desired)
    await this.#take(desired)
  }

  #asked<T>(question: Promise<T>): Promise<T> {
    const { clock } = this.options
    return within(clock, this.#ttlMs / renewals, question, () => new Error('the lease store does not answer'))
  }

  /** The owners that slots should have. Those about to end have none, unless there are no others. */
  #place({ members }: Placement): readonly (string | undefined)[] {
    const staying = members.filter(({ isDraining }) => isDraining !== true)
    const nodes = (staying.length > 0 ? staying : members).map(({ node }) => node)
    const of = nodes.join('\n')
    if (this.#desired.of !== of) this.#desired = { of, owners: placeSlots(nodes, this.#slots) }
    return this.#desired.owners
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
    const leases = new Map(placement.leases.map(lease => [lease.slot, lease]))
    const hasMoved =
      placement.members.length !== this.members.length ||
      placement.members.some(({ node }, index) => node !== this.members[index]?.node) ||
      placement.leases.some(({ slot, owner, term }) => this.#leases.get(slot)?.owner !== owner || this.#leases.get(slot)?.term !== term)
    this.#placement = placement
    this.#leases = leases
    const { node } = this.options.member
    const terms = new Map(placement.leases.flatMap(({ slot, owner, term }) => (owner === node ? [[slot, term]] : [])))
    this.#drop([...this.#held].flatMap(([slot, term]) => (terms.get(slot) === term ? [] : [slot])))
    this.#gain([...terms].flatMap(([slot, term]) => (this.#held.has(slot) ? [] : [{ slot, term }])))
    if (hasMoved) this.#moved()
  }

  async #giveBack(desired: readonly (string | undefined)[]): Promise<void> {
    const { store, member } = this.options
    const others = [...this.#held].flatMap(([slot, term]) => (desired[slot] === member.node ? [] : [{ slot, term }]))
    if (others.length === 0) return
    await this.#end(others.map(({ slot }) => slot))
    await this.#asked(store.release(member.node, others))
    for (const { slot, term } of others) this.#leases.set(slot, { slot, owner: '', term })
  }

  /** Drops the slots, and waits for what is under way for them. */
  async #end(slots: readonly number[]): Promise<void> {
    const over = this.#drop(slots)
    if (over !== undefined) await within(this.options.clock, handOverMs, over, () => new Error('it takes too long')).catch(() => undefined)
  }

  async #take(desired: readonly (string | undefined)[]): Promise<void> {
    const { store, member } = this.options
    if (this.#isClosed) return
    const alive = new Set(this.members.map(({ node }) => node))
    const free = desired.flatMap((owner, slot) => {
      const lease = this.#leases.get(slot)
      if (owner !== member.node || this.#held.has(slot) || (lease !== undefined && alive.has(lease.owner))) return []
      return [{ slot, term: lease?.term ?? 0 }]
    })
    if (free.length === 0) return
    const taken = await this.#asked(store.take(member.node, free))
    for (const { slot, term } of taken) this.#leases.set(slot, { slot, owner: member.node, term })
    this.#gain(taken)
    if (taken.length > 0) this.#moved()
    if (taken.length < free.length) this.#lookIn(soonMs)
  }

  #moved(): void {
    this.events.moved()
    for (const look of [...this.#awaiting]) look(false)
  }

  #gain(slots: readonly SlotTerm[]): void {
    if (slots.length === 0 || this.#isClosed) return
    for (const { slot, term } of slots) this.#held.set(slot, term)
    this.events.gained(slots)
  }

  /** @returns when what was under way for them is over, where anything was */
  #drop(slots: readonly number[]): Promise<void> | undefined {
    const dropped = slots.flatMap(slot => {
      const term = this.#held.get(slot)
      this.#held.delete(slot)
      return term === undefined ? [] : [{ slot, term }]
    })
    return dropped.length === 0 ? undefined : (this.events.lost(dropped) ?? undefined)
  }
}
