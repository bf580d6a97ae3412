import { CommandError, closes, push, unsubscribes } from '../protocol/index.ts'
import { admit } from './admission.ts'
import type { Control, SubscribeControl } from './broker.ts'
import { moveEnd } from './expiry.ts'
import { Frame, pushFrame } from './frame.ts'
import type { Node } from './node.ts'
import type { Session } from './session.ts'

/** Does to this node's sessions what the server API asked of all. */
export function applyControl(node: Node, message: Control): void {
  for (const session of addressed(node, message)) {
    switch (message.kind) {
      case 'disconnect':
        if (!message.whitelist?.includes(session.id)) session.close({ code: message.code, reason: message.reason })
        break
      case 'unsubscribe':
        session.unsubscribe(message.channel, unsubscribes.byServer)
        break
      case 'subscribe':
        subscribe(session, message.channel, message.options)
        break
      case 'refresh':
        if (message.expired) session.close(closes.expired)
        else if (message.expireAt !== undefined) moveEnd(session, message.expireAt)
        break
    }
  }
}

function addressed(node: Node, { user, client, session: stream }: Control): Session[] {
  // Without a user only a named session is meant, never all of the anonymous ones.
  const sessions = user !== '' ? node.sessions.of(user) : client === undefined && stream === undefined ? [] : node.sessions.all()
  return sessions.filter(
    session =>
      (client === undefined || session.id === client) && (stream === undefined || session.streamId === stream || session.id === stream),
  )
}

/** A subscription made by the server while the session is connected; the client learns of it by push. */
function subscribe(session: Session, channel: string, { info, data, recoverSince }: SubscribeControl): void {
  admit(session, { channel, since: recoverSince, recoverable: true, joinLeave: true, granted: { info, data } })
    .then(admission => {
      // SDKs read no publications in a subscribe push, so they follow it, and the position moves with them.
      const { publications = [], ...result } = admission.complete()
      session.outbox.enqueue(pushFrame(push.subscribe(channel, result)))
      for (const publication of publications) session.outbox.enqueue(new Frame([push.publication(channel, publication)], 'push', 1, true))
    })
    .catch((error: unknown) => {
      if (!(error instanceof CommandError)) session.node.log.error({ err: error, channel }, 'a server-side subscription failed')
    })
}
