import { unreachable } from '../../kit/index.ts'
import { CommandError, closes, push, unsubscribes } from '../../protocol/index.ts'
import { revoke } from '../access/revoke.ts'
import { openSubscription } from '../channel/pending-subscription.ts'
import type { Control, SessionControl, SubscribeControl } from '../contracts/broker.ts'
import { Frame, pushFrame } from '../fanout/frame.ts'
import { PublicationPush } from '../fanout/message.ts'
import type { CommandHost } from './command-host.ts'
import { concerns } from './concerns.ts'
import { moveEnd } from './expiry.ts'
import type { Session } from './session.ts'

/** Does to this node's sessions what the server API asked of all. */
export function applyControl(host: CommandHost, message: Control): void {
  if (message.kind === 'revoke') {
    revoke(host, message.revocation)
    return
  }
  host.recentControls.took(message)
  const { user, client, session: stream } = message
  const sessions = user !== '' ? host.sessions.of(user) : client === undefined && stream === undefined ? [] : host.sessions.all()
  for (const session of sessions) if (concerns(message, session)) apply(host, message, session)
}

/** Does to a session that is known from now on what was asked of its user while it was found out who it is. */
export function applyMissed(host: CommandHost, session: Session): void {
  const missed = host.recentControls.missedBy(session)
  if (missed.kind === 'lost') session.close(closes.forceReconnect)
  else {
    for (const control of missed.controls) {
      if (control.kind === 'unsubscribe') session.withhold(control.channel)
      // There is no subscription yet that could be told of, and whoever subscribes users to what they connect for says so by token or hook.
      else if (control.kind !== 'subscribe') apply(host, control, session)
    }
  }
}

function apply(host: CommandHost, message: SessionControl, session: Session): void {
  switch (message.kind) {
    case 'disconnect':
      if (host.recentControls.ends(message, session)) session.close({ code: message.code, reason: message.reason })
      return
    case 'unsubscribe':
      session.unsubscribe(message.channel, unsubscribes.byServer)
      return
    case 'subscribe':
      subscribe(host, session, message.channel, message.options)
      return
    case 'refresh':
      if (message.expired) session.close(closes.expired)
      else if (message.expireAt !== undefined) moveEnd(session, message.expireAt)
      return
    default:
      unreachable(message)
  }
}

/** A subscription made by the server while the session is connected; the client learns of it by push. */
function subscribe(host: CommandHost, session: Session, channel: string, { info, data, recoverSince }: SubscribeControl): void {
  openSubscription(host, session, { channel, since: recoverSince, recoverable: true, joinLeave: true, granted: { info, data } })
    .then(pending => {
      // SDKs read no publications in a subscribe push, so they follow it, and the position moves with them.
      const { publications = [], ...result } = pending.complete()
      session.outbox.enqueue(pushFrame(push.subscribe(channel, result)))
      for (const publication of publications)
        session.outbox.enqueue(new Frame([new PublicationPush(channel, publication)], 'push', 1, true))
    })
    .catch((error: unknown) => {
      if (!(error instanceof CommandError)) host.log.error({ err: error, channel }, 'a server-side subscription failed')
    })
}
