import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { Producer } from '@platformatic/kafka'
import { BrokerLine } from '../../src/broker/kafka/broker-line.ts'
import { committedOnly, fetchApi } from '../../src/broker/kafka/fetch-answer.ts'
import { KafkaCluster, type KafkaLog, type KafkaOptions } from '../../src/broker/kafka/index.ts'
import { brokerAddress } from '../../src/broker/kafka/kafka-options.ts'
import { atEnd, type KafkaOptions as EngineOptions, type Kafka, lacksKafka, quiet, startKafka, until } from '../kit/index.ts'
import { kafkaOptions, TopicAdmin } from './over-kafka.ts'

const partitions = 8
const brokerDownMs = 10_000

async function started(options: EngineOptions): Promise<Kafka> {
  const kafka = await startKafka(options)
  atEnd(() => kafka.close())
  return kafka
}

async function opened(kafka: Kafka, more: Partial<KafkaOptions> = {}): Promise<KafkaCluster> {
  const cluster = await KafkaCluster.open(kafkaOptions(kafka, more))
  atEnd(() => cluster.close())
  return cluster
}

/** Writes one record after the other to each partition, each until it is acknowledged, under an id of its own. */
class Writers {
  readonly acknowledged: number[][] = Array.from({ length: partitions }, () => [])
  readonly #running: Promise<void>[]
  #isOver = false

  constructor(readonly log: KafkaLog) {
    this.#running = this.acknowledged.map((_, partition) => this.#write(partition))
  }

  get fewest(): number {
    return Math.min(...this.acknowledged.map(({ length }) => length))
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
  }

  async #write(partition: number): Promise<void> {
    for (let n = 1; !this.#isOver; n++) {
      const entry = { key: 'k', value: `${n}`, headers: { id: `${partition}-${n}` } }
      for (let isWritten = false; !isWritten; ) {
        isWritten = await this.log.append(partition, [entry]).then(
          () => true,
          () => false,
        )
      }
      this.acknowledged[partition]?.push(n)
      await quiet(2)
    }
  }
}

/** What a reader of the log has, with the ids that came again. */
class Readers {
  readonly numbers: number[][] = Array.from({ length: partitions }, () => [])
  readonly problems: string[] = []
  again = 0
  readonly #ids = new Set<string>()

