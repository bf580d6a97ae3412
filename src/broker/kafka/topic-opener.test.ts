import { expect, test } from 'bun:test'
import { atEnd, StandInBroker, until } from '../../../test/kit/index.ts'
import { silentLog } from '../../hub/index.ts'
import { seededRandom, systemClock } from '../../kit/index.ts'
import { ClusterMap, type Leader, type TopicsFound } from './cluster-map.ts'
import { TopicOpener } from './topic-opener.ts'

/** A cluster in which nobody leads some topics. */
class PartlyLed extends ClusterMap {
  readonly leaderless = new Set<string>()
  asked = 0

  constructor(readonly port: number) {
    super({ clock: systemClock, random: seededRandom(1), log: silentLog, brokers: [`127.0.0.1:${port}`] })
  }

  override async find(names: readonly string[]): Promise<TopicsFound> {
    this.asked++
    const topics = names.map(name => [name, { id: name, partitions: 1, leaderless: this.leaderless.has(name) ? 1 : 0 }] as const)
    return { topics: new Map(topics), refused: new Map() }
  }

  override leaderOf(topic: string): Leader | undefined {
    if (this.leaderless.has(topic)) return undefined
    return { broker: 1, epoch: 1, address: { host: '127.0.0.1', port: this.port } }
  }
}

test('[KF71] a topic that nobody leads keeps no other from opening, and opens when somebody does', async () => {
  // No settings, and no places: those two answers look the same.
  const broker = await StandInBroker.listen(
    (_, into) =>
      void into
        .appendInt32(0)
        .appendArray([], () => undefined)
        .appendTaggedFields(),
  )
  atEnd(() => broker.close())
  const map = new PartlyLed(broker.port)
  atEnd(() => map.close())
  map.leaderless.add('bad')
  const opener = new TopicOpener(map)
  const opened: string[] = []
  const open = (name: string) => opener.open({ name, partitions: 1, path: 'kafka.topics' }).then(topic => void opened.push(topic.name))
  const bad = open('bad')
  await open('with it')
  await until('it is tried again', () => map.asked > 2)
  await open('later')
  expect(opened).toEqual(['with it', 'later'])
  map.leaderless.clear()
  await bad
  expect(opened).toEqual(['with it', 'later', 'bad'])
})
