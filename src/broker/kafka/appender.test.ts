import { expect, test } from 'bun:test'
import type { Writer } from '@platformatic/kafka'
import { atEnd, StandInBroker } from '../../../test/kit/index.ts'
import { silentLog } from '../../hub/index.ts'
import { seededRandom, systemClock } from '../../kit/index.ts'
import { Appender } from './appender.ts'
import type { ByteCursor } from './byte-cursor.ts'
import { ClusterMap, type Leader } from './cluster-map.ts'
import { kafkaLimits } from './limits.ts'
import type { KafkaTopic } from './topics.ts'

interface Appended {
  readonly name: string
  readonly partitions: readonly number[]
}

/** What a request of Produce, version 9, is for. */
function appendedIn(request: ByteCursor): readonly Appended[] {
  // No transaction, which acknowledgements, and how long it may take.
  request.compactLength()
  request.at += 6
  const topics: Appended[] = []
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
  return topics
}

function taken(topics: readonly Appended[], into: Writer): void {
  into.appendArray([...topics], (topic, { name, partitions }) => {
    topic.appendString(name).appendArray([...partitions], (row, partition) => {
      row.appendInt32(partition).appendInt16(0).appendInt64(0n).appendInt64(-1n).appendInt64(0n)
      row.appendArray([], () => undefined).appendString(null)
    })
  })
  into.appendInt32(0).appendTaggedFields()
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

test('[KF70] where more waits than a request holds, partitions take turns', async () => {
  const partitions = 32
  const served = Array.from({ length: partitions }, () => 0)
  let requests = 0
  const broker = await StandInBroker.listen(({ body }, into) => {
    requests++
    const topics = appendedIn(body)
    for (const partition of topics.flatMap(topic => topic.partitions)) served[partition] = (served[partition] ?? 0) + 1
    taken(topics, into)
  })
  atEnd(() => broker.close())
  const appender = new Appender(new OneBroker(broker.port))
  atEnd(() => appender.close())
  const topic: KafkaTopic = { name: 't', id: 'id', partitions, isCompacted: false, batchBytesMax: kafkaLimits.batchBytesMax }
  const value = 'x'.repeat(kafkaLimits.batchBytesMax / 4)
  const entries = [1, 2, 3].map(() => ({ key: 'k', value }))
  const keepsWaiting = async (partition: number) => {
    while (requests < partitions) await appender.append(topic, partition, entries)
  }
  await Promise.all(served.flatMap((_, partition) => [keepsWaiting(partition), keepsWaiting(partition)]))
  // One that is still being written when its turn comes is passed over once.
  expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(2)
  expect(Math.min(...served)).toBeGreaterThan(3)
})
