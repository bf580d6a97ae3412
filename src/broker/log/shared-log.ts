/** A record: its key within the partition, and its value. */
export interface LogEntry {
  /** Records of one key are in one partition, so that their order is the same for all. */
  readonly key: string
  readonly value: string
}

export interface LogRecord extends LogEntry {
  /** From 1. Grows within a partition, by one or by more. */
  readonly offset: number
  /** Unix milliseconds, by the log's own clock: the same for every reader. */
  readonly time: number
}

/** How far a partition reaches. */
export interface LogBounds {
  /** Offsets mean something within an epoch: a log that was made anew has another. */
  readonly epoch: string
  /** The oldest record that can be read; one more than `last` where there is none. */
  readonly first: number
  /** The newest, 0 where there never was one. */
  readonly last: number
}

export interface LogReader {
  take(records: readonly LogRecord[]): void
  /** The log has dropped what this reader had not read yet: everything up to this offset. It goes on behind it. */
  missed(upTo: number): void
}

export interface LogReading {
  close(): void
}

/**
 * A log that nodes share, in partitions of an order of their own: Kafka, or memory that several nodes of a process have. Every
 * implementation passes `sharedLogContract` of `test/contract/shared-log.ts`.
 */
export interface SharedLog {
  /** Fixed for ever: keys are spread over them by their hash. */
  readonly partitions: number
  /** Appends in order. Resolves when that is durable; where it fails, any of it may be there all the same, or still come, and even twice. */
  append(partition: number, entries: readonly LogEntry[]): Promise<void>
  bounds(partition: number): Promise<LogBounds>
  /**
   * Gives every record after an offset, in order and without a gap, then those that come. What goes wrong on the way is tried on until
   * `close`: a reader is late then, and never misses anything.
   */
  read(partition: number, after: number, reader: LogReader): LogReading
}

/** The logs of a cluster. */
export interface SharedLogs {
  /** Publications and what belongs to a channel, by its name. */
  readonly channels: SharedLog
  /** Messages to every node, in one partition. */
  readonly controls: SharedLog
  /** Who is there, in one partition. */
  readonly presence: SharedLog
}

/** The partition of a key, as Kafka's own producers choose it, so that other systems may write by key. */
export function partitionOf(key: string, partitions: number): number {
  return (Bun.hash.murmur32v2(key, 0x97_47_b2_8c) & 0x7f_ff_ff_ff) % partitions
}
