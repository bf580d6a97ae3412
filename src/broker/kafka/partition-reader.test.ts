import { expect, test } from 'bun:test'
import { createRecordsBatch, type Writer } from '@platformatic/kafka'
import { atEnd, StandInBroker, until } from '../../../test/kit/index.ts'
import { silentLog } from '../../hub/index.ts'
import { seededRandom, systemClock } from '../../kit/index.ts'
import type { ByteCursor } from './byte-cursor.ts'
import { ClusterMap, type Leader } from './cluster-map.ts'
import { PartitionReader } from './partition-reader.ts'

const topic = { name: 't', id: '00000000-0000-4000-8000-000000000001', partitions: 1, isCompacted: false, batchBytesMax: 1000 }
const session = 7
const epochAt = 12

/** A cluster of one broker, which leads everything in its fourth epoch. */
class OneBroker extends ClusterMap {
  constructor(readonly port: number) {
    super({ clock: systemClock, random: seededRandom(1), log: silentLog, brokers: [`127.0.0.1:${port}`] })
  }

  override idOf(): string {
    return topic.id
  }

  override leaderOf(): Leader {
    return { broker: 1, epoch: 4, address: { host: '127.0.0.1', port: this.port } }
  }
}

interface Asked {
  readonly after: number
  readonly epoch: number
}

/** What a request of Fetch, version 13, asks of its only partition; undefined where nothing has changed. */
function askedIn(request: ByteCursor): Asked | undefined {
  // Who asks, how long, how much, which isolation and which session.
  request.at += 25
  if (request.compactLength() === 0) return undefined
  request.uuid()
  request.compactLength()
  // The partition, and the leader's epoch.
  request.at += 8
  return { after: request.int64(), epoch: request.int32() }
}

interface Fetched {
  readonly value?: string
  readonly epoch?: number
  readonly isForked?: boolean
}

function fetched(answer: Fetched | undefined, into: Writer): void {
  into.appendInt32(0).appendInt16(0).appendInt32(session)
  into.appendArray(answer === undefined ? [] : [answer], (row, { value, epoch = 0, isForked = false }) => {
    row.appendUUID(topic.id)
    const partition = (place: Writer) => {
      place.appendInt32(0).appendInt16(0).appendInt64(1n).appendInt64(1n).appendInt64(0n)
      place.appendArray([], () => undefined).appendInt32(-1)
      place.appendBytes(value === undefined ? null : batch(value, epoch))
      if (!isForked) place.appendTaggedFields()
      // One field, of number 0 and 13 bytes: up to where the log is the one that was fetched.
      else
        [1, 0, 13]
          .reduce((to, count) => to.appendUnsignedVarInt(count), place)
          .appendInt32(2)
          .appendInt64(0n)
          .appendTaggedFields()
    }
    row.appendArray([0], partition, true, false)
  })
  into.appendTaggedFields()
}

function batch(value: string, epoch: number): Buffer {
  const bytes = Buffer.from(createRecordsBatch([{ topic: topic.name, key: Buffer.from('k'), value: Buffer.from(value) }]).buffer)
  bytes.writeInt32BE(epoch, epochAt)
  return bytes
}

test('[KF73] a log that lost what was read of it is another one, though it has grown beyond that since', async () => {
  const told: string[] = []
  let requests = 0
  const broker = await StandInBroker.listen(({ body }, into) => {
    requests++
    const asked = askedIn(body)
    if (asked?.after === 0) fetched(told.length === 0 ? { value: 'lost later', epoch: 3 } : { value: 'written since', epoch: 4 }, into)
    else fetched(asked?.epoch === 3 ? { isForked: true } : undefined, into)
  })
  atEnd(() => broker.close())
  const bounds = { epoch: 'id', first: 1, last: 1 }
  const map = new OneBroker(broker.port)
  const forked = (now: typeof bounds, leader: Leader | undefined) => ({ ...now, epoch: `${now.epoch}~${leader?.epoch}` })
  const reader = new PartitionReader({ map, bounds: async () => bounds, forked })
  atEnd(() => reader.close())
  reader.read(topic, 0, 0, {
    take: records => void told.push(...records.map(({ value }) => value)),
    missed: upTo => void told.push(`missed ${upTo}`),
    restarted: ({ epoch }) => void told.push(`restarted ${epoch}`),
  })
  await until('what was written since is read', () => told.includes('written since') || requests > 100)
  expect(told).toEqual(['lost later', 'restarted id~4', 'written since'])
})
