import { Consumer, Producer } from '@platformatic/kafka'
import { partitionOf } from '../src/broker/index.ts'
import type { KafkaPlay, Way } from './kafka-play.ts'

interface Waiting {
  readonly room: number
  readonly text: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** The client library as it comes: its producer, which sends what has gathered while a send was under way, and its consumer. */
export async function bareWay({ brokers, topic, partitions, hears }: KafkaPlay, heard: (text: string) => void): Promise<Way> {
  const base = { clientId: 'bare', bootstrapBrokers: [...brokers], retries: 0, requestTimeout: 3000, connectTimeout: 1000, timeout: 2000 }
  if (hears) {
    // The brokers need a while until they take groups.
    const consumer = new Consumer({ ...base, retries: 20, retryDelay: 500, groupId: `bare-${process.pid}` })
    const stream = await consumer.consume({ topics: [topic], mode: 'latest', autocommit: false, maxWaitTime: 500, minBytes: 1 })
    stream.on('data', ({ value }) => heard(value.toString()))
  }
  const producer = new Producer({ ...base, acks: -1 })
  let waiting: Waiting[] = []
  let isUnderWay = false
  const next = () => {
    if (isUnderWay || waiting.length === 0) return
    isUnderWay = true
    const batch = waiting
    waiting = []
    const messages = batch.map(({ room, text }) => {
      const key = `bench:${room}`
      return { topic, partition: partitionOf(key, partitions), key: Buffer.from(key), value: Buffer.from(text) }
    })
    producer
      .send({ messages, acks: -1 })
      .then(
        () => {
          for (const { resolve } of batch) resolve()
        },
        (error: unknown) => {
          for (const { reject } of batch) reject(error)
        },
      )
      .finally(() => {
        isUnderWay = false
        next()
      })
  }
  return {
    publish: (room, text) =>
      new Promise((resolve, reject) => {
        waiting.push({ room, text, resolve, reject })
        next()
      }),
    fill: async () => undefined,
    kept: async () => 0,
  }
}
