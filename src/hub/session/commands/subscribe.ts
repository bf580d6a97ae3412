import type { Json } from '../../../kit/index.ts'
import { CommandError, encodeReply, errors, type Params, readDelay, subscribeFlags, unsubscribes } from '../../../protocol/index.ts'
import { endedMeanwhile } from '../../channel/pending-grants.ts'
import { openSubscription } from '../../channel/pending-subscription.ts'
import type { Namespace } from '../../delivery/namespace.ts'
import { replyFrame } from '../../fanout/frame.ts'
import { SubscribeReply } from '../../fanout/message.ts'
import { readTagFilter, type TagFilter } from '../../fanout/tag-filter.ts'
import type { CommandHost } from '../command-host.ts'
import { expiryAt } from '../expiry.ts'
import type { Session } from '../session.ts'
import { refuseType } from './type.ts'

export async function subscribe(host: CommandHost, session: Session, id: number, params: Params<'subscribe'>): Promise<void> {
  const { channel, token, positioned, recoverable, delta } = params
  refuseType(params.type, 'subscribe.type')
  const namespace = host.access.namespaceOf(channel)
  const { data, delayMs } = wishOf(namespace, params.data)
  const since = params.recover ? { epoch: params.epoch ?? '', offset: params.offset ?? 0 } : undefined
  const pending = await openSubscription(host, session, {
    channel,
    token,
    data,
    delayMs,
    since,
    positioned,
    recoverable,
    delta,
    joinLeave: params.join_leave,
    filter: filterOf(params, namespace, host),
    rejectUnrecovered: ((params.flag ?? 0) & subscribeFlags.rejectUnrecovered) !== 0,
  })
  session.outbox.enqueue(replyFrame(new SubscribeReply(id, pending.complete())))
}

/** Unsubscribing from what one is not subscribed to is no error: the client wants it gone and it is. */
export function unsubscribe(session: Session, id: number, { channel }: Params<'unsubscribe'>): void {
  const subscription = session.subscriptions.get(channel)
  if (subscription?.terms.serverSide) throw new CommandError(errors.permissionDenied, 'the server made this subscription')
  session.untrack(channel, unsubscribes.byClient)
  session.outbox.enqueue(replyFrame(encodeReply(id, 'unsubscribe', '{}')))
}

/** Prolongs a subscription that expires. */
export async function subRefresh(
  host: CommandHost,
  session: Session,
  id: number,
  { channel, token, type }: Params<'sub_refresh'>,
): Promise<void> {
  refuseType(type, 'sub_refresh.type')
  const subscription = session.subscriptions.get(channel)
  if (subscription === undefined) throw new CommandError(errors.badRequest, 'not subscribed')
  const { expireAt = 0 } = await host.access.subscribe(session, channel, token, undefined)
  if (subscription.state.kind === 'ended') throw endedMeanwhile(subscription.state.close)
  if (expireAt !== 0 && expireAt * 1000 <= host.clock.now()) throw new CommandError(errors.expired)
  subscription.terms = { ...subscription.terms, expireAt: expireAt * 1000 }
  host.sessions.subscriptionExpires(subscription)
  const expiry = expiryAt(expireAt * 1000, host.clock.now())
  session.outbox.enqueue(replyFrame(encodeReply(id, 'sub_refresh', JSON.stringify(expiry))))
}

/** A request for a part of a channel must not silently get all of it. @throws CommandError 107 */
function filterOf({ tf }: Params<'subscribe'>, { delivery }: Namespace, { limits }: CommandHost): TagFilter | undefined {
  if (tf === undefined) return undefined
  if (!delivery.tagsFilter) throw new CommandError(errors.badRequest, 'subscribe.tf: filters by tags are not allowed in this namespace')
  return readTagFilter(tf, 'subscribe.tf', limits.tagFilter)
}

/**
 * SDKs have nothing but `data` for a wish of their own: where channels can be delayed its `delay` is ours, and elsewhere all of it is the
 * application's.
 */
function wishOf({ delayMaxMs }: Namespace, data: Json | undefined): { readonly data: Json | undefined; readonly delayMs: number } {
  if (delayMaxMs === 0 || !isObject(data) || data.delay === undefined) return { data, delayMs: 0 }
  const { delay, ...rest } = data
  return { data: Object.keys(rest).length === 0 ? undefined : rest, delayMs: readDelay(delay, 'subscribe.data.delay') }
}

function isObject(data: Json | undefined): data is Readonly<Record<string, Json | undefined>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}
