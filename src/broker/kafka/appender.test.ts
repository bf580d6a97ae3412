import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createServer, type Server, type Socket } from 'node:net'
import { Writer } from '@platformatic/kafka'
import { silentLog } from '../../hub/index.ts'
import { seededRandom, systemClock } from '../../kit/index.ts'
import { Appender } from './appender.ts'
import { ByteCursor } from './byte-cursor.ts'
import { ClusterMap, type Leader } from './cluster-map.ts'
import { kafkaLimits } from './limits.ts'
import type { KafkaTopic } from './topics.ts'

const sizeBytes = 4

/** Takes whatever is appended, and notes for each partition how many requests held something of it. */
class TakingBroker {
  requests = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(readonly served: number[]) {
    this.#server = createServer(socket => {
      this.#sockets.add(socket)
      let waiting = Buffer.alloc(0)
      socket.on('data', data => {
        waiting = Buffer.concat([waiting, Buffer.from(data)])
        while (waiting.length >= sizeBytes && waiting.length >= sizeBytes + waiting.readInt32BE(0)) {
          const end = sizeBytes + waiting.readInt32BE(0)
          socket.write(this.#answer(new ByteCursor(waiting.subarray(sizeBytes, end))))
          waiting = waiting.subarray(end)
        }
      })
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  /** A request of Produce, version 9. */
  #answer(request: ByteCursor): Buffer {
    this.requests++
    // What is asked, in which version.
    request.at += 4
    const correlation = request.int32()
    request.slice(request.int16())
    request.skipTagged()
    // No transaction, which acknowledgements, and how long it may take.
    request.compactLength()
    request.at += 6
    const topics: { readonly name: string; readonly partitions: number[] }[] = []
    for (let left = request.compactLength(); left > 0; left--) {
      const name = request.slice(request.compactLength()).toString()
      const partitions: number[] = []
      for (let places = request.compactLength(); places > 0; places--) {
        partitions.push(request.int32())
        request.slice(request.compactLength())
        request.skipTagged()
      }
      request.skipTagged()
      topics.push({ name, partitions })
    }
    for (const partition of topics.flatMap(({ partitions }) => partitions)) this.served[partition] = (this.served[partition] ?? 0) + 1
    const body = Writer.create()
      .appendInt32(correlation)
      .appendTaggedFields()
      .appendArray(topics, (topic, { name, partitions }) => {
        topic.appendString(name).appendArray(partitions, (row, partition) => {
          row.appendInt32(partition).appendInt16(0).appendInt64(0n).appendInt64(-1n).appendInt64(0n)
          row.appendArray([], () => undefined).appendString(null)
        })
      })
      .appendInt32(0)
      .appendTaggedFields()
    return Buffer.concat([Writer.create().appendInt32(body.length).buffer, body.buffer])
  }
}

/** A cluster of one broker, which leads everything. */
class OneBroker extends ClusterMap {
  constructor(readonly port: number) {
    super({ clock: systemClock, random: seededRandom(1), log: silentLog, brokers: [`127.0.0.1:${port}`] })
  }

  override idOf(): string {
    return 'id'
  }

  override leaderOf(): Leader {
    return { broker: 1, epoch: 1, address: { host: '127.0.0.1', port: this.port } }
  }
}

const partitions = 32
const served = Array.from({ length: partitions }, () => 0)
const broker = new TakingBroker(served)
let appender: Appender

beforeAll(async () => {
  appender = new Appender(new OneBroker(await broker.listen()))
})

afterAll(() => {
  appender.close()
  broker.close()
})

test('[KF70] where more waits than a request holds, partitions take turns', async () => {
  const topic: KafkaTopic = { name: 't', id: 'id', partitions, isCompacted: false, batchBytesMax: kafkaLimits.batchBytesMax }
  const value = 'x'.repeat(kafkaLimits.batchBytesMax / 4)
  const entries = [1, 2, 3].map(() => ({ key: 'k', value }))
  const keepsWaiting = async (partition: number) => {
    while (broker.requests < partitions) await appender.append(topic, partition, entries)
  }
  await Promise.all(served.flatMap((_, partition) => [keepsWaiting(partition), keepsWaiting(partition)]))
  // One that is still being written when its turn comes is passed over once.
  expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(2)
  expect(Math.min(...served)).toBeGreaterThan(3)
})
