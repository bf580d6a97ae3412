import { createTopicsV7, deleteRecordsV2, deleteTopicsV6, fetchV13 } from '@platformatic/kafka'
import { LogBroker, type LogReader, type LogReading, type SharedLog } from '../../src/broker/index.ts'
import { BrokerLine } from '../../src/broker/kafka/broker-line.ts'
import { KafkaCluster, type KafkaLog, type KafkaOptions } from '../../src/broker/kafka/index.ts'
import { brokerAddress } from '../../src/broker/kafka/kafka-options.ts'
import { type BrokerSink, defaultLimits, Namespaces, silentLog } from '../../src/hub/index.ts'
import { seededRandom, systemClock } from '../../src/kit/index.ts'
import { type Kafka, until } from '../kit/index.ts'
import { type BrokerStage, contractNamespaces, Heard } from './broker.ts'
import type { SharedLogStage } from './shared-log.ts'

const nobody: BrokerSink = { deliver() {}, control() {}, mayHaveMissed() {}, removed() {} }
const adminMs = 30_000
const bytesMax = 1_000_000

/** A way to a Kafka of tests, as a node has it. */
export function kafkaOptions(kafka: Kafka, more: Partial<KafkaOptions> = {}): KafkaOptions {
  return { clock: systemClock, random: seededRandom(1), log: silentLog, brokers: kafka.urls, ...more }
}

interface Followed {
  epoch: string | undefined
  readTo: number
}

/** A log that notes how far each of its readers is, so that a test can wait for them. */
class ReadBack implements SharedLog {
  readonly #readings = new Map<Followed, number>()

  constructor(readonly log: KafkaLog) {}

  get partitions(): number {
    return this.log.partitions
  }

  append: SharedLog['append'] = (partition, entries) => this.log.append(partition, entries)
  bounds: SharedLog['bounds'] = partition => this.log.bounds(partition)
  offsetAt: SharedLog['offsetAt'] = (partition, timeMs) => this.log.offsetAt(partition, timeMs)
  slice: SharedLog['slice'] = (partition, after, limits) => this.log.slice(partition, after, limits)
  silentMs = (): number => this.log.silentMs()

  read(partition: number, after: number, reader: LogReader): LogReading {
    const followed: Followed = { epoch: undefined, readTo: after }
    this.#readings.set(followed, partition)
    const reading = this.log.read(partition, after, {
      take: (records, readTo) => {
        reader.take(records, readTo)
        followed.readTo = readTo
      },
      missed: upTo => {
        reader.missed(upTo)
        followed.readTo = upTo
      },
      restarted: bounds => {
        reader.restarted(bounds)
        followed.epoch = bounds.epoch
        followed.readTo = bounds.first - 1
      },
    })
    return {
      close: () => {
        reading.close()
        this.#readings.delete(followed)
      },
    }
  }

  /** Resolves when everybody has read all that there is. */
  async settled(): Promise<void> {
    for (const [followed, partition] of this.#readings) {
      await until(`partition ${partition} of ${this.log.topic.name} is read`, async () => {
        const { epoch, last } = await this.bounds(partition)
        followed.epoch ??= epoch
        return followed.epoch === epoch && followed.readTo >= last
      })
    }
  }
}

/** What tests do to topics from outside. */
export class TopicAdmin {
  readonly #line: BrokerLine

  constructor(kafka: Kafka) {
    const [first = ''] = kafka.urls
    this.#line = new BrokerLine(brokerAddress(first), 'test', { requestTimeout: adminMs })
  }

  async create(name: string, partitions: number, configs: Readonly<Record<string, string>> = {}, replicas = 1): Promise<void> {
    const given = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    const topic = { name, numPartitions: partitions, replicationFactor: replicas, assignments: [], configs: given }
    await until(`topic ${name} is made`, async () => {
      const { topics } = await this.#line.ask(createTopicsV7.api, [topic], adminMs, false)
      return topics[0]?.errorCode === 0
    })
  }

  async delete(name: string): Promise<void> {
    await this.#line.ask(deleteTopicsV6.api, [{ name }], adminMs)
  }

