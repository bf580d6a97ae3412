import { describe, expect, test } from 'bun:test'
import { readFileSync, rmSync } from 'node:fs'
import { Admin, type BaseOptions, Producer } from '@platformatic/kafka'
import { engineAccount } from '../../engines/account.ts'
import { isAlive } from '../../engines/engine-process.ts'
import { kafkaPatience } from '../../engines/index.ts'
import { atEnd, type Kafka, type KafkaOptions, lacksKafka, startKafka, until } from '../kit/index.ts'

const patience = { clientId: 'test', ...kafkaPatience }

async function started(options: KafkaOptions): Promise<Kafka> {
  const kafka = await startKafka(options)
  atEnd(() => kafka.close())
  return kafka
}

/** Writes one record, by a connection of its own. */
async function write(kafka: Kafka, topic: string, options: Partial<BaseOptions> = {}, bootstrapBrokers = kafka.urls): Promise<number> {
  const producer = new Producer({ ...patience, bootstrapBrokers, ...options })
  try {
    const { offsets } = await producer.send({ acks: -1, messages: [{ topic, partition: 0, value: Buffer.from('record') }] })
    return Number(offsets?.[0]?.offset)
  } finally {
    await producer.close()
  }
}

async function makeTopic(kafka: Kafka, topic: string, replicas: number, options: Partial<BaseOptions> = {}): Promise<void> {
  const admin = new Admin({ ...patience, bootstrapBrokers: kafka.urls, ...options })
  try {
    await admin.createTopics({ topics: [topic], partitions: 1, replicas })
  } finally {
    await admin.close()
  }
}

/** A write that works by now, however long a new leader takes. */
function writes(kafka: Kafka, topic: string, options: Partial<BaseOptions> = {}): Promise<number> {
  return until('a record is written', async () => {
    // The first offset is 0.
    const offset = await write(kafka, topic, options).catch(() => -1)
    return offset < 0 ? undefined : offset + 1
  })
}

describe.skipIf(lacksKafka('a Kafka of tests'))('Kafka', () => {
  test('[EN3] three brokers keep what was acknowledged while each is killed, frozen and started again', async () => {
    const kafka = await started({ brokers: 3 })
    expect(kafka.url).toBe(`kafka://${kafka.urls.join(',')}`)
    await makeTopic(kafka, 'kept', 3)
    expect(await writes(kafka, 'kept')).toBe(1)
    const first = await kafka.leaderOf('kept')
    await kafka.kill(first)
    const second = await until('another broker leads', async () => {
      const leader = await kafka.leaderOf('kept')
      return leader !== first && leader
    })
    expect(await writes(kafka, 'kept')).toBe(2)
    await kafka.restart(first)
    kafka.stop(second)
    await until('a broker that runs leads', async () => (await kafka.leaderOf('kept')) !== second)
    expect(await writes(kafka, 'kept')).toBe(3)
    kafka.goOn(second)
    await kafka.restart(second)
    expect(await writes(kafka, 'kept')).toBe(4)
  })

  test('[EN4] clients sign in by TLS, and nobody else does', async () => {
    const sasl = { mechanism: 'SCRAM-SHA-512', username: 'fanfare', password: 'a-secret' } as const
    const kafka = await started({ tls: true, sasl })
    expect(kafka.url).toStartWith('kafkas://')
    const ca = readFileSync(kafka.keys?.ca ?? '', 'utf8')
    const options = { sasl, tls: { ca, servername: 'localhost' } }
    await makeTopic(kafka, 'kept', 1, options)
    expect(await writes(kafka, 'kept', options)).toBe(1)
    expect(write(kafka, 'kept', { ...options, sasl: { ...sasl, password: 'another' } })).rejects.toThrow()
    expect(write(kafka, 'kept')).rejects.toThrow()
  })

  test.each([
    ['a password in the open', { sasl: { mechanism: 'PLAIN', username: 'fanfare', password: 'a-secret' } }],
    ['a certificate', { tls: 'mutual' }],
  ] as const)('[EN4] clients sign in by %s', async (_, options) => {
    const kafka = await started(options)
    const { ca, client } = kafka.keys ?? {}
    const read = (path = '') => readFileSync(path, 'utf8')
    const shown =
      client === undefined ? {} : { tls: { ca: read(ca), cert: read(client.cert), key: read(client.key), servername: 'localhost' } }
    const given = { ...shown, ...('sasl' in options ? { sasl: options.sasl } : {}) }
    await makeTopic(kafka, 'kept', 1, given)
    expect(await writes(kafka, 'kept', given)).toBe(1)
    expect(write(kafka, 'kept', ca === undefined ? {} : { tls: { ca: read(ca), servername: 'localhost' } })).rejects.toThrow()
  })

  test('[EN5] an engine ends with the process that started it, and does not run as root', async () => {
    const program = `
      const { startKafka } = await import(${JSON.stringify(`${import.meta.dir}/../kit/servers/kafka.ts`)})
      const kafka = await startKafka()
      console.log(JSON.stringify({ pid: kafka.cluster.broker(1).pid, folder: kafka.folder }))
      await new Promise(() => undefined)`
    const starting = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe', stderr: 'inherit' })
    const { value } = await starting.stdout.getReader().read()
    const { pid, folder } = JSON.parse(new TextDecoder().decode(value))
    expect(isAlive(pid)).toBe(true)
    const account = engineAccount()
    if (account !== undefined) expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toContain(`\nUid:\t${account.uid}\t`)
    starting.kill('SIGKILL')
    await until('the broker has ended as well', () => !isAlive(pid))
    rmSync(folder, { recursive: true })
  })
})
