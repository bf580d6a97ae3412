import { CommandError, closes, encodeReply, errors, type Params } from '../../../protocol/index.ts'
import { endedMeanwhile, isForGood } from '../../channel/pending-grants.ts'
import { checkPublicationSize } from '../../channel/publication-size.ts'
import type { Subscription } from '../../channel/subscription.ts'
import type { PublishHookResult } from '../../contracts/hooks.ts'
import { replyFrame } from '../../fanout/frame.ts'
import type { CommandHost } from '../command-host.ts'
import type { Session } from '../session.ts'
import { refuseType } from './type.ts'

/** Decided and handed to the broker in this turn where nobody needs to be asked, so that a frame of ten publications is one write to each. */
export function publish(host: CommandHost, session: Session, id: number, params: Params<'publish'>): Promise<void> {
  refuseType(params.type, 'publish.type')
  if (params.data === undefined) throw new CommandError(errors.badRequest, 'publish.data: missing')
  if (host.access.publishesAtOnce(session, params.channel)) return send(host, session, id, params, {})
  const subscription = session.subscriptions.get(params.channel)
  return host.access.publish(session, params.channel, params.data).then(changed => {
    refuseTakenOut(subscription)
    return send(host, session, id, params, changed)
  })
}

/** A client that was removed from the channel while a hook was pending does not publish into it. @throws CommandError 103 */
function refuseTakenOut(subscription: Subscription | undefined): void {
  if (subscription?.state.kind === 'ended' && isForGood(subscription.state.close)) throw endedMeanwhile(subscription.state.close)
}

async function send(
  host: CommandHost,
  session: Session,
  id: number,
  { channel, data, key, lane }: Params<'publish'>,
  changed: PublishHookResult,
): Promise<void> {
  // A client that the server disconnected while the back end was asked does not publish any more; one that left by itself does.
  if (session.state.kind === 'closed' && session.state.close !== closes.normal) return
  // The data of a back end may be as large as its answer.
  if (changed.data !== undefined) checkPublicationSize(changed.data, host.limits)
  const subscription = session.subscriptions.get(channel)
  const info = subscription?.info ?? session.infoIn(undefined)
  await host.publish(channel, changed.data ?? data, {
    ...(key === undefined ? {} : { key }),
    ...(lane === undefined ? {} : { lane }),
    ...(changed.skipHistory ? { skipHistory: true } : {}),
    info,
  })
  session.outbox.enqueue(replyFrame(encodeReply(id, 'publish', '{}')))
}