  async truncate(name: string, partition: number, upTo: number): Promise<void> {
    const partitions = [{ partitionIndex: partition, offset: BigInt(upTo) }]
    await this.#line.ask(deleteRecordsV2.api, [{ name, partitions }], adminMs)
  }

  /** What Kafka has in the first partition of a topic, as its own client reads it: null is what compaction takes for a removal. */
  async values(topicId: string): Promise<(string | null)[]> {
    const asked = { partition: 0, currentLeaderEpoch: -1, fetchOffset: 0n, lastFetchedEpoch: -1, partitionMaxBytes: bytesMax }
    const topics = [{ topicId, partitions: [asked] }]
    const { responses } = await this.#line.ask(fetchV13.api, 0, 0, bytesMax, 0, 0, -1, topics, [], '')
    const batches = responses.flatMap(({ partitions }) => partitions.flatMap(({ records }) => records ?? []))
    return batches.flatMap(({ records }) => records.map(({ value }) => value?.toString() ?? null))
  }

  close(): void {
    this.#line.close()
  }
}

/** The ways of two nodes to one Kafka, which the stages of a file share; each has topics of its own. */
export class KafkaStages {
  #topics = 0

  private constructor(
    readonly kafka: Kafka,
    readonly one: KafkaCluster,
    readonly other: KafkaCluster,
    readonly admin: TopicAdmin,
  ) {}

  static async open(kafka: Kafka): Promise<KafkaStages> {
    const [one, other] = await Promise.all([KafkaCluster.open(kafkaOptions(kafka)), KafkaCluster.open(kafkaOptions(kafka))])
    return new KafkaStages(kafka, one, other, new TopicAdmin(kafka))
  }

  newTopic(): string {
    return `topic-${++this.#topics}`
  }

  async log(): Promise<SharedLogStage> {
    const name = this.newTopic()
    const spec = { name, partitions: 2, path: 'kafka.topics' }
    const log = new ReadBack(await this.one.log(spec))
    const other = new ReadBack(await this.other.log(spec))
    return {
      ...{ log, other, done: work => work },
      settle: async () => void (await Promise.all([log.settled(), other.settled()])),
      truncate: (partition, upTo) => this.admin.truncate(name, partition, upTo),
      recreate: async () => {
        await this.admin.delete(name)
        await this.admin.create(name, spec.partitions)
      },
      close: async () => undefined,
    }
  }

  /** A node over Kafka, beside another one that is there all the time. */
  async broker(): Promise<BrokerStage> {
    const channels = { name: this.newTopic(), partitions: 2, path: 'kafka.topics' }
    const controls = { name: this.newTopic(), partitions: 1, path: 'kafka.topics' }
    const nodes = await Promise.all([this.one, this.other].map(cluster => this.#node(cluster, channels, controls)))
    const [node] = nodes
    if (node === undefined) throw new Error('no node')
    const heard = new Heard()
    node.broker.attach(heard)
    return {
      ...{ broker: node.broker, heard, done: work => work },
      settle: async () => void (await Promise.all(nodes.flatMap(({ logs }) => logs.map(log => log.settled())))),
      close: async () => void (await Promise.all(nodes.map(({ broker }) => broker.close()))),
    }
  }

  async close(): Promise<void> {
    this.admin.close()
    await Promise.all([this.one.close(), this.other.close()])
  }

  async #node(cluster: KafkaCluster, ...specs: readonly Parameters<KafkaCluster['log']>[0][]) {
    const logs = (await cluster.logs(specs)).map(log => new ReadBack(log))
    const [channels, controls] = logs
    if (channels === undefined || controls === undefined) throw new Error('no logs')
    const namespaces = new Namespaces(contractNamespaces)
    const options = { clock: systemClock, random: seededRandom(this.#topics), log: silentLog, namespaces, limits: defaultLimits }
    const broker = new LogBroker({ ...options, logs: { channels, controls } }, nobody)
    await broker.ready
    return { broker, logs }
  }
}
