import { afterAll, beforeAll, expect, test } from 'bun:test'
import { partitionOf } from '../../src/broker/index.ts'
import { KafkaCluster } from '../../src/broker/kafka/index.ts'
import { systemClock } from '../../src/kit/index.ts'
import { atEnd, Kafka, lacks, lacksKafka, Postgres, startServer, type TestInput, type TestServer, until } from '../kit/index.ts'
import { fleetInput, isWhole, onFreePort } from '../kit/servers/fleet.ts'
import { connect, kept } from '../kit/servers/tree.ts'
import { fleetContract } from './fleet.ts'
import { kafkaOptions } from './over-kafka.ts'

const what = 'three nodes on Kafka and Postgres'
let kafka: Kafka
let postgres: Postgres
let fleets = 0

/** On the clock of the machine, as the engines are. */
async function three(input: TestInput = {}): Promise<[TestServer, TestServer, TestServer]> {
  const store = await postgres.database()
  const prefix = `fleet${++fleets}`
  const add = async () => {
    const server = await onFreePort(port =>
      startServer(fleetInput(port, { broker: kafka.url, store, kafka: { topics: { prefix, partitions: 4 } }, ...input }), {
        clock: systemClock,
      }),
    )
    atEnd(() => server[Symbol.asyncDispose]())
    return server
  }
  const servers: [TestServer, TestServer, TestServer] = [await add(), await add(), await add()]
  await isWhole(servers)
  return servers
}

if (!lacksKafka(what) && !lacks('postgres', what)) {
  beforeAll(async () => {
    ;[kafka, postgres] = await Promise.all([Kafka.start(), Postgres.start()])
  })
  afterAll(async () => {
    await Promise.all([kafka[Symbol.asyncDispose](), postgres[Symbol.asyncDispose]()])
  })
  fleetContract('on Kafka and Postgres', three)

  test('[FL19] a namespace has a topic of its own, or one for each channel, which other systems write to', async () => {
    const namespaces = [
      { name: 'game', ...kept, kafka: { mapping: 'per-channel', topic: 'game_' } },
      { name: 'room', ...kept, kafka: { mapping: 'shared', topic: 'rooms' } },
    ] as const
    const [first, second] = await three({ channel: { namespaces: [...namespaces] } })
    const game = await (await connect(first, 'ann')).subscribe('game:7').ready()
    const room = await (await connect(second, 'ben')).subscribe('room:1').ready()
    await second.publish('game:7', { by: 'a node' })
    await first.publish('room:1', { by: 'a node' })
    const others = await KafkaCluster.open(kafkaOptions(kafka))
    atEnd(() => others.close())
    const [gameLog, roomLog] = await others.logs([
      { name: 'game_7', partitions: 1, path: '' },
      { name: 'rooms', partitions: 4, path: '' },
    ])
    await gameLog?.append(0, [{ key: '', value: '{"by":"another system"}' }])
    await roomLog?.append(partitionOf('room:1', 4), [{ key: 'room:1', value: '{"by":"another system"}' }])
    for (const subscription of [game, room]) expect(await subscription.gets(2)).toEqual([{ by: 'a node' }, { by: 'another system' }])
  })

  test('[LB18] values of channels are rows in a topic of the fleet, which one node writes', async () => {
    const [first] = await three({ channel: { namespaces: [{ name: 'price', delivery: 'conflated' }] } })
    await first.publish('price:AAPL', { last: 1 }, { key: 'quote' })
    const others = await KafkaCluster.open(kafkaOptions(kafka))
    atEnd(() => others.close())
    const [states] = await others.logs([{ name: `fleet${fleets}.states`, partitions: 4, path: '', isCompacted: true }])
    const rows = await until('the value is written', async () => {
      const slice = await states?.slice(partitionOf('price:AAPL', 4), 0, { records: 1000, bytes: 1024 * 1024 })
      const found = slice?.records.filter(({ key }) => key.includes('price:AAPL')) ?? []
      return found.length > 0 && found
    })
    expect(JSON.parse(rows[0]?.value ?? '')).toMatchObject([{ data: { last: 1 }, key: 'quote' }])
    expect(new Set(rows.map(({ headers }) => headers?.writer)).size).toBe(1)
  })
}
