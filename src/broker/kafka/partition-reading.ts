import type { Log } from '../../hub/index.ts'
import type { LogBounds, LogReader, LogRecord } from '../log/index.ts'
import type { Leader } from './cluster-map.ts'
import type { FetchedPartition } from './fetch-answer.ts'
import { kafkaLimits } from './limits.ts'
import { lastEpochOf, recordsOf, type Unreadable } from './record-batch.ts'

export interface PartitionReadingContext {
  readonly log: Log
  now(): number
  unreadable(reading: PartitionReading, found: Unreadable): void
}

const unknownEpoch = -1

/** How far one reader has read one partition, and what is still to be handed to it. */
export class PartitionReading {
  /** The broker that serves it, or that did so last. */
  leader: Leader | undefined
  /** When a broker answered last, before the session that it is in now. */
  heardAt: number
  /** Until when the broker that failed is left alone. */
  notBefore = 0
  /** Where to read is being asked: until then nobody serves it. */
  isAsking = false
  isClosed = false
  /** Since when the cluster says that there is no such topic, where the reader wants to know. */
  goneSince: number | undefined
  /** Behind the end of the log, as far as is known. */
  lag = 0
  /** Everything up to here has been fetched. */
  #fetchedTo: number
  /** The leader's epoch in which the record there was written: a broker whose log has another one says so. */
  #fetchedEpoch = unknownEpoch
  #waiting: LogRecord[] = []
  #newest = 0

  constructor(
    readonly topic: string,
    readonly partition: number,
    /** Whether its topic has no other partition. */
    readonly isSingle: boolean,
    /** Of the topic that is read: one of the same name may take its place. */
    public topicId: string,
    after: number,
    readonly reader: LogReader,
    readonly context: PartitionReadingContext,
  ) {
    this.#fetchedTo = after
    this.heardAt = context.now()
  }

  get fetchedTo(): number {
    return this.#fetchedTo
  }

  request() {
    return {
      partition: this.partition,
      currentLeaderEpoch: this.leader?.epoch ?? -1,
      // What is one more than Kafka's offset of the last record is Kafka's offset of the next one.
      fetchOffset: BigInt(this.#fetchedTo),
      lastFetchedEpoch: this.#fetchedEpoch,
      partitionMaxBytes: kafkaLimits.partitionBytesMax,
    }
  }

  /** Whether there was anything new. */
  taken({ bytes, highWatermark, aborted }: FetchedPartition): boolean {
    const { records, readTo, unreadable } = recordsOf(bytes, this.#fetchedTo, aborted)
    for (const found of unreadable) this.context.unreadable(this, found)
    this.#fetchedEpoch = lastEpochOf(bytes) ?? this.#fetchedEpoch
    this.lag = Math.max(0, highWatermark - readTo)
    if (readTo === this.#fetchedTo) return false
    this.#fetchedTo = readTo
    this.#waiting = this.#waiting.length === 0 ? records : [...this.#waiting, ...records]
    return true
  }

  /** Hands over the next of what has come. @returns how many records; there is more where that is `recordsMax` */
  deliver(recordsMax: number): number {
    const isAll = this.#waiting.length < recordsMax
    const batch = isAll ? this.#waiting : this.#waiting.slice(0, recordsMax)
    this.#waiting = isAll ? [] : this.#waiting.slice(recordsMax)
    const readTo = isAll ? this.#fetchedTo : (batch.at(-1)?.offset ?? this.#fetchedTo)
    if (!this.isClosed) this.#tell(() => this.reader.take(this.#inTime(batch), readTo))
    return batch.length
  }

  /** A broker that dropped what was written in that epoch cannot tell. */
  forgetEpoch(): void {
    this.#fetchedEpoch = unknownEpoch
  }

  /** The log begins behind what was to be read. */
  skip(upTo: number): void {
    this.deliver(Number.POSITIVE_INFINITY)
    this.#fetchedTo = upTo
    this.forgetEpoch()
    this.#tell(() => this.reader.missed(upTo))
  }

  /** Another log stands where this one was. */
  restart(topicId: string, bounds: LogBounds): void {
    this.deliver(Number.POSITIVE_INFINITY)
    this.topicId = topicId
    this.#fetchedTo = bounds.first - 1
    this.#newest = 0
    this.forgetEpoch()
    this.#tell(() => this.reader.restarted(bounds))
  }

  /** There is no log any more. */
  end(): void {
    this.deliver(Number.POSITIVE_INFINITY)
    this.isClosed = true
    this.#tell(() => this.reader.gone?.())
  }

  /** Topics of others may have the times of their writers. They must not go back all the same. */
  #inTime(records: readonly LogRecord[]): readonly LogRecord[] {
    const isInOrder = records.every(({ time }) => {
      const isLater = time >= this.#newest
      if (isLater) this.#newest = time
      return isLater
    })
    if (isInOrder) return records
    return records.map(record => {
      this.#newest = Math.max(this.#newest, record.time)
      return { ...record, time: this.#newest }
    })
  }

  #tell(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.context.log.error({ err: error, topic: this.topic, partition: this.partition }, 'a reader of the log failed')
    }
  }
}
