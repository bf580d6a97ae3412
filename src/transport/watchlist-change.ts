import { z } from 'zod'
import { completeAll, Frame, pushFrame, type Session } from '../hub/index.ts'
import { CommandError, errors, push, type SubsEntry, unsubscribes } from '../protocol/index.ts'
import type { LateChannels } from './late-channels.ts'
import type { SseTransport } from './sse.ts'
import { admitAll, payForChannels } from './subscriptions.ts'
import type { Watch, WatchReply } from './watchlist.ts'

/** The body of `POST /sse/<session>/subscriptions`. */
export const watchlistChangeSchema = z.strictObject({
  rev: z.int().min(1),
  op: z.enum(['add', 'remove', 'replace']),
  channels: z.array(z.string()).max(10_000),
})

export type WatchlistChange = z.output<typeof watchlistChangeSchema>

/** Changes under way, so that two of one session never interleave. */
const changing = new WeakMap<Session, Promise<unknown>>()

/**
 * Changes the channels of a live stream. `rev` must follow the last one; the same again gets the same answer.
 * @throws CommandError 404 for no such stream here, 103 for another user's, 409 for a gap in `rev`
 */
export function changeWatchlist(transport: SseTransport, id: string, user: string, change: WatchlistChange): Promise<WatchReply> {
  const session = transport.watches.live(id)
  if (session === undefined) throw new CommandError({ code: 404, message: 'no such stream' })
  if (session.user !== user) throw new CommandError(errors.permissionDenied)
  const turn = (changing.get(session) ?? Promise.resolve()).then(() => apply(transport, session, change))
  changing.set(
    session,
    turn.catch(() => undefined),
  )
  return turn
}

async function apply(transport: SseTransport, session: Session, change: WatchlistChange): Promise<WatchReply> {
  const watch = transport.watchOf(session)
  if (watch === undefined || session.isClosed) throw new CommandError({ code: 404, message: 'no such stream' })
  if (watch.last?.rev === change.rev) return watch.last
  if (change.rev !== watch.rev + 1) throw new CommandError({ code: 409, message: `rev_gap: expected ${watch.rev + 1}, got ${change.rev}` })
  const late = transport.lateOf(session)
  const { added, removed } = difference(session, watch, change, late)
  payForChannels(transport.node, session, added.length)
  // Room is made first, so that a full watchlist can be replaced by another full one.
  for (const channel of removed) {
    session.untrack(channel, unsubscribes.byClient)
    late?.drop(channel)
  }
  const pendings = await admitAll(transport.node, session, added, () => undefined, transport.delayOf(session))
  if (session.isClosed) throw new CommandError({ code: 404, message: 'no such stream' })
  const subs = completeAll(pendings)
  const reply = replyOf(change, subs)
  // A late channel that is being opened right now is a subscription as well.
  const open = new Set([...session.subscriptions.keys(), ...(late?.names ?? [])])
  const channels = [...open].filter(channel => isListed(session, channel, late))
  transport.changed(session, { ...watch, rev: change.rev, channels, last: reply })
  session.outbox.enqueue(new Frame([`{"subs":{"rev":${change.rev}}}`], 'push', 0, true))
  for (const [channel, entry] of subs) if (!('error' in entry)) session.outbox.enqueue(pushFrame(push.subscribe(channel, entry)))
  return reply
}

function difference(
  session: Session,
  watch: Watch,
  { op, channels }: WatchlistChange,
  late: LateChannels | undefined,
): { added: string[]; removed: string[] } {
  const wanted = [...new Set(channels)]
  const added = op === 'remove' ? [] : wanted.filter(channel => !session.subscriptions.has(channel) && !late?.has(channel))
  if (op === 'add') return { added, removed: [] }
  const removed = op === 'remove' ? wanted : watch.channels.filter(channel => !wanted.includes(channel))
  return { added, removed: removed.filter(channel => isListed(session, channel, late)) }
}

/** Whether the watchlist is what keeps the channel open, and not the user's token. */
function isListed(session: Session, channel: string, late: LateChannels | undefined): boolean {
  if (late?.has(channel)) return !Object.hasOwn(session.identity.subs ?? {}, channel)
  return session.subscriptions.get(channel)?.terms.serverSide === false
}

function replyOf({ rev, channels }: WatchlistChange, subs: ReadonlyMap<string, SubsEntry>): WatchReply {
  const rejected = [...subs].flatMap(([channel, entry]) =>
    'error' in entry ? [{ channel, code: entry.error.code, message: entry.error.message }] : [],
  )
  const refused = new Set(rejected.map(({ channel }) => channel))
  return { rev, accepted: [...new Set(channels)].filter(channel => !refused.has(channel)), rejected }
}
