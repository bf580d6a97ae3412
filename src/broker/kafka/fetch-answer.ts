import { createAPI, fetchV13 } from '@platformatic/kafka'
import { ByteCursor } from './byte-cursor.ts'
import type { Aborted } from './record-batch.ts'

export interface FetchedPartition {
  readonly topicId: string
  readonly partition: number
  readonly code: number
  /** Up to here the records are on as many brokers as they must be. */
  readonly highWatermark: number
  /** Transactions that were given up, whose records are among the batches. */
  readonly aborted: readonly Aborted[]
  /** What was fetched last is not in the log any more: it lost that, and went on. */
  readonly isForked: boolean
  /** Batches, not read yet. */
  readonly bytes: Buffer
}

export interface FetchAnswer {
  readonly code: number
  readonly session: number
  readonly partitions: readonly FetchedPartition[]
}

/**
 * A fetch whose answer is read here: the client's own reading gives up a whole answer for one batch that it cannot read. Version 13 is that of Kafka 3.1, the first that names topics by their ids.
 */
export const fetchApi = createAPI<Parameters<typeof fetchV13.createRequest>, FetchAnswer>(
  fetchV13.api.key,
  fetchV13.api.version,
  fetchV13.createRequest,
  (_id, _key, _version, reader) => readFetchAnswer(reader.buffer.slice(reader.position)),
)

/** Up to the first transaction that is not over, and with those named that were given up. */
export const committedOnly = 1

/** The field that says up to where the log is the one that was fetched. */
const divergingEpoch = 0
const none = Buffer.alloc(0)

export function readFetchAnswer(bytes: Buffer): FetchAnswer {
  const cursor = new ByteCursor(bytes)
  // How long the broker held the answer back because of a quota.
  cursor.int32()
  const code = cursor.int16()
  const session = cursor.int32()
  const partitions: FetchedPartition[] = []
  for (let topics = cursor.compactLength(); topics > 0; topics--) {
    const topicId = cursor.uuid()
    for (let left = cursor.compactLength(); left > 0; left--) partitions.push(readPartition(cursor, topicId))
    cursor.skipTagged()
  }
  return { code, session, partitions }
}

function readPartition(cursor: ByteCursor, topicId: string): FetchedPartition {
  const partition = cursor.int32()
  const code = cursor.int16()
  const highWatermark = cursor.int64()
  // The last stable offset and the start of the log.
  cursor.at += 16
  const aborted: Aborted[] = []
  for (let left = cursor.compactLength(); left > 0; left--) {
    aborted.push({ producer: cursor.int64(), first: cursor.int64() + 1 })
    cursor.skipTagged()
  }
  // The replica that it would rather be read from.
  cursor.int32()
  const length = cursor.compactLength()
  const bytes = length > 0 ? cursor.slice(length) : none
  const isForked = cursor.hasTagged(divergingEpoch)
  return { topicId, partition, code, highWatermark, aborted, isForked, bytes }
}
