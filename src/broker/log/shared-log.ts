/** A record: its key within the partition, its value, and what belongs to it beside both. */
export interface LogEntry {
  /** Records of one key are in one partition, so that their order is the same for all. */
  readonly key: string
  /** Text as it was given. */
  readonly value: string
  readonly headers?: Readonly<Record<string, string>>
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
  /** @param readTo everything up to here has been given, though there may be no record at that place: a log may drop some of its records */
  take(records: readonly LogRecord[], readTo: number): void
  /** The log has dropped what this reader had not read yet: everything up to this offset. It goes on behind it. */
  missed(upTo: number): void
  /** The log is another one now, of another epoch: made anew, or it lost what was read already. The reading goes on with its oldest record. */
  restarted(bounds: LogBounds): void
  /** The log is not there any more, and this was all. Without it, a reader waits until there is one again, and the log is silent meanwhile. */
  gone?: (() => void) | undefined
}

export interface LogReading {
  close(): void
}

/** How much one piece of a log may be. It has one record at least, where there is one. */
export interface SliceLimits {
  readonly records: number
  readonly bytes: number
}

/** A piece of a partition. */
export interface LogSlice {
  readonly records: readonly LogRecord[]
  /** Everything after the asked offset and up to here has been read: the last record, or further where there is none between. */
  readonly readTo: number
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
  /** The last offset before a time: a reading that begins after it misses nothing since then. 0 where nothing was before. */
  offsetAt(partition: number, timeMs: number): Promise<number>
  /** The next records after an offset, once and within limits. What the log has dropped is passed over: `bounds` tells. */
  slice(partition: number, after: number, limits: SliceLimits): Promise<LogSlice>
  /**
   * Gives every record after an offset, in order and without a gap, then those that come. What goes wrong on the way is tried on until
   * `close`: a reader is late then, and never misses anything.
   */
  read(partition: number, after: number, reader: LogReader): LogReading
  /** How long the log has not answered some reading of this node, in milliseconds; 0 where it answers all, or nothing is read. */
  silentMs(): number
}

/** Where the channels of a namespace are, if not in the log that all share. */
export type NamespaceLog =
  | { readonly mapping: 'shared'; readonly log: SharedLog }
  | {
      readonly mapping: 'per-channel'
      /** What the names of topics begin with, before the channel's own. */
      readonly prefix: string
      /** The topic of this name, a log of one partition. It is made where it is not there. */
      open(topic: string): Promise<SharedLog>
    }

/** The logs of a cluster. */
export interface SharedLogs {
  /** Publications and what belongs to a channel, by its name. */
  readonly channels: SharedLog
  /** Namespaces whose channels are elsewhere. */
  readonly namespaces?: ReadonlyMap<string, NamespaceLog>
  /**
   * Values of `channels` as rows, in as many partitions: it keeps the newest record of each key, and takes an empty one without headers for its removal.
   * Without it, a node reads all records from which values come.
   */
  readonly states?: SharedLog
  /** Messages to every node, in one partition. */
  readonly controls: SharedLog
}

/** The partition of a key, as Kafka's own producers choose it, so that other systems may write by key. */
export function partitionOf(key: string, partitions: number): number {
  return (Bun.hash.murmur32v2(key, 0x97_47_b2_8c) & 0x7f_ff_ff_ff) % partitions
}

/** About what a record takes: in a batch, on its way, and in a slice. */
export function bytesOf({ key, value, headers }: LogEntry): number {
  let bytes = key.length + Buffer.byteLength(value)
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0)
  return bytes
}
