import { encodeReply, type Params } from '../../../protocol/index.ts'
import { replyFrame } from '../../fanout/frame.ts'
import type { Session } from '../session.ts'

export async function presence(session: Session, id: number, { channel }: Params<'presence'>): Promise<void> {
  await session.node.access.presence(session, channel)
  const clients = await session.node.presence.list(channel, session.node.limits.presenceBytesMax)
  if (session.isClosed) return
  session.outbox.enqueue(replyFrame(encodeReply(id, 'presence', JSON.stringify({ presence: Object.fromEntries(clients) }))))
}

export async function presenceStats(session: Session, id: number, { channel }: Params<'presence_stats'>): Promise<void> {
  await session.node.access.presence(session, channel)
  const { clients, users } = await session.node.presence.stats(channel)
  session.outbox.enqueue(replyFrame(encodeReply(id, 'presence_stats', `{"num_clients":${clients},"num_users":${users}}`)))
}
