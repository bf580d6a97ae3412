import { CommandError, errors, type Params } from '../../../protocol/index.ts'
import { replyFrame } from '../../fanout/frame.ts'
import { HistoryReply } from '../../fanout/message.ts'
import { countWithin } from '../../fanout/replay.ts'
import type { CommandHost } from '../command-host.ts'
import type { Session } from '../session.ts'

/** Without a limit only the position is answered, as in Centrifugo; a position that history cannot continue from is error 112. */
export async function history(
  host: CommandHost,
  session: Session,
  id: number,
  { channel, limit = 0, since, reverse = false }: Params<'history'>,
): Promise<void> {
  await host.access.history(session, channel)
  const query = {
    limit,
    reverse,
    ...(since === undefined ? {} : { since: { epoch: since.epoch ?? '', offset: since.offset ?? 0 } }),
  }
  // A client that is behind sees the history up to its delayed place.
  const page = await host.history(channel, query, session.subscriptions.get(channel)?.channel.delayMs)
  // Before it is made into text: much may have been asked for at once.
  if (session.isClosed) return
  if (since?.epoch !== undefined && since.epoch !== '' && since.epoch !== page.position.epoch)
    throw new CommandError(errors.unrecoverablePosition)
  const publications = page.publications.slice(0, Math.max(1, countWithin(page.publications, host.limits.historyPageBytesMax)))
  session.outbox.enqueue(replyFrame(new HistoryReply(id, page.position, publications)))
}
