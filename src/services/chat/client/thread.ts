import type { SharedFile } from '../model/file.ts'
import type { Mention } from '../model/mentions.ts'
import { wholeEmoji } from '../model/text.ts'
import type { DeleteEntry, EditEntry, Encrypted, MembershipEntry, MessageEntry, Reaction, ReactionEntry } from '../model/wire.ts'
import { limits } from './limits.ts'
import { type Range, Ranges } from './ranges.ts'

/** What is known of a conversation's log: slots, and which stretches of it are complete. */
export class Thread {
  readonly #slots = new Map<number, Slot>()
  readonly #covered = new Ranges()
  #sorted: readonly Slot[] | undefined

  get size(): number {
    return this.#slots.size
  }

  get covered(): readonly Range[] {
    return this.#covered.list
  }

  /** By `seq`. The same array until something changed. */
  get slots(): readonly Slot[] {
    this.#sorted ??= [...this.#slots.values()].toSorted((left, right) => left.seq - right.seq)
    return this.#sorted
  }

  slot(seq: number): Slot | undefined {
    return this.#slots.get(seq)
  }

  /** @returns whether it was news */
  join(slot: Slot): boolean {
    const known = this.#slots.get(slot.seq)
    // Joining with itself brings a slot into the form that all others are in.
    const joined = joinSlots(known ?? slot, slot)
    if (joined === known) return false
    this.#slots.set(slot.seq, joined)
    this.#sorted = undefined
    return true
  }

  /** Everything from `from` to `to` that can be seen is known. @returns whether that is news */
  cover(from: number, to: number): boolean {
    return this.#covered.add(from, to)
  }

  covers(from: number, to: number): boolean {
    return this.#covered.covers(from, to)
  }

  /** Parts that are known, ascending: between two of them lies a hole that is too large to be filled unasked. */
  get parts(): readonly Range[] {
    const parts: [from: number, to: number][] = []
    for (const [from, to] of this.#covered.list) {
      const last = parts.at(-1)
      if (last !== undefined && from - last[1] - 1 <= limits.holeMax) last[1] = to
      else parts.push([from, to])
    }
    return parts
  }

  /** What is missing in a part, lowest first; in the newest, up to the newest place. */
  holes(newest: number, part = this.parts.at(-1)): Range[] {
    if (part === undefined) return []
    const end = part[1] === this.#covered.list.at(-1)?.[1] ? newest : part[1]
    const inside = this.#covered.list.filter(([from, to]) => from >= part[0] && to <= part[1])
    return inside.map(([, to], index): Range => [to + 1, (inside[index + 1]?.[0] ?? end + 1) - 1]).filter(([from, to]) => from <= to)
  }

