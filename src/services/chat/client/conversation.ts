import type { Member } from '../model/wire.ts'
import { limits } from './limits.ts'
import { type ConversationStanding, isWaiting, listStateOf, type OwnState, type Patch, type UnreadCount, type Wish } from './patch.ts'
import type { Range } from './ranges.ts'
import { joinMarks, joinRosters, type Mark, type Roster, tickOf, unknownRoster, unmarked } from './roster.ts'
import { type Slot, Thread } from './thread.ts'

/** A conversation as the cache keeps it: one patch that makes it again. */
export interface CachedConversation {
  readonly id: string
  /** Whose view of it this is. */
  readonly user: string
  readonly patch: Patch
  /** When anybody last used it: this device's user, or whoever wrote. */
  readonly used: number
  /** Whether it stays in the cache whatever else goes: it is pinned or unread, or the server has not been told something. */
  readonly isKept: boolean
}

/** All that is known of one conversation. It only takes patches, so it does not mind the order in which news comes. */
export class Conversation {
  readonly thread = new Thread()
  #standing: ConversationStanding | undefined
  #roster: Roster = unknownRoster
  #seq = 0
  #cleared = 0
  #unread: UnreadCount | undefined
  #wanted = 0
  #ts = 0
  #used = 0
  #newestMessage = 0
  #newestOwn = 0
  #wish: Wish | undefined
  #settled = 0
  /** A place in the part that is shown, where that is not the newest. */
  #focus: number | undefined
  /** Places of messages that name this user, some of which were read or changed since. */
  readonly #mentions = new Set<number>()
  readonly #marks = new Map<string, Mark>()
  #revision = 0

  constructor(
    readonly id: string,
    readonly user: string,
  ) {}

  /** Rises with every change. */
  get revision(): number {
    return this.#revision
  }

  /** Undefined until the conversation as a whole has come, and not only entries of it. */
  get standing(): ConversationStanding | undefined {
    return this.#standing
  }

  get roster(): Roster {
    return this.#roster
  }

  get seq(): number {
    return this.#seq
  }

  get cleared(): number {
    return this.#cleared
  }

