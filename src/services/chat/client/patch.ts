import type { ChatCommands, ConversationSummary, InboxEntry, ReceiptEntry, Watermark } from '../model/wire.ts'
import type { Range } from './ranges.ts'
import { type Mark, type Roster, rosterOf, rosterWith } from './roster.ts'
import { type Slot, type SlotEntry, slotOf } from './thread.ts'

/** What a conversation is to this account. */
export interface ConversationStanding {
  /** Of two, the one from further on in the inbox holds. */
  readonly rank: number
  readonly kind: 'direct' | 'group'
  readonly muted: boolean
  /** When that ends by itself. */
  readonly mutedUntil?: number
  readonly pinned: boolean
  readonly ts: number
  /** The newest entry when it stood like this: what comes later may bring it back into the list. */
  readonly at: number
  readonly archived?: true
  readonly deleted?: true
  readonly marked?: true
  readonly requests?: number
  readonly request?: true
  readonly held?: true
  readonly blocked?: true
}

/** A number of unread messages, as it was when `asOf` was the newest entry. */
export interface UnreadCount {
  readonly asOf: number
  readonly count: number
}

/** What the user set on this device, to be told to the server. */
export interface Wish {
  /** This device's time, higher with each wish: the newest counts. */
  readonly at: number
  /** The newest entry that the user knew. */
  readonly seq: number
  readonly own: WishedFor
  readonly deleted?: true
}

export interface WishedFor {
  readonly muted?: boolean | undefined
  /** When the mute ends by itself, by this device's clock. */
  readonly mutedUntil?: number | undefined
  readonly pinned?: boolean | undefined
  readonly archived?: boolean | undefined
  readonly unread?: boolean | undefined
}

/** What a conversation is to its user alone. `muteMs` mutes it for so long; `unread` marks it as unread, false reads it. */
export interface ConversationSettings extends Omit<WishedFor, 'mutedUntil'> {
  readonly muteMs?: number | undefined
}

/** News of a conversation. Whatever order patches are put on in, and however often, the same comes of it. */
export interface Patch {
  readonly standing?: ConversationStanding
  readonly roster?: Roster
  /** The newest `seq`. */
  readonly seq?: number
  readonly cleared?: number
  /** Messages that name this user and were not read. */
  readonly mentions?: readonly number[]
  readonly unread?: UnreadCount
  /** Up to where this device has said that it was read. */
  readonly wanted?: number
  /** The time of an entry of its log. */
  readonly ts?: number
  /** When this device had it open last. */
  readonly used?: number
  readonly wish?: Wish
  /** Wishes up to this one were answered. */
  readonly settled?: number
  readonly marks?: readonly { readonly user: string; readonly mark: Partial<Mark> }[]
  readonly slots?: readonly Slot[]
  readonly covered?: readonly Range[]
}

export interface ChatHistoryQuery {
  readonly before?: number
  readonly after?: number
  readonly around?: number
  readonly limit?: number
}

type HistoryPage = ChatCommands['chat.history']['out']

/**
 * @param newest the newest `seq` that is known of its conversation
 * @param rank its offset in the inbox
 */
export function patchOfEntry(entry: InboxEntry, newest: number, rank: number, user: string): Patch {
  switch (entry.kind) {
    case 'receipt':
      return patchOfReceipts(entry, newest, user)
    case 'conversation':
      return patchOfConversation(entry.summary, rank)
    case 'invited':
      return {}
    default:
      return patchOfLogged(entry)
  }
}

/** An entry of the log, as it comes by inbox or as the answer to what made it. */
export function patchOfLogged(entry: SlotEntry): Patch {
  const slots = [slotOf(entry)]
  // What is deleted for oneself alone has no place in the log.
  if (entry.seq === 0) return { slots }
  const place: Patch = { slots, seq: entry.seq, ts: entry.ts, covered: [[entry.seq, entry.seq]] }
  return entry.kind === 'membership' ? { ...place, roster: rosterWith(entry) } : place
}

