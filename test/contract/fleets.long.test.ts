import { afterAll, beforeAll } from 'bun:test'
import { systemClock } from '../../src/kit/index.ts'
import { atEnd, Kafka, lacks, lacksKafka, Postgres, startServer, type TestServer } from '../kit/index.ts'
import { fleetInput, isWhole, onFreePort } from '../kit/servers/fleet.ts'
import { fleetContract } from './fleet.ts'

const what = 'three nodes on Kafka and Postgres'
let kafka: Kafka
let postgres: Postgres
let fleets = 0

/** On the clock of the machine, as the engines are. */
async function three(input = {}): Promise<[TestServer, TestServer, TestServer]> {
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
}
