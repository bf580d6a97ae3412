import { unsubscribes } from '../../protocol/index.ts'
import type { Node } from '../node.ts'
import type { Session } from '../session/session.ts'
import type { Revocation } from './revocations.ts'

/** Takes note of a revocation, and ends what stands on its tokens: sessions, and subscriptions that came by a token of their own. */
export function revoke(node: Node, revocation: Revocation): void {
  if (node.revocations.add(revocation) === undefined) return
  const sessions = revocation.kind === 'user' ? node.sessions.of(revocation.user) : [...node.sessions.all()]
  for (const session of sessions) endRevoked(session)
}

/** Ends what of a session stands on a token that is void. */
export function endRevoked(session: Session): void {
  const { revocations, refusals } = session.node
  if (revocations.size === 0) return
  const { user, token } = session.identity
  if (token !== undefined && revocations.coversConnection(user, token)) session.close(refusals.invalidToken('it was revoked', { user }))
  for (const { channel, terms } of session.isClosed ? [] : [...session.subscriptions.values()])
    if (terms.token !== undefined && revocations.coversSubscription(user, channel.name, terms.token))
      session.unsubscribe(channel.name, unsubscribes.permissionRevoked)
}
