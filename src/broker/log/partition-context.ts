import type { BrokerSink, Log, Namespace } from '../../hub/index.ts'
import type { Clock, Random } from '../../kit/index.ts'
import type { AnnouncedClients } from './announced-clients.ts'
import type { ByteTail } from './byte-tail.ts'
import type { LogLimits } from './limits.ts'
import type { RecordBounds } from './record-form.ts'
import type { LogRecord, SharedLog } from './shared-log.ts'
import type { SkippedRecords } from './skipped-records.ts'

/** What a partition knows of its node. */
export interface PartitionContext {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly channels: SharedLog
  readonly limits: LogLimits
  readonly bounds: RecordBounds
  readonly tail: ByteTail
  readonly skipped: SkippedRecords
  readonly announced: AnnouncedClients
  /** The channel of a record; undefined where it belongs elsewhere. */
  channelOf(record: LogRecord): string | undefined
  /** Records that are read before a node is ready. */
  readonly recordsMax: number
  /** Channels that a partition knows at most. Beyond: the one known for longest that nobody follows is forgotten. */
  readonly channelsMax: number
  namespaceOf(channel: string): Namespace | undefined
  isFollowed(channel: string): boolean
  sinks(): readonly BrokerSink[]
  /** How far back a node reads when it starts. */
  keepMs(withValues: boolean): number
  /** Hears that the log is not there any more, or not there yet. Without it, that is waited for. */
  gone?: (() => void) | undefined
  /** Rows of what channels hold beside their histories, in as many partitions; absent where nobody writes them. */
  readonly states?: SharedLog | undefined
}
