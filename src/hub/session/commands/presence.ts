import { encodeReply, type Params } from '../../../protocol/index.ts'
import { replyFrame } from '../../fanout/frame.ts'
import type { CommandHost } from '../command-host.ts'
import type { Session } from '../session.ts'

export async function presence(host: CommandHost, session: Session, id: number, { channel }: Params<'presence'>): Promise<void> {
  await host.access.presence(session, channel)
  const clients = await host.presence.list(channel, host.limits.presenceBytesMax)
  if (session.isClosed) return
  session.outbox.enqueue(replyFrame(encodeReply(id, 'presence', JSON.stringify({ presence: Object.fromEntries(clients) }))))
}

export async function presenceStats(host: CommandHost, session: Session, id: number, { channel }: Params<'presence_stats'>): Promise<void> {
  await host.access.presence(session, channel)
  const { clients, users } = await host.presence.stats(channel)
  session.outbox.enqueue(replyFrame(encodeReply(id, 'presence_stats', `{"num_clients":${clients},"num_users":${users}}`)))
}
