import type { LogBounds, LogEntry, LogReader, LogReading, LogSlice, SharedLog, SliceLimits } from '../log/index.ts'
import type { Appender } from './appender.ts'
import type { PartitionQuestions } from './partition-questions.ts'
import type { PartitionReader } from './partition-reader.ts'
import type { KafkaTopic } from './topics.ts'

export interface KafkaLogContext {
  readonly appender: Appender
  readonly reader: PartitionReader
  readonly questions: PartitionQuestions
}

/** A topic of Kafka as a log that nodes share. Places are one more than Kafka's offsets, so that 0 is before the first. */
export class KafkaLog implements SharedLog {
  constructor(
    readonly topic: KafkaTopic,
    readonly context: KafkaLogContext,
  ) {}

  get partitions(): number {
    return this.topic.partitions
  }

  append(partition: number, entries: readonly LogEntry[]): Promise<void> {
    return this.context.appender.append(this.topic, this.#checked(partition), entries)
  }

  async bounds(partition: number): Promise<LogBounds> {
    return this.context.questions.bounds(this.topic.name, this.#checked(partition))
  }

  async offsetAt(partition: number, timeMs: number): Promise<number> {
    return this.context.questions.offsetAt(this.topic.name, this.#checked(partition), timeMs)
  }

  async slice(partition: number, after: number, limits: SliceLimits): Promise<LogSlice> {
    return this.context.questions.slice(this.topic.name, this.#checked(partition), after, limits)
  }

  read(partition: number, after: number, reader: LogReader): LogReading {
    return this.context.reader.read(this.topic, this.#checked(partition), after, reader)
  }

  silentMs(): number {
    return this.context.reader.silentMs(this.topic.name)
  }

  #checked(partition: number): number {
    if (partition >= 0 && partition < this.topic.partitions) return partition
    throw new RangeError(`the log has ${this.topic.partitions} partitions, and no ${partition}`)
  }
}