  constructor(log: KafkaLog) {
    for (const [partition, numbers] of this.numbers.entries()) {
      const reading = log.read(partition, 0, {
        take: records => {
          for (const { value, headers } of records) {
            const id = headers?.id ?? ''
            if (this.#ids.has(id)) this.again++
            else numbers.push(Number(value))
            this.#ids.add(id)
          }
        },
        missed: upTo => void this.problems.push(`missed ${upTo}`),
        restarted: ({ epoch }) => void this.problems.push(`restarted ${epoch}`),
      })
      atEnd(() => reading.close())
    }
  }
}

describe.skipIf(lacksKafka('logs on three brokers'))('Kafka with three brokers', () => {
  test('[KF12] while the broker that leads is killed, and another stands still, no record is lost and none is out of order', async () => {
    const kafka = await started({ brokers: 3 })
    const [writing, reading] = [await opened(kafka), await opened(kafka)]
    const spec = { name: 'kept', partitions, path: 'kafka.topics' }
    const writers = new Writers(await writing.log(spec))
    const readers = new Readers(await reading.log(spec))
    const more = async (count: number) => {
      const target = writers.fewest + count
      await until(`${count} more are written everywhere`, () => writers.fewest >= target)
    }
    await more(50)
    const first = await kafka.leaderOf(spec.name)
    await kafka.kill(first)
    await more(50)
    await quiet(brokerDownMs)
    await kafka.restart(first)
    await more(50)
    const second = await kafka.leaderOf(spec.name)
    kafka.stop(second)
    atEnd(() => kafka.goOn(second))
    await quiet(brokerDownMs)
    kafka.goOn(second)
    await more(50)
    await writers.end()
    const last = writers.acknowledged.map(numbers => numbers.at(-1) ?? 0)
    await until('all are read', () => readers.numbers.every((numbers, partition) => numbers.at(-1) === last[partition]))
    expect(readers.numbers).toEqual(writers.acknowledged)
    expect(readers.problems).toEqual([])
  })
})

describe.skipIf(lacksKafka('records of other clients'))('Kafka that others write to', () => {
  test('[KF15] records of other clients are read: compressed, without a key, larger than an answer, and in transactions, whose end holds nobody up', async () => {
    const kafka = await started({})
    const admin = new TopicAdmin(kafka)
    atEnd(() => admin.close())
    const topic = 'feed'
    await admin.create(topic, 1, { 'max.message.bytes': '8000000' })
    const log = await (await opened(kafka)).log({ name: topic, partitions: 1, path: 'kafka.topics' })
    const values: string[] = []
    let reached = 0
    const reading = log.read(0, 0, {
      take: (records, readTo) => {
        values.push(...records.map(({ value }) => value))
        reached = readTo
      },
      missed() {},
      restarted() {},
    })
    atEnd(() => reading.close())
    const base = { clientId: 'other', bootstrapBrokers: kafka.urls, acks: -1, retries: 20, retryDelay: 500 }
    const producer = new Producer(base)
    atEnd(() => producer.close())
    const message = (value: string) => ({ topic, partition: 0, value: Buffer.from(value) })
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)
      await producer.send({ messages: [message(compression), message(`${compression} again`)], compression })
    const large = 'x'.repeat(3_000_000)
    await producer.send({ messages: [message(large)] })
    const own = new Producer({ ...base, transactionalId: 'feed', idempotent: true })
    atEnd(() => own.close())
    const transaction = await own.beginTransaction()
    await transaction.send({ messages: [message('in a transaction')] })
    await transaction.commit()
    const all = ['none', 'gzip', 'snappy', 'lz4', 'zstd'].flatMap(name => [name, `${name} again`])
    const given = [...all, 'large', 'in a transaction']
    await until('all is read, with the marker at the end', () => reached === given.length + 1)
    expect(values.map(value => (value === large ? 'large' : value))).toEqual(given)
    expect((await log.bounds(0)).last).toBe(reached)
  })

  test('[KF72] records of a transaction are read once it is committed, and never where it was given up', async () => {
    const kafka = await started({})
    const log = await (await opened(kafka)).log({ name: 'feed', partitions: 1, path: 'kafka.topics' })
    const values: string[] = []
    let reached = 0
    const reading = log.read(0, 0, {
      take: (records, readTo) => {
        values.push(...records.map(({ value }) => value))
        reached = readTo
      },
      missed() {},
      restarted() {},
    })
    atEnd(() => reading.close())
    const base = { clientId: 'other', bootstrapBrokers: kafka.urls, acks: -1, retries: 20, retryDelay: 500 }
    const producer = new Producer({ ...base, transactionalId: 'feed', idempotent: true })
    atEnd(() => producer.close())
    const message = (value: string) => ({ topic: 'feed', partition: 0, value: Buffer.from(value) })
    const given = await producer.beginTransaction()
    await given.send({ messages: [message('given up')] })
    // What waits behind a transaction is not there yet for anybody.
    await log.append(0, [{ key: 'k', value: 'behind it' }])
    expect((await log.bounds(0)).last).toBe(0)
    await given.abort()
    const kept = await producer.beginTransaction()
    await kept.send({ messages: [message('committed')] })
    await kept.commit()
    await until('all is read, with the markers', () => reached === 5)
    expect(values).toEqual(['behind it', 'committed'])
    const slice = await log.slice(0, 0, { records: 10, bytes: 10_000 })
    expect([slice.records.map(({ value }) => value), slice.readTo]).toEqual([values, 5])
    expect((await log.bounds(0)).last).toBe(5)
  })
})

describe.skipIf(lacksKafka('logs that lost something'))('Kafka that has lost what was read of it', () => {
  test('[KF73] a broker tells who has read more of an epoch than its log holds, and nobody else', async () => {
    const kafka = await started({})
    const log = await (await opened(kafka)).log({ name: 'lossy', partitions: 1, path: 'kafka.topics' })
    const write = async (count: number) => {
      for (let n = 0; n < count; n++) await log.append(0, [{ key: 'k', value: `${n}` }])
    }
    await write(3)
    const before = await log.slice(0, 0, { records: 10, bytes: 10_000 })
    expect(before.readTo).toBe(3)
    // With the broker that starts again, another epoch begins.
    await kafka.kill(1)
    await kafka.restart(1)
    await until('it is written again', () =>
      write(4).then(
        () => true,
        () => false,
      ),
    )
    const line = new BrokerLine(brokerAddress(kafka.urls[0] ?? ''), 'test', { requestTimeout: 30_000 })
    atEnd(() => line.close())
    const fetch = async (fetchOffset: number, lastFetchedEpoch: number) => {
      const place = { partition: 0, currentLeaderEpoch: -1, fetchOffset: BigInt(fetchOffset), lastFetchedEpoch, partitionMaxBytes: 10_000 }
      const topics = [{ topicId: log.topic.id, partitions: [place] }]
      const { partitions } = await line.ask(fetchApi, 0, 0, 10_000, committedOnly, 0, -1, topics, [], '')
      return partitions
    }
    const ask = async (fetchOffset: number, lastFetchedEpoch: number) =>
      (await fetch(fetchOffset, lastFetchedEpoch)).map(({ code, isForked, bytes }) => ({ code, isForked, isEmpty: bytes.length === 0 }))
    const [first] = await fetch(0, -1)
    // The epoch of the first batch.
    const epoch = first?.bytes.readInt32BE(12) ?? -1
    expect(await ask(3, epoch)).toEqual([{ code: 0, isForked: false, isEmpty: false }])
    expect(await ask(5, epoch)).toEqual([{ code: 0, isForked: true, isEmpty: true }])
    expect(await ask(5, -1)).toEqual([{ code: 0, isForked: false, isEmpty: false }])
  })
})

