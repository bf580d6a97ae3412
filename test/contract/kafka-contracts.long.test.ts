import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type LogRecord, partitionOf } from '../../src/broker/index.ts'
import { KafkaCluster, KafkaError, type TopicSpec } from '../../src/broker/kafka/index.ts'
import { atEnd, freePort, type Kafka, lacksKafka, startKafka, until } from '../kit/index.ts'
import { brokerContract } from './broker.ts'
import { KafkaStages, kafkaOptions } from './over-kafka.ts'
import { sharedLogContract } from './shared-log.ts'

describe.skipIf(lacksKafka('logs on Kafka'))('Kafka', () => {
  let kafka: Kafka
  let stages: KafkaStages

  beforeAll(async () => {
    kafka = await startKafka()
    stages = await KafkaStages.open(kafka)
  })

  afterAll(async () => {
    await stages?.close()
    await kafka?.close()
  })

  sharedLogContract('on Kafka', () => stages.log())
  brokerContract('over a log on Kafka', () => stages.broker())

  const open = async () => {
    const cluster = await KafkaCluster.open(kafkaOptions(kafka))
    atEnd(() => cluster.close())
    return cluster
  }
  const spec = (more: Partial<TopicSpec> = {}): TopicSpec => ({ name: stages.newTopic(), partitions: 2, path: 'kafka.topics', ...more })
  const follow = async (cluster: KafkaCluster, given: TopicSpec, partition = 0) => {
    const log = await cluster.log(given)
    const records: LogRecord[] = []
    const reach: number[] = []
    const reading = log.read(partition, 0, {
      take: (taken, readTo) => {
        records.push(...taken)
        reach.push(readTo)
      },
      missed() {},
      restarted() {},
    })
    atEnd(() => reading.close())
    return { log, records, readTo: () => reach.at(-1) ?? 0 }
  }

  test('[KF1] a broker that nobody can reach stops the start, and the error names the option and the address', async () => {
    const port = freePort()
    const failure = await KafkaCluster.open(kafkaOptions(kafka, { brokers: [`127.0.0.1:${port}`], openMs: 300 })).catch(
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(KafkaError)
    expect(failure).toMatchObject({ path: 'broker', message: expect.stringContaining(`127.0.0.1:${port}`) })
  })

  test('[KF2] one of several brokers is enough to find the others', async () => {
    const cluster = await KafkaCluster.open(kafkaOptions(kafka, { brokers: [`127.0.0.1:${freePort()}`, ...kafka.urls] }))
    atEnd(() => cluster.close())
    expect((await cluster.log(spec())).partitions).toBe(2)
  })

  test('[KF3] a topic with another number of partitions stops the start', async () => {
    const cluster = await open()
    const there = spec({ partitions: 3 })
    await stages.admin.create(there.name, 3)
    expect((await cluster.log(there)).partitions).toBe(3)
    await expect(cluster.log({ ...there, partitions: 4 })).rejects.toMatchObject({
      path: 'kafka.topics',
      message: expect.stringMatching(/has 3 partitions and not 4/),
    })
  })

  test('[KF4] a topic that takes only smaller messages, or keeps only the newest of each key, stops the start', async () => {
    const cluster = await open()
    const [small, compacted] = [spec({ path: 'namespaces[0].kafka.topic' }), spec()]
    await stages.admin.create(small.name, 2, { 'max.message.bytes': '10000' })
    await stages.admin.create(compacted.name, 2, { 'cleanup.policy': 'compact' })
    await expect(cluster.log(small)).rejects.toMatchObject({
      path: 'namespaces[0].kafka.topic',
      message: expect.stringMatching(/takes messages of 10000 bytes/),
    })
    await expect(cluster.log(compacted)).rejects.toMatchObject({ message: expect.stringMatching(/cleanup\.policy/) })
    expect((await cluster.log({ ...compacted, isCompacted: true })).partitions).toBe(2)
  })

  test('[KF5] a topic that cannot be on so many brokers stops the start', async () => {
    const cluster = await open()
    await expect(cluster.log(spec({ replication: 5 }))).rejects.toMatchObject({ path: 'kafka.topics.replication' })
  })

  test('[KF6] nodes that start together make each topic once', async () => {
    const [one, other] = [await open(), await open()]
    const together = spec({ partitions: 8 })
    const logs = await Promise.all([one.log(together), other.log(together)])
    const bounds = await Promise.all(logs.map(log => log.bounds(7)))
    expect(bounds[0]).toEqual(bounds[1] ?? { epoch: '', first: 0, last: 0 })
  })

  test('[KF7] what is appended in one turn to many partitions is written, each in its order', async () => {
    const cluster = await open()
    const wide = spec({ partitions: 16 })
    const log = await cluster.log(wide)
    const followers = await Promise.all(Array.from({ length: 16 }, (_, partition) => follow(cluster, wide, partition)))
    const turns = Array.from({ length: 200 }, (_, n) => {
      const key = `room:${n % 50}`
      return log.append(partitionOf(key, 16), [{ key, value: `${n}` }])
    })
    await Promise.all(turns)
    await until('all are read', () => followers.reduce((sum, { records }) => sum + records.length, 0) === 200)
    for (const [partition, { records }] of followers.entries()) {
      const values = records.map(({ value }) => Number(value))
      expect(values).toEqual(values.toSorted((left, right) => left - right))
      expect(records.filter(({ key }) => partitionOf(key, 16) !== partition)).toEqual([])
    }
  })

  test('[KF8] an append that is larger than a batch of the topic may be is written whole, in order', async () => {
    const cluster = await open()
    const { log, records } = await follow(cluster, spec())
    const entries = Array.from({ length: 40 }, (_, n) => ({ key: 'k', value: `${n}`.padEnd(60_000, '.') }))
    await log.append(0, entries)
    await until('all are read', () => records.length === entries.length)
    expect(records.map(({ value }) => value)).toEqual(entries.map(({ value }) => value))
  })

  test('[KF9] a record that Kafka refuses fails for its writer, and those behind it are written', async () => {
    const cluster = await open()
    const { log, records } = await follow(cluster, spec())
    const refused = log.append(0, [{ key: 'k', value: 'x'.repeat(3_000_000) }])
    const behind = log.append(0, [{ key: 'k', value: 'behind' }])
    await expect(refused).rejects.toMatchObject({ code: 100 })
    await behind
    await until('it is read', () => records.length === 1)
    expect(records[0]?.value).toBe('behind')
  })

  test('[KF10] topics of one partition are read in sessions of 16, and partitions of one topic in sessions of 64', async () => {
    const cluster = await open()
    const specs = Array.from({ length: 200 }, () => spec({ partitions: 1 }))
    const logs = await cluster.logs(specs)
    const seen = new Map<number, string>()
    for (const [index, log] of logs.entries()) {
      const reading = log.read(0, 0, {
        take: records => {
          for (const { value } of records) seen.set(index, value)
        },
        missed() {},
        restarted() {},
      })
      atEnd(() => reading.close())
    }
    expect(cluster.figures).toMatchObject({ partitions: 200, sessions: 13 })
    const wide = spec({ partitions: 70 })
    for (let partition = 0; partition < 70; partition++) await follow(cluster, wide, partition)
    expect(cluster.figures).toMatchObject({ partitions: 270, sessions: 15 })
    await Promise.all(logs.map((log, index) => log.append(0, [{ key: '', value: `${index}` }])))
    await until('each has its record', () => seen.size === 200)
    expect([...seen].every(([index, value]) => value === `${index}`)).toBe(true)
  })

  test('[KF16] where the newest of each key is kept, an empty record without headers removes its key; elsewhere it is a record', async () => {
    const cluster = await open()
    const entries = [
      { key: 'k', value: 'v' },
      { key: 'k', value: '', headers: { id: '1' } },
      { key: 'k', value: '' },
    ]
    for (const [isCompacted, removal] of [
      [true, null],
      [false, ''],
    ] as const) {
      const { log, records } = await follow(cluster, spec({ partitions: 1, isCompacted }))
      await log.append(0, entries)
      expect(await stages.admin.values(log.topic.id)).toEqual(['v', '', removal])
      await until('all are read', () => records.length === 3)
      expect(records.map(({ offset, time, ...entry }) => entry)).toEqual(entries)
    }
  })

  test('[KF14] a log that ends before what was read of it has lost that: its reader is told that it is another one', async () => {
    const cluster = await open()
    const log = await cluster.log(spec())
    await log.append(0, [{ key: 'k', value: 'all that is left' }])
    const { epoch, last } = await log.bounds(0)
    const restarts: string[] = []
    const values: string[] = []
    const reading = log.read(0, last + 100, {
      take: records => {
        for (const { value } of records) values.push(value)
      },
      missed() {},
      restarted: bounds => restarts.push(bounds.epoch),
    })
    atEnd(() => reading.close())
    await until('it is read from the start', () => values.length === 1)
    expect(restarts).toEqual([expect.stringMatching(new RegExp(`^${epoch}~`))])
  })

  test('[LB73] a topic that is deleted ends the readings that want to know, and the node is not deaf; other readers wait for it', async () => {
    const cluster = await open()
    const given = spec({ partitions: 1 })
    const log = await cluster.log(given)
    const deaf: boolean[] = []
    atEnd(cluster.onHealth(isDeaf => deaf.push(isDeaf)))
    const ends: string[] = []
    const values: string[] = []
    const reader = { take: (taken: readonly LogRecord[]) => void values.push(...taken.map(({ value }) => value)), missed() {} }
    const reading = log.read(0, 0, { ...reader, restarted: () => ends.push('restarted'), gone: () => ends.push('gone') })
    atEnd(() => reading.close())
    await log.append(0, [{ key: 'k', value: 'before' }])
    await until('it is read', () => values.length === 1)
    await stages.admin.delete(given.name)
    await until('it is gone', () => ends.length > 0)
    expect([ends, deaf, cluster.figures.partitions, cluster.figures.silentMs]).toEqual([['gone'], [], 0, 0])
    const anew = await follow(cluster, given)
    await anew.log.append(0, [{ key: 'k', value: 'after' }])
    await until('the new one is read', () => anew.records.length === 1)
    expect(values).toEqual(['before'])
    await stages.admin.delete(given.name)
    await until('who does not want to know is deaf', () => deaf.length > 0)
    expect([deaf, ends]).toEqual([[true], ['gone']])
  })

  test('[KF11] a broker that stands still makes the node deaf, an append fails for the moment, and nothing is missed', async () => {
    const cluster = await open()
    const { log, records } = await follow(cluster, spec())
    await log.append(0, [{ key: 'k', value: 'before' }])
    await until('it is read', () => records.length === 1)
    const health: boolean[] = []
    cluster.onHealth(isDeaf => health.push(isDeaf))
    kafka.stop(1)
    atEnd(() => kafka.goOn(1))
    // A signal takes a moment: an append or two may still be answered.
    const late = () => log.append(0, [{ key: 'k', value: 'late', headers: { id: '1' } }])
    const refusal = () =>
      late().then(
        () => undefined,
        (error: unknown) => error,
      )
    const refused = await until('an append fails', refusal)
    expect(refused).toMatchObject({ code: 100 })
    await until('the node is deaf', () => cluster.isDeaf)
    expect(log.silentMs()).toBeGreaterThan(0)
    kafka.goOn(1)
    await until('it hears again', () => health.length === 2 && log.silentMs() === 0)
    expect(health).toEqual([true, false])
    await log.append(0, [{ key: 'k', value: 'after' }])
    await until('it is read', () => records.at(-1)?.value === 'after')
    expect(new Set(records.slice(1, -1).map(({ headers }) => headers?.id)).size).toBeLessThanOrEqual(1)
  })
})
