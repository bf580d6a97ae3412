import { unsubscribes } from '../../protocol/index.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Refusals } from './refusals.ts'
import type { Revocation, Revocations } from './revocations.ts'

interface RevokeContext {
  readonly revocations: Revocations
  readonly refusals: Refusals
  readonly sessions: Sessions
}

/** Takes note of a revocation, and ends what stands on its tokens: sessions, and subscriptions that came by a token of their own. */
export function revoke(context: RevokeContext, revocation: Revocation): void {
  const { revocations, sessions } = context
  if (revocations.add(revocation) === undefined) return
  const concerned = revocation.kind === 'user' ? sessions.of(revocation.user) : [...sessions.all()]
  for (const session of concerned) endRevoked(context, session)
}

/** Ends what of a session stands on a token that is void. */
export function endRevoked({ revocations, refusals }: Omit<RevokeContext, 'sessions'>, session: Session): void {
  if (revocations.size === 0) return
  const { user, token } = session.identity
  if (token !== undefined && revocations.coversConnection(user, token)) session.close(refusals.invalidToken('it was revoked', { user }))
  for (const { channel, terms } of session.isClosed ? [] : [...session.subscriptions.values()])
    if (terms.token !== undefined && revocations.coversSubscription(user, channel.name, terms.token))
      session.unsubscribe(channel.name, unsubscribes.permissionRevoked)
}