describe.skipIf(lacksKafka('TLS and credentials of Kafka'))('Kafka that asks who comes', () => {
  const user = { username: 'fanfare', password: 'a secret' } as const
  const works = async (cluster: KafkaCluster) => {
    const log = await cluster.log({ name: 'secure', partitions: 1, path: 'kafka.topics' })
    await log.append(0, [{ key: 'k', value: 'v' }])
    const { last } = await log.bounds(0)
    const { records } = await log.slice(0, last - 1, { records: 1, bytes: 1000 })
    expect(records.map(({ value }) => value)).toEqual(['v'])
  }
  const refusal = (kafka: Kafka, more: Partial<KafkaOptions>) => opened(kafka, { openMs: 1000, ...more }).catch((error: unknown) => error)

  test('[KF13] by TLS with SCRAM: what is wrong stops the start at once and names its option', async () => {
    const kafka = await started({ tls: true, sasl: { mechanism: 'SCRAM-SHA-512', ...user } })
    const ca = readFileSync(kafka.keys?.ca ?? '', 'utf8')
    const right = { ...user, mechanism: 'SCRAM-SHA-512', tls: { ca } } as const
    await works(await opened(kafka, right))
    expect(await refusal(kafka, { ...right, password: 'wrong' })).toMatchObject({ path: 'kafka.password' })
    expect(await refusal(kafka, { ...right, username: 'nobody' })).toMatchObject({ path: 'kafka.password' })
    expect(await refusal(kafka, { ...right, mechanism: 'PLAIN' })).toMatchObject({ path: 'kafka.mechanism' })
    expect(await refusal(kafka, { ...right, tls: {} })).toMatchObject({ path: 'kafka.tls.ca' })
    expect(await refusal(kafka, { ...right, tls: { ca, servername: 'elsewhere.example' } })).toMatchObject({ path: 'kafka.tls.servername' })
    expect(await refusal(kafka, { ...right, tls: undefined })).toMatchObject({ path: 'broker', message: expect.stringMatching(/TLS/) })
  })

  test('[KF13] by TLS where the broker asks for a certificate', async () => {
    const kafka = await started({ tls: 'mutual' })
    const { ca, client } = kafka.keys ?? { ca: '', client: { cert: '', key: '' } }
    const [authority, cert, key] = [ca, client.cert, client.key].map(path => readFileSync(path, 'utf8'))
    await works(await opened(kafka, { tls: { ca: authority, cert, key } }))
    expect(await refusal(kafka, { tls: { ca: authority } })).toMatchObject({ path: expect.stringMatching(/^(kafka\.tls\.cert|broker)$/) })
  })

  test.each(['PLAIN', 'SCRAM-SHA-256'] as const)('[KF13] with user name and password by %s', async mechanism => {
    const kafka = await started({ sasl: { mechanism, ...user } })
    await works(await opened(kafka, { ...user, mechanism }))
    expect(await refusal(kafka, { ...user, mechanism, password: 'wrong' })).toMatchObject({ path: 'kafka.password' })
    expect(await refusal(kafka, {})).toMatchObject({ path: 'broker', message: expect.stringMatching(/user name/) })
  })

  test('[KF13] a broker that does not speak TLS, or knows no users, says so', async () => {
    const kafka = await started({})
    expect(await refusal(kafka, { tls: {} })).toMatchObject({ path: 'broker', message: expect.stringMatching(/TLS/) })
    expect(await refusal(kafka, { ...user, mechanism: 'PLAIN' })).toMatchObject({ path: expect.stringMatching(/^kafka\.|^broker/) })
  })
})