  /** Keeps the newest slots; what is older can be paged again. A quarter more is let be, so that not every new one sorts them all. @returns whether any went */
  trim(slotsMax: number): boolean {
    if (this.#slots.size <= slotsMax * 1.25) return false
    const dropped = this.slots.slice(0, -slotsMax)
    for (const { seq } of dropped) this.#slots.delete(seq)
    this.#covered.dropBelow((dropped.at(-1)?.seq ?? 0) + 1)
    this.#sorted = undefined
    return true
  }
}

/**
 * All that is known of one place of a conversation's log. Slots are joined, and joining does not mind order or repetition: whatever order
 * entries come in, the same slot results (chat M17, M18, M20).
 */
export interface Slot {
  readonly seq: number
  /** What never changes of a message. Absent while only its edits, reactions or deletion have come. */
  readonly head?: SlotHead
  /** Its newest text. */
  readonly content?: SlotContent
  /** What it carries, which no edit changes. */
  readonly files?: readonly SharedFile[]
  readonly line?: MembershipEntry
  /** Stays for ever: what comes late is not shown any more. */
  readonly fate?: 'deleted' | 'hidden'
  /** Reactions as the server counted them up to an entry. */
  readonly tally?: ReactionTally
  /** Reactions that came after that, the newest of each user. */
  readonly changes?: readonly ReactionChange[]
}

export interface SlotHead {
  readonly mid: string
  readonly author: string
  readonly ts: number
  readonly replyTo?: number
  /** Of one's own messages: which device sent it, under which id. */
  readonly device?: string
  readonly cid?: string
}

export interface SlotContent {
  readonly rev: number
  readonly text?: string
  readonly enc?: Encrypted
  readonly mentions?: readonly Mention[]
}

export interface ReactionTally {
  /** Everything up to this `seq` is in it, perhaps more. */
  readonly asOf: number
  readonly reactions: readonly Reaction[]
}

export interface ReactionChange {
  readonly user: string
  readonly emoji: string
  readonly seq: number
}

export type SlotEntry = MessageEntry | EditEntry | DeleteEntry | ReactionEntry | MembershipEntry

/**
 * What one entry says of its slot.
 * @param asOf of a page of history the `seq` up to which later entries are folded in; an entry of the inbox stands for itself
 */
export function slotOf(entry: SlotEntry, asOf?: number): Slot {
  switch (entry.kind) {
    case 'message':
      return messageSlot(entry, asOf ?? entry.seq)
    case 'edit':
      return { seq: entry.target, content: contentOf(entry, entry.rev) }
    case 'delete':
      return { seq: entry.target, fate: entry.for === 'me' ? 'hidden' : 'deleted' }
    case 'reaction':
      return { seq: entry.target, changes: [{ user: entry.author, emoji: entry.emoji, seq: entry.seq }] }
    case 'membership':
      return { seq: entry.seq, line: entry }
  }
}

/** @returns the same object as `left` where `right` says nothing new */
export function joinSlots(left: Slot, right: Slot): Slot {
  const head = joinHeads(left.head, right.head)
  const line = left.line ?? right.line
  const fate = left.fate === 'hidden' || right.fate === 'hidden' ? 'hidden' : (left.fate ?? right.fate)
  const rest = fate === undefined ? joinContents(left, right) : {}
  const joined: Slot = {
    seq: left.seq,
    ...(head === undefined ? {} : { head }),
    ...(line === undefined ? {} : { line }),
    ...(fate === undefined ? {} : { fate }),
    ...rest,
  }
  return isSame(left, joined) ? left : joined
}

/** Whether the counts are a guess: somebody may have changed a reaction that is only counted. */
export function isGuessed({ tally, changes = [] }: Slot, user: string): boolean {
  return tally !== undefined && tally.reactions.length > 0 && changes.some(change => change.user !== user)
}

/** The most frequent first. */
export function reactionsOf({ tally, changes = [] }: Slot, user: string): Reaction[] {
  const counts = new Map<string, { count: number; mine: boolean }>()
  const count = (written: string, by: number, mine: boolean) => {
    const emoji = wholeEmoji(written)
    const before = counts.get(emoji) ?? { count: 0, mine: false }
    counts.set(emoji, { count: before.count + by, mine })
  }
  const own = changes.find(change => change.user === user)
  for (const reaction of tally?.reactions ?? []) {
    const isWithdrawn = reaction.mine && own !== undefined
    count(reaction.emoji, reaction.count - (isWithdrawn ? 1 : 0), reaction.mine && !isWithdrawn)
  }
  for (const change of changes) {
    if (change.emoji !== '') count(change.emoji, 1, change.user === user || counts.get(wholeEmoji(change.emoji))?.mine === true)
  }
  return [...counts]
    .filter(([, reaction]) => reaction.count > 0)
    .map(([emoji, reaction]) => ({ emoji, ...reaction }))
    .toSorted((left, right) => right.count - left.count || (left.emoji < right.emoji ? -1 : 1))
}

/** As if one's own reaction were another. */
export function withOwnReaction(reactions: readonly Reaction[], emoji: string): Reaction[] {
  const others = reactions.flatMap(reaction => {
    const count = reaction.count - (reaction.mine ? 1 : 0)
    return count === 0 ? [] : [{ emoji: reaction.emoji, count, mine: false }]
  })
  if (emoji === '') return others
  const given = others.find(reaction => reaction.emoji === wholeEmoji(emoji))
  if (given === undefined) return [...others, { emoji: wholeEmoji(emoji), count: 1, mine: true }]
  return others.map(reaction => (reaction === given ? { ...given, count: given.count + 1, mine: true } : reaction))
}

function messageSlot(entry: MessageEntry, asOf: number): Slot {
  const { seq, mid, author, ts, reply_to, origin } = entry
  const head: SlotHead = {
    mid,
    author,
    ts,
    ...(reply_to === undefined ? {} : { replyTo: reply_to }),
    ...(origin === undefined ? {} : origin),
  }
  if (entry.deleted === true) return { seq, head, fate: 'deleted' }
  const files = entry.files === undefined ? {} : { files: entry.files }
  return { seq, head, content: contentOf(entry, entry.rev ?? 0), ...files, tally: { asOf, reactions: entry.reactions ?? [] } }
}

function contentOf({ text, enc, mentions }: Omit<SlotContent, 'rev'>, rev: number): SlotContent {
  return {
    rev,
    ...(text === undefined ? {} : { text }),
    ...(enc === undefined ? {} : { enc }),
    ...(mentions === undefined ? {} : { mentions }),
  }
}

/** The same message may come with its origin and without. */
function joinHeads(left: SlotHead | undefined, right: SlotHead | undefined): SlotHead | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return left.cid === undefined && right.cid !== undefined ? right : left
}

function joinContents(left: Slot, right: Slot): Pick<Slot, 'content' | 'files' | 'tally' | 'changes'> {
  const content = newer(left.content, right.content, ({ rev }) => rev)
  const tally = newer(left.tally, right.tally, ({ asOf }) => asOf)
  const changes = joinChanges(left.changes, right.changes, tally?.asOf ?? 0)
  const files = left.files ?? right.files
  return {
    ...(content === undefined ? {} : { content }),
    ...(files === undefined ? {} : { files }),
    ...(tally === undefined ? {} : { tally }),
    ...(changes.length === 0 ? {} : { changes }),
  }
}

function joinChanges(
  left: readonly ReactionChange[] = [],
  right: readonly ReactionChange[] = [],
  after: number,
): readonly ReactionChange[] {
  const byUser = new Map<string, ReactionChange>()
  for (const change of [...left, ...right]) {
    const known = byUser.get(change.user)
    if (change.seq > after && (known === undefined || known.seq < change.seq)) byUser.set(change.user, change)
  }
  const changes = [...byUser.values()].toSorted((one, other) => one.seq - other.seq)
  const isKnown = changes.length === left.length && changes.every((change, index) => change === left[index])
  return isKnown ? left : changes
}

function newer<T>(left: T | undefined, right: T | undefined, by: (value: T) => number): T | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return by(right) > by(left) ? right : left
}

function isSame(left: Slot, right: Slot): boolean {
  return (
    left.head === right.head &&
    left.content === right.content &&
    left.files === right.files &&
    left.line === right.line &&
    left.fate === right.fate &&
    left.tally === right.tally &&
    (left.changes === right.changes || (left.changes ?? []).length + (right.changes ?? []).length === 0)
  )
}
