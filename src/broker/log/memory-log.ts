import { type Clock, type Random, randomId } from '../../kit/index.ts'
import { LogLine } from './log-line.ts'
import {
  bytesOf,
  type LogBounds,
  type LogEntry,
  type LogReader,
  type LogReading,
  type LogRecord,
  type LogSlice,
  type SharedLog,
  type SliceLimits,
} from './shared-log.ts'

export interface MemoryLogOptions {
  readonly clock: Clock
  readonly random: Random
  readonly partitions?: number
}

interface Partition {
  readonly records: LogRecord[]
  /** Offsets up to here have been given out. */
  last: number
  readonly readers: Set<() => void>
}

const partitionsDefault = 8
const epochBytes = 3

/** A log in the memory of one process, which several nodes may share. Each has a line of its own to it. */
export class MemoryLog implements SharedLog {
  readonly partitions: number
  /** When it was removed, for ever. */
  removedAt: number | undefined
  #epoch: string
  readonly #partitions: readonly Partition[]

  constructor(readonly options: MemoryLogOptions) {
    this.partitions = options.partitions ?? partitionsDefault
    this.#epoch = randomId(options.random, epochBytes)
    this.#partitions = Array.from({ length: this.partitions }, () => ({ records: [], last: 0, readers: new Set() }))
  }

  get epoch(): string {
    return this.#epoch
  }

  async append(partition: number, entries: readonly LogEntry[]): Promise<void> {
    this.appendNow(partition, entries)
  }

  appendNow(partition: number, entries: readonly LogEntry[]): void {
    const at = this.#at(partition)
    const newest = at.records.at(-1)?.time ?? 0
    // The order of a partition is that of its times, whatever the clock does.
    const time = Math.max(newest, this.options.clock.now())
    for (const { key, value, headers } of entries)
      at.records.push({ key, value, ...(headers === undefined ? {} : { headers }), offset: ++at.last, time })
    for (const wake of at.readers) wake()
  }

  async bounds(partition: number): Promise<LogBounds> {
    return this.boundsNow(partition)
  }

  boundsNow(partition: number): LogBounds {
    const { records, last } = this.#at(partition)
    return { epoch: this.#epoch, first: records[0]?.offset ?? last + 1, last }
  }

  async offsetAt(partition: number, timeMs: number): Promise<number> {
    const { records, last } = this.#at(partition)
    let low = 0
    let high = records.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((records[middle]?.time ?? Number.POSITIVE_INFINITY) < timeMs) low = middle + 1
      else high = middle
    }
    return (records[low]?.offset ?? last + 1) - 1
  }

  async slice(partition: number, after: number, { records: count, bytes: bytesMax }: SliceLimits): Promise<LogSlice> {
    const records: LogRecord[] = []
    let bytes = 0
    for (const record of this.recordsAfter(partition, after, count)) {
      bytes += bytesOf(record)
      if (bytes > bytesMax && records.length > 0) break
      records.push(record)
    }
    return { records, readTo: records.at(-1)?.offset ?? Math.max(after, this.#at(partition).last) }
  }

  read(partition: number, after: number, reader: LogReader): LogReading {
    return this.line(this.options.clock).read(partition, after, reader)
  }

  silentMs(): number {
    return 0
  }

  /** A node's own way to the log. */
  line(clock: Clock): LogLine {
    return new LogLine(this, clock)
  }

  /** Retention: records up to an offset are gone. */
  truncate(partition: number, upTo: number): void {
    const { records } = this.#at(partition)
    const kept = records.findIndex(({ offset }) => offset > upTo)
    records.splice(0, kept === -1 ? records.length : kept)
  }

  /** Compaction: of each key the newest record is left, and none of one that was removed. */
  compact(partition: number): void {
    const { records } = this.#at(partition)
    const newest = new Map(records.map(record => [record.key, record]))
    const left = records.filter(record => newest.get(record.key) === record && !(record.value === '' && record.headers === undefined))
    records.splice(0, records.length, ...left)
  }

  /** Another log takes its place, with nothing in it. */
  recreate(): void {
    this.#epoch = randomId(this.options.random, epochBytes)
    for (const partition of this.#partitions) {
      partition.records.length = 0
      partition.last = 0
      for (const wake of partition.readers) wake()
    }
  }

  /** It is not there any more. */
  remove(): void {
    this.removedAt = this.options.clock.now()
    for (const { readers } of this.#partitions) for (const wake of readers) wake()
  }

  /** At most so many records after an offset. */
  recordsAfter(partition: number, after: number, count: number): readonly LogRecord[] {
    const { records } = this.#at(partition)
    let low = 0
    let high = records.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((records[middle]?.offset ?? Number.POSITIVE_INFINITY) <= after) low = middle + 1
      else high = middle
    }
    return records.slice(low, low + count)
  }

  /** Calls whenever there is something new. */
  onGrowth(partition: number, wake: () => void): LogReading {
    const { readers } = this.#at(partition)
    readers.add(wake)
    return { close: () => readers.delete(wake) }
  }

  #at(partition: number): Partition {
    const at = this.#partitions[partition]
    if (at === undefined) throw new RangeError(`the log has ${this.partitions} partitions, and no ${partition}`)
    return at
  }
}
