import type { Json } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import type { Limits } from '../limits.ts'

/**
 * What one publication may have: half of what may wait for a client, so that one that has just been held up by another can still be sent it.
 * Clients' own are bounded by their commands. @throws CommandError 106
 */
export function checkPublicationSize(data: Json, { outboxBytesMax }: Limits): void {
  const bytes = Buffer.byteLength(JSON.stringify(data))
  const bytesMax = Math.floor(outboxBytesMax / 2)
  if (bytes <= bytesMax) return
  const why = 'or whoever it waits for would be closed with 3008'
  throw new CommandError(errors.limitExceeded, `data: at most client.queue_max_size / 2 = ${bytesMax} bytes, got ${bytes}, ${why}`)
}