  /** Time of the newest entry that is known. */
  get ts(): number {
    return Math.max(this.#ts, this.#standing?.ts ?? 0)
  }

  /** What the server has not been told of. */
  get wish(): Wish | undefined {
    return isWaiting(this.#wish, this.#settled) ? this.#wish : undefined
  }

  /** What it is to its user alone, with what they have just set. */
  ownAt(now: number): OwnState {
    return listStateOf(this.#standing, this.wish, { newest: this.#newestMessage, own: this.#newestOwn, now })
  }

  /** Up to where this device wants it read, whether or not the server knows. */
  get wanted(): number {
    return this.#wanted
  }

  /** Up to where the server knows it read. */
  get confirmed(): number {
    return this.#marks.get(this.user)?.read ?? 0
  }

  /** Up to where it is read: who writes has read what was before. */
  get read(): number {
    return Math.max(this.confirmed, this.#wanted)
  }

  get members(): Member[] {
    return this.#roster.seats.map(seat => ({ ...seat, ...(this.#marks.get(seat.user) ?? unmarked) }))
  }

  /** Counted where all since the last read is known; else the server's number, and what came after it. */
  get unread(): number {
    const { read } = this
    if (read >= this.#seq) return 0
    const since = Math.max(read, this.#cleared)
    if (this.thread.covers(since + 1, this.#seq)) return this.#countAfter(since)
    const { asOf, count } = this.#unread ?? { asOf: 0, count: 0 }
    return read >= asOf ? this.#countAfter(since) : count + this.#countAfter(Math.max(asOf, since))
  }

  /** Messages that name this user and were not read, the oldest first. */
  get mentions(): readonly number[] {
    const since = Math.max(this.read, this.#cleared)
    return [...this.#mentions].filter(seq => seq > since && this.#isNamedIn(this.thread.slot(seq))).toSorted((left, right) => left - right)
  }

  tick(seq: number, author: string): 'sent' | 'delivered' | 'read' {
    return tickOf(seq, author, this.#roster.seats, this.#marks)
  }

  /** The part of the log that is shown: the newest, unless one has gone to a message elsewhere. */
  get part(): Range | undefined {
    const { parts } = this.thread
    const focus = this.#focus
    return (focus === undefined ? undefined : parts.find(([from, to]) => from <= focus && focus <= to)) ?? parts.at(-1)
  }

  /** What is shown of the log. */
  get shown(): readonly Slot[] {
    const { part } = this
    if (part === undefined) return []
    const end = this.hasAfter ? part[1] : Number.POSITIVE_INFINITY
    return this.thread.slots.filter(slot => slot.seq >= part[0] && slot.seq <= end && this.isShown(slot))
  }

  /** The newest that can be shown, even above a hole. */
  get last(): Slot | undefined {
    return this.thread.slots.findLast(slot => this.isShown(slot))
  }

  /** Whether history goes on below what is shown. */
  get hasBefore(): boolean {
    const floor = Math.min(this.part?.[0] ?? Number.POSITIVE_INFINITY, this.#seq + 1)
    return floor > this.#cleared + 1
  }

  /** Whether the newest is not what is shown. */
  get hasAfter(): boolean {
    const { part } = this
    if (this.#focus === undefined || part === undefined) return false
    // The newest may not have been loaded yet.
    return part[1] !== this.thread.parts.at(-1)?.[1] || this.#seq - part[1] > limits.holeMax
  }

  /** Shows the part with this place in it; without one, the newest. @returns whether that is another one */
  focus(seq: number | undefined): boolean {
    const before = this.part
    this.#focus = seq
    this.#meetNewest()
    const isOther = this.part?.[0] !== before?.[0] || this.part?.[1] !== before?.[1]
    if (isOther) this.#revision++
    return isOther
  }

  /** A part that has grown into the newest is the newest, also when that is torn from it later. */
  #meetNewest(): void {
    if (!this.hasAfter) this.#focus = undefined
  }

  isShown({ seq, head, line, fate }: Slot): boolean {
    return seq > this.#cleared && fate !== 'hidden' && (head !== undefined || line !== undefined)
  }

  /** @returns whether anything of it was news */
  absorb(patch: Patch): boolean {
    const changes = [
      this.#absorbStanding(patch.standing),
      this.#absorbRoster(patch.roster),
      this.#absorbPlaces(patch),
      this.#absorbWish(patch),
      this.#absorbUnread(patch.unread),
      this.#absorbMentions(patch.mentions ?? []),
      this.#absorbMarks(patch.marks ?? []),
      this.#absorbSlots(patch.slots ?? []),
      ...(patch.covered ?? []).map(([from, to]) => this.thread.cover(from, to)),
    ]
    const isNews = changes.includes(true)
    if (isNews) {
      this.#meetNewest()
      this.#revision++
    }
    return isNews
  }

  /** Forgets old messages, not that they were unread. */
  trim(slotsMax: number): void {
    const unread = { asOf: this.#seq, count: this.unread }
    if (this.thread.trim(slotsMax)) this.#absorbUnread(unread)
  }

  /** Everything that is kept, with the newest slots. */
  cached(slotsMax: number): CachedConversation {
    const slots = slotsMax === 0 ? [] : this.thread.slots.slice(-slotsMax)
    const floor = slots.length < this.thread.size ? (slots[0]?.seq ?? 0) : 0
    const covered = this.thread.covered.filter(([, to]) => to >= floor).map(([from, to]) => [Math.max(from, floor), to] as const)
    const unread = slots.length < this.thread.size ? { asOf: this.#seq, count: this.unread } : this.#unread
    const patch: Patch = {
      ...(this.#standing === undefined ? {} : { standing: this.#standing }),
      roster: this.#roster,
      seq: this.#seq,
      cleared: this.#cleared,
      mentions: this.mentions,
      ...(unread === undefined ? {} : { unread }),
      wanted: this.#wanted,
      ts: this.#ts,
      used: this.#used,
      ...(this.#wish === undefined ? {} : { wish: this.#wish, settled: this.#settled }),
      marks: [...this.#marks].map(([user, mark]) => ({ user, mark })),
      slots,
      covered,
    }
    const isKept = this.ownAt(0).pinned || this.unread > 0 || this.wish !== undefined
    return { id: this.id, user: this.user, patch, used: Math.max(this.#used, this.ts), isKept }
  }

  #countAfter(seq: number): number {
    return this.thread.slots.filter(slot => slot.seq > seq && this.#counts(slot)).length
  }

  #counts(slot: Slot): boolean {
    return slot.head !== undefined && slot.head.author !== this.user && slot.fate === undefined && this.isShown(slot)
  }

  #absorbStanding(standing: ConversationStanding | undefined): boolean {
    if (standing === undefined || (this.#standing !== undefined && standing.rank <= this.#standing.rank)) return false
    this.#standing = standing
    return true
  }

  #absorbRoster(roster: Roster | undefined): boolean {
    if (roster === undefined) return false
    const joined = joinRosters(this.#roster, roster, this.user)
    const isNews = joined !== this.#roster
    this.#roster = joined
    return isNews
  }

  #absorbWish({ wish, settled = 0 }: Patch): boolean {
    const isNewer = wish !== undefined && wish.at > (this.#wish?.at ?? 0)
    const isNews = isNewer || settled > this.#settled
    if (isNewer) this.#wish = wish
    this.#settled = Math.max(this.#settled, settled)
    return isNews
  }

  #absorbPlaces({ seq = 0, cleared = 0, wanted = 0, ts = 0, used = 0 }: Patch): boolean {
    const isNews = seq > this.#seq || cleared > this.#cleared || wanted > this.#wanted || ts > this.#ts || used > this.#used
    this.#ts = Math.max(this.#ts, ts)
    this.#used = Math.max(this.#used, used)
    this.#seq = Math.max(this.#seq, seq)
    this.#cleared = Math.max(this.#cleared, cleared)
    this.#wanted = Math.max(this.#wanted, wanted)
    return isNews
  }

  /** Of the same place the lower number is the later one: reading and deleting only lower it. */
  #absorbUnread(unread: UnreadCount | undefined): boolean {
    const known = this.#unread
    if (unread === undefined) return false
    if (known !== undefined && (unread.asOf < known.asOf || (unread.asOf === known.asOf && unread.count >= known.count))) return false
    this.#unread = unread
    return true
  }

  #absorbMentions(mentions: readonly number[]): boolean {
    const size = this.#mentions.size
    for (const seq of mentions) if (seq > this.read) this.#mentions.add(seq)
    return this.#mentions.size > size
  }

  /** One that is not there is believed: the server told of it. */
  #isNamedIn(slot: Slot | undefined): boolean {
    if (slot?.fate !== undefined) return false
    return slot?.content === undefined || slot.content.mentions?.some(({ user }) => user === this.user) === true
  }

  #absorbMarks(marks: NonNullable<Patch['marks']>): boolean {
    return marks.map(({ user, mark }) => this.#mark(user, mark)).includes(true)
  }

  #absorbSlots(slots: readonly Slot[]): boolean {
    return slots.map(slot => this.#absorbSlot(slot)).includes(true)
  }

  #absorbSlot(slot: Slot): boolean {
    const isNews = this.thread.join(slot)
    if (slot.head !== undefined) this.#newestMessage = Math.max(this.#newestMessage, slot.seq)
    if (slot.head?.author === this.user) this.#newestOwn = Math.max(this.#newestOwn, slot.seq)
    // Who writes has read what was before (chat M22).
    if (slot.head?.author === this.user) this.#mark(this.user, { read: slot.seq })
    else if (slot.content?.mentions !== undefined && this.#isNamedIn(slot)) this.#absorbMentions([slot.seq])
    return isNews
  }

  #mark(user: string, mark: Partial<Mark>): boolean {
    const known = this.#marks.get(user)
    const joined = joinMarks(known ?? unmarked, mark)
    if (joined === known || (known === undefined && joined === unmarked)) return false
    this.#marks.set(user, joined)
    return true
  }
}
