import type { SliceLimits } from './shared-log.ts'

/** Every bound of the brokers that stand on a log, with its unit and its reason. */
export interface LogLimits {
  /**
   * Bytes of publications that a node keeps of all channels, so that whoever comes back is answered from memory. Beyond: what no history needs any more
   * goes first, then the oldest; positions before it are read back from the log.
   */
  readonly tailBytesMax: number
  /** Bytes of one segment of them: little enough that clearing one takes no turn of the loop, and enough that a segment has a thousand records. */
  readonly tailSegmentBytes: number
  /**
   * Records of all partitions, each having an equal share, that a node reads before it is ready, in some 4 s. Partitions are never quite
   * alike: a million records need a quarter more. Beyond: it begins later, and positions before it are read back.
   */
  readonly startRecordsMax: number
  /** Records that one reading back goes through. Beyond: what lies before is not recovered. It costs some 5 us a record. */
  readonly readBackRecordsMax: number
  /**
   * Records of a partition, before those that histories need, that a node that starts reads for their idempotency keys, five minutes back at most.
   * As many as keys that are remembered: some 0.5 s a partition. Beyond: it takes for new what older nodes know for repeated.
   */
  readonly repeatedRecordsMax: number
  /** One piece of it. */
  readonly readBackSlice: SliceLimits
  /** Recoveries that wait to be read back in a partition. Beyond: they are not recovered. */
  readonly readBacksMax: number
  /** Topics of one channel each that are open at once. Beyond: error 106. A thousand cost Kafka no more than one, and each is read by itself. */
  readonly topicsMax: number
  /** Idempotency keys of a partition. Beyond: the oldest is forgotten, on every node alike. */
  readonly keysMax: number
}

export const defaultLogLimits: LogLimits = {
  tailBytesMax: 256 * 1024 * 1024,
  tailSegmentBytes: 256 * 1024,
  startRecordsMax: 1_250_000,
  readBackRecordsMax: 20_000,
  repeatedRecordsMax: 100_000,
  readBackSlice: { records: 1_000, bytes: 1024 * 1024 },
  readBacksMax: 10_000,
  topicsMax: 2_000,
  keysMax: 100_000,
}
