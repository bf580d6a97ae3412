import { every, type Timer } from '../../kit/index.ts'
import type { LogBounds } from '../log/index.ts'
import { Appender } from './appender.ts'
import { ClusterMap, type Leader } from './cluster-map.ts'
import { KafkaError, problemOf } from './kafka-error.ts'
import { KafkaLog } from './kafka-log.ts'
import type { KafkaOptions } from './kafka-options.ts'
import { kafkaLimits } from './limits.ts'
import { PartitionQuestions } from './partition-questions.ts'
import { PartitionReader } from './partition-reader.ts'
import { TopicOpener } from './topic-opener.ts'
import type { TopicSpec } from './topics.ts'

export interface KafkaFigures {
  /** Partitions that are read, and the connections that read them. */
  readonly partitions: number
  readonly sessions: number
  /** Records that are in the log and not read here yet. */
  readonly lag: number
  readonly silentMs: number
  readonly reconnects: number
  readonly unreadable: number
  readonly appended: number
  readonly appendFailures: number
  readonly appendRetries: number
}

/** This node's way to a Kafka cluster, and to its topics as logs. */
export class KafkaCluster {
  readonly #map: ClusterMap
  readonly #appender: Appender
  readonly #reader: PartitionReader
  readonly #questions: PartitionQuestions
  readonly #topics: TopicOpener
  readonly #listeners = new Set<(isDeaf: boolean) => void>()
  readonly #tick: Timer
  #wasDeaf = false

  private constructor(readonly options: KafkaOptions) {
    this.#map = new ClusterMap(options)
    this.#appender = new Appender(this.#map)
    this.#questions = new PartitionQuestions(this.#map)
    this.#topics = new TopicOpener(this.#map)
    this.#reader = new PartitionReader({
      map: this.#map,
      bounds: (topic, partition) => this.#questions.bounds(topic, partition),
      forked,
    })
    this.#tick = every(options.clock, kafkaLimits.tickMs, () => this.#look())
  }

  /** @throws KafkaError naming the option that is wrong, where no broker can be used */
  static async open(options: KafkaOptions): Promise<KafkaCluster> {
    const cluster = new KafkaCluster(options)
    try {
      await cluster.#reach()
      return cluster
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  /** A topic as a log; it is made where it is not there. Many at once are made together. @throws KafkaError for one that cannot be used */
  async log(spec: TopicSpec): Promise<KafkaLog> {
    const context = { appender: this.#appender, reader: this.#reader, questions: this.#questions }
    return new KafkaLog(await this.#topics.open(spec), context)
  }

  logs(specs: readonly TopicSpec[]): Promise<readonly KafkaLog[]> {
    return Promise.all(specs.map(spec => this.log(spec)))
  }

  /** Whether some partition has not been heard of for too long. */
  get isDeaf(): boolean {
    return this.#reader.silentMs() > kafkaLimits.deafMs
  }

  /** Calls whenever this node becomes deaf, or hears again. */
  onHealth(listener: (isDeaf: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get figures(): KafkaFigures {
    const { partitions, sessions, lag, reconnects, unreadable } = this.#reader
    const { appended, failures: appendFailures, retries: appendRetries } = this.#appender
    return { partitions, sessions, lag, silentMs: this.#reader.silentMs(), reconnects, unreadable, appended, appendFailures, appendRetries }
  }

  async close(): Promise<void> {
    this.#tick.cancel()
    this.#listeners.clear()
    this.#reader.close()
    this.#appender.close()
    this.#questions.close()
    this.#map.close()
  }

  async #reach(): Promise<void> {
    const { clock } = this.options
    const until = clock.now() + (this.options.openMs ?? kafkaLimits.openMs)
    for (;;) {
      try {
        await this.#map.find([])
        return
      } catch (error) {
        const failures: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
        const worst = failures.find(failure => !problemOf(failure).isPassing) ?? failures[0]
        const { path, isPassing } = problemOf(worst)
        const said = worst instanceof Error ? worst.message : 'no broker answers'
        if (!isPassing || clock.now() > until) throw new KafkaError(path, said, { cause: error })
      }
      await new Promise<void>(resolve => clock.after(kafkaLimits.retryMs, resolve))
    }
  }

  #look(): void {
    if (this.#reader.isWorried || this.#appender.isWorried) void this.#map.refresh()
    const { isDeaf } = this
    if (isDeaf === this.#wasDeaf) return
    this.#wasDeaf = isDeaf
    if (isDeaf) this.options.log.error({ ...this.figures }, 'Kafka does not answer: this node may be behind')
    else this.options.log.info({ ...this.figures }, 'Kafka answers again')
    for (const listener of this.#listeners) listener(isDeaf)
  }
}

/** A log that ends before what was read of it lost that, so its places mean something else: all nodes call it the same. */
function forked(bounds: LogBounds, leader: Leader | undefined): LogBounds {
  return { ...bounds, epoch: `${bounds.epoch}~${leader?.epoch ?? bounds.last}` }
}
