import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka'
import type { LogRecord } from '../log/index.ts'
import { ByteCursor, int64At } from './byte-cursor.ts'

/** Where things stand in a batch of format 2, the only one since Kafka 0.11. */
const place = {
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  attributes: 21,
  lastDelta: 23,
  firstTime: 27,
  maxTime: 35,
  producer: 43,
  count: 57,
  records: 61,
} as const
const compression = 0b111
const isLogTime = 0b1000
const isTransactional = 0b1_0000
const isControl = 0b10_0000

/** A transaction that was given up. */
export interface Aborted {
  readonly producer: number
  /** The place of its first record. */
  readonly first: number
}

export interface Unreadable {
  readonly offset: number
  readonly reason: string
}

export interface Batches {
  readonly records: LogRecord[]
  /** The last place that the batches cover, though there may be no record at it: transactions have markers, and compaction takes records. */
  readonly readTo: number
  readonly unreadable: readonly Unreadable[]
}

/**
 * The records of batches as a broker sends them, from after an offset on. A batch that cannot be read is passed over whole: it must not keep
 * anyone from what follows. Records of transactions that were given up are not there. Places are those of the shared log, one more than Kafka's.
 */
export function recordsOf(bytes: Buffer, after: number, aborted: readonly Aborted[] = []): Batches {
  const transactions = new AbortedTransactions(aborted)
  const records: LogRecord[] = []
  const unreadable: Unreadable[] = []
  let readTo = after
  for (let at = 0; at + place.records <= bytes.length; ) {
    const end = endOf(bytes, at)
    if (end === undefined) break
    const first = int64At(bytes, at) + 1
    const kept = records.length
    try {
      if (!transactions.hold(bytes.subarray(at, end), first)) readBatch(bytes.subarray(at, end), first, after, records)
    } catch (error) {
      records.length = kept
      unreadable.push({ offset: first, reason: error instanceof Error ? error.message : String(error) })
    }
    readTo = Math.max(readTo, first + lastDeltaOf(bytes, at))
    at = end
  }
  return { records, readTo, unreadable }
}

/** Which batches belong to transactions that were given up. A producer has one transaction at a time, which a marker ends. */
class AbortedTransactions {
  readonly #producers = new Set<number>()
  readonly #ahead: Aborted[]

  constructor(aborted: readonly Aborted[]) {
    this.#ahead = aborted.toSorted((left, right) => left.first - right.first)
  }

  /** Batches must be asked about one after the other. */
  hold(batch: Buffer, first: number): boolean {
    if (this.#ahead.length === 0 && this.#producers.size === 0) return false
    while (this.#ahead[0] !== undefined && this.#ahead[0].first <= first + lastDeltaOf(batch, 0)) {
      this.#producers.add(this.#ahead[0].producer)
      this.#ahead.shift()
    }
    const attributes = batch.readInt16BE(place.attributes)
    const producer = int64At(batch, place.producer)
    if ((attributes & isControl) !== 0) this.#producers.delete(producer)
    return (attributes & isTransactional) !== 0 && this.#producers.has(producer)
  }
}

/** The leader's epoch in which the last of them was written; undefined where there is none. */
export function lastEpochOf(bytes: Buffer): number | undefined {
  let epoch: number | undefined
  for (let at = 0; at + place.records <= bytes.length; ) {
    const end = endOf(bytes, at)
    if (end === undefined) break
    epoch = bytes.readInt32BE(at + place.leaderEpoch)
    at = end
  }
  return epoch
}

/** Undefined for one that is not whole: a broker cuts the last batch off where its answer is full. */
function endOf(bytes: Buffer, at: number): number | undefined {
  const end = at + place.length + 4 + bytes.readInt32BE(at + place.length)
  return end > bytes.length || end < at + place.magic ? undefined : end
}

function lastDeltaOf(bytes: Buffer, at: number): number {
  return bytes.readUInt8(at + place.magic) === 2 ? Math.max(0, bytes.readInt32BE(at + place.lastDelta)) : 0
}

function readBatch(batch: Buffer, first: number, after: number, into: LogRecord[]): void {
  const magic = batch.readUInt8(place.magic)
  if (magic !== 2) throw new Error(`a batch of format ${magic}`)
  const attributes = batch.readInt16BE(place.attributes)
  if ((attributes & isControl) !== 0) return
  const firstTime = int64At(batch, place.firstTime)
  const logTime = (attributes & isLogTime) === 0 ? undefined : int64At(batch, place.maxTime)
  const cursor = new ByteCursor(unpacked(batch.subarray(place.records), attributes & compression))
  for (let left = batch.readInt32BE(place.count); left > 0; left--) {
    const length = cursor.signed()
    const end = cursor.at + length
    // The attributes of a record mean nothing yet.
    cursor.at++
    const delta = cursor.signed()
    const time = logTime ?? firstTime + delta
    const offset = first + cursor.signed()
    if (offset > after) into.push(recordOf(cursor, offset, time))
    if (cursor.at > end) throw new Error('a record that is longer than it says')
    cursor.at = end
  }
}

function recordOf(cursor: ByteCursor, offset: number, time: number): LogRecord {
  const key = cursor.text() ?? ''
  const value = cursor.text() ?? ''
  const count = cursor.signed()
  if (count <= 0) return { key, value, offset, time }
  const headers: Record<string, string> = {}
  for (let left = count; left > 0; left--) {
    const name = cursor.text() ?? ''
    headers[name] = cursor.text() ?? ''
  }
  return { key, value, headers, offset, time }
}

function unpacked(bytes: Buffer, mask: number): Buffer {
  if (mask === 0) return bytes
  const algorithms: Readonly<Record<number, { decompressSync(data: Buffer): Buffer }>> = compressionsAlgorithmsByBitmask
  const algorithm = algorithms[mask]
  if (algorithm === undefined) throw new Error(`a compression that nobody knows: ${mask}`)
  return algorithm.decompressSync(bytes)
}
