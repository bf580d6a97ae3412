import { CommandError, encodeReply, errors, type Params } from '../../../protocol/index.ts'
import { endRevoked } from '../../access/revoke.ts'
import { replyFrame } from '../../fanout/frame.ts'
import type { CommandHost } from '../command-host.ts'
import { expiryOf } from '../expiry.ts'
import type { Session } from '../session.ts'
import { invalidToken } from './connect.ts'

/** A new token for the same user keeps the connection alive. */
export async function refresh(host: CommandHost, session: Session, id: number, { token }: Params<'refresh'>): Promise<void> {
  const verified = await host.tokens.connection(token, session.address)
  if (session.isClosed) return
  if (verified.kind === 'invalid') throw invalidToken(host, session, verified.reason)
  if (verified.kind === 'expired') throw new CommandError(errors.expired)
  if (verified.value.user !== session.user) throw invalidToken(host, session, 'the new token is of another user')
  session.identity = verified.value
  session.voucher = 'token'
  session.setExpiry(verified.value.expireAt ?? 0)
  endRevoked(host, session)
  if (session.isClosed) return
  session.outbox.enqueue(
    replyFrame(encodeReply(id, 'refresh', JSON.stringify({ client: session.id, version: host.version, ...expiryOf(session) }))),
  )
}
