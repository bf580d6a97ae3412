import type { ConversationStanding, Wish } from './patch.ts'

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
