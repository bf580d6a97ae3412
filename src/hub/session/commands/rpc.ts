import { encodeReply, type Params } from '../../../protocol/index.ts'
import { replyFrame } from '../../fanout/frame.ts'
import type { CommandHost } from '../command-host.ts'
import type { Session } from '../session.ts'

export async function rpc(host: CommandHost, session: Session, id: number, { method, data }: Params<'rpc'>): Promise<void> {
  const result = await host.call(method, data, { user: session.user, client: session.id, session })
  session.outbox.enqueue(replyFrame(encodeReply(id, 'rpc', result === undefined ? '{}' : `{"data":${JSON.stringify(result)}}`)))
}

/** A message that wants no answer. With an id it is acknowledged, so that a mistaken client does not wait for ever. */
export function send(host: CommandHost, session: Session, id: number, { data }: Params<'send'>): void {
  host.received(session, data)
  if (id !== 0) session.outbox.enqueue(replyFrame(encodeReply(id, 'send', '{}')))
}