export function patchOfConversation(conversation: ConversationSummary, rank: number): Patch {
  const { kind, muted, muted_until, pinned, ts, requests, request, held, blocked, members, seq, cleared, mentions, unread } = conversation
  const { archived, deleted, marked, last, line } = conversation
  return {
    standing: {
      ...{ rank, kind, muted, pinned, ts, at: seq },
      ...(archived === undefined ? {} : { archived }),
      ...(deleted === undefined ? {} : { deleted }),
      ...(marked === undefined ? {} : { marked }),
      ...(requests === undefined ? {} : { requests }),
      ...(muted_until === undefined ? {} : { mutedUntil: muted_until }),
      ...(request === undefined ? {} : { request }),
      ...(held === undefined ? {} : { held }),
      ...(blocked === undefined ? {} : { blocked }),
    },
    roster: rosterOf(conversation),
    seq,
    cleared,
    ...(mentions === undefined ? {} : { mentions }),
    unread: { asOf: seq, count: unread },
    marks: members.map(({ user, delivered, read }) => ({ user, mark: { delivered, read } })),
    slots: [last, line].flatMap(shown => (shown === undefined ? [] : [slotOf(shown, seq)])),
  }
}

/** @param asOf the newest `seq` that was known when the page was asked for: the server's is at least that */
export function patchOfPage({ entries, has_more }: HistoryPage, { before, after, around }: ChatHistoryQuery, asOf: number): Patch {
  const slots = entries.map(entry => slotOf(entry, asOf))
  const first = entries[0]?.seq
  const last = entries.at(-1)?.seq
  const covered = (from: number, to: number): Patch => ({ slots, seq: last ?? 0, covered: [[from, to]] })
  if (around !== undefined) return first === undefined || last === undefined ? { slots } : covered(first, last)
  if (after !== undefined) return covered(after + 1, has_more ? (last ?? after) : Math.max(asOf, last ?? 0))
  const to = before === undefined ? Math.max(asOf, last ?? 0) : before - 1
  return covered(has_more ? (first ?? to + 1) : 1, to)
}

function patchOfReceipts({ receipts, unread }: ReceiptEntry, newest: number, user: string): Patch {
  const own = receipts.find(receipt => receipt.user === user)
  const marks = receipts.map(receipt => ({ user: receipt.user, mark: markOf(receipt) }))
  if (unread === undefined || own?.read === undefined) return { marks }
  // What was read to its end is known to be so up to there; of a part, the newest that is known must do.
  return { marks, unread: { asOf: unread === 0 ? own.read : Math.max(newest, own.read), count: unread } }
}

function markOf({ delivered, read }: Watermark): Partial<Mark> {
  return { ...(delivered === undefined ? {} : { delivered }), ...(read === undefined ? {} : { read }) }
}

/** What a conversation is to its user alone. */
export interface OwnState {
  readonly muted: boolean
  /** When that ends by itself. */
  readonly mutedUntil?: number
  readonly pinned: boolean
  readonly archived: boolean
  readonly deleted: boolean
  /** To be shown as unread, whatever was read. */
  readonly marked: boolean
}

/** The newest `seq` of any message, and of the user's own; and the time. */
interface Since {
  readonly newest: number
  readonly own: number
  readonly now: number
}

export function isWaiting(wish: Wish | undefined, settled: number): boolean {
  return wish !== undefined && wish.at > settled
}

/**
 * As the server tells it, with what was set on this device since, judged by what was said since: a message brings back what was archived, unless
 * it is muted, and what was deleted.
 */
export function listStateOf(standing: ConversationStanding | undefined, wish: Wish | undefined, { newest, own, now }: Since): OwnState {
  const { at = 0 } = standing ?? {}
  const set = wish?.own ?? {}
  const since = wish?.seq ?? 0
  const until = set.muted === undefined ? standing?.mutedUntil : set.mutedUntil
  const muted = (set.muted ?? standing?.muted === true) && (until ?? Number.POSITIVE_INFINITY) > now
  const pinned = set.pinned ?? (set.archived !== true && wish?.deleted !== true && standing?.pinned === true)
  const stays = (seq: number) => muted || newest <= seq
  const archived =
    set.archived === undefined ? set.pinned !== true && standing?.archived === true && stays(at) : set.archived && stays(since)
  const deleted = wish?.deleted === true ? newest <= since : standing?.deleted === true && newest <= at
  const marked = set.unread ?? (standing?.marked === true && own <= at)
  const ends = muted && until !== undefined ? { mutedUntil: until } : {}
  return { muted, ...ends, pinned, archived: archived && wish?.deleted !== true, deleted, marked }
}

/** What was set before and what is set now, as one. */
export function joinWishes(before: Wish | undefined, own: Wish['own'], place: Pick<Wish, 'at' | 'seq'>): Wish {
  return {
    own: { ...before?.own, ...own },
    ...(before?.deleted === true ? { deleted: true } : {}),
    seq: place.seq,
    at: Math.max(place.at, (before?.at ?? 0) + 1),
  }
}
