import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { api } from '../kit/api.ts'
import {
  apiKey,
  atEnd,
  endAll,
  FanfareProcess,
  FetchedStream,
  freePort,
  Kafka,
  lacks,
  lacksKafka,
  Postgres,
  RawClient,
  type Sdk,
  type SdkSubscription,
  type TestInput,
  until,
  userToken,
} from '../kit/index.ts'
import { fleetInput } from '../kit/servers/fleet.ts'
import { connect, nodeSecret, upTo } from '../kit/servers/tree.ts'

const what = 'nodes of a fleet as processes, on Kafka and Postgres'

let kafka: Kafka
let postgres: Postgres
let fleets = 0

/** Nodes as an operator starts them. */
async function nodesOf(count: number, input: TestInput = {}): Promise<FanfareProcess[]> {
  const store = await postgres.database()
  const prefix = `processes${++fleets}`
  const nodes: FanfareProcess[] = []
  for (let n = 0; n < count; n++) {
    const port = freePort()
    const node = new FanfareProcess(fleetInput(port, { broker: kafka.url, store, kafka: { topics: { prefix, partitions: 4 } }, ...input }))
    node.port = port
    atEnd(() => node[Symbol.asyncDispose]())
    await node.start()
    nodes.push(node)
  }
  return nodes
}

async function relayOf(parents: readonly FanfareProcess[]): Promise<FanfareProcess> {
  const upstream = parents.map(({ url }) => url.replace('http', 'ws'))
  const relay = await FanfareProcess.start({ node: { secret: nodeSecret }, upstream }, 'relay')
  atEnd(() => relay[Symbol.asyncDispose]())
  return relay
}

const readiness = async ({ url }: FanfareProcess) => {
  const response = await fetch(`${url}/readyz`)
  return { code: response.status, ...((await response.json()) as { reason?: string; away?: Record<string, string> }) }
}

interface Viewer {
  readonly client: Sdk
  readonly subscription: SdkSubscription
  readonly stream: FetchedStream
}

async function viewerAt(node: FanfareProcess, user: string): Promise<Viewer> {
  const client = await connect(node, user)
  const subscription = await client.subscribe('kept:1').ready()
  const stream = new FetchedStream(`${node.url}/sse?channel=kept:1&token=${await userToken(user)}`)
  atEnd(() => stream[Symbol.dispose]())
  await stream.opened()
  return { client, subscription, stream }
}

/** Publishes numbers at a node, each until it is acknowledged: the same key makes one publication of all tries. */
async function publishAt(node: FanfareProcess, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    const command = { channel: 'kept:1', data: { n }, idempotency_key: `n${n}` }
    await until(`${n} is published`, async () => Reflect.has(Object((await api(node, 'publish', command)).body), 'result'))
  }
}

async function hasAll({ subscription, stream }: Viewer, count: number): Promise<void> {
  expect(await subscription.gets(count)).toEqual(upTo(count))
  await until(`${count} came by stream`, () => stream.data('kept:1').length >= count)
  expect(stream.data('kept:1')).toEqual(upTo(count))
}

if (!lacksKafka(what) && !lacks('postgres', what)) {
  beforeAll(async () => {
    ;[kafka, postgres] = await Promise.all([Kafka.start(), Postgres.start()])
  })
  afterEach(endAll)
  afterAll(async () => {
    await Promise.all([kafka[Symbol.asyncDispose](), postgres[Symbol.asyncDispose]()])
  })

  describe(what, () => {
    test('[FL17, R6] a central node is killed under load: relays take another, no viewer is disconnected, misses anything or sees it twice', async () => {
      const [first, second, third] = await nodesOf(3)
      if (first === undefined || second === undefined || third === undefined) throw new Error('three nodes are expected')
      const relays = [await relayOf([first, second]), await relayOf([first, third])]
      const viewers = await Promise.all(relays.map((relay, n) => viewerAt(relay, `user${n}`)))
      await publishAt(third, 1, 20)
      const publishing = publishAt(third, 21, 120)
      await first.stop('SIGKILL')
      await publishing
      for (const viewer of viewers) {
        await hasAll(viewer, 120)
        expect(viewer.client.connections).toBe(1)
        expect(viewer.stream.ended).toBe(false)
      }
      await first.start()
      await publishAt(first, 121, 140)
      for (const viewer of viewers) await hasAll(viewer, 140)
    })

    test('[FL18, R5] a node that is told to end sends its clients to the others, who miss nothing, and ends with code 0', async () => {
      const [first, second] = await nodesOf(2, { shutdown: { timeout: '2s' } })
      if (first === undefined || second === undefined) throw new Error('two nodes are expected')
      const { subscription, client } = await viewerAt(second, 'ann')
      using leaving = await RawClient.connect(first.wsUrl, { token: await userToken('ben') })
      const { subscribe } = await leaving.call({ subscribe: { channel: 'kept:1', recoverable: true } })
      await publishAt(first, 1, 20)
      const ending = first.stop('SIGTERM')
      expect((await leaving.closes()).code).toBe(3001)
      await publishAt(second, 21, 60)
      expect(await ending).toBe(0)
      expect(await subscription.gets(60)).toEqual(upTo(60))
      expect(client.connections).toBe(1)
      using come = await RawClient.connect(second.wsUrl, { token: await userToken('ben') })
      const since = { recover: true, epoch: subscribe?.epoch, offset: subscribe?.offset }
      const again = await come.call({ subscribe: { channel: 'kept:1', ...since } })
      expect([again.subscribe?.recovered, again.subscribe?.publications?.map(({ data }) => data)]).toEqual([true, upTo(60)])
      await until('it is alone', async () => (await fetchFleet(second)).length === 1)
    })

    test('[FL15] readiness names Kafka or Postgres while it stands still, and comes back with it', async () => {
      const [node] = await nodesOf(1)
      if (node === undefined) throw new Error('a node is expected')
      expect((await readiness(node)).code).toBe(200)
      kafka.stop(1)
      await until('it says that Kafka is away', async () => (await readiness(node)).away?.kafka !== undefined)
      kafka.goOn(1)
      await until('it is ready', async () => (await readiness(node)).code === 200)
      await publishAt(node, 1, 3)
      postgres.freeze()
      await until('it says that Postgres is away', async () => (await readiness(node)).away?.postgres !== undefined)
      postgres.thaw()
      await until('it is ready again', async () => (await readiness(node)).code === 200)
      await publishAt(node, 4, 6)
    })
  })
}

async function fetchFleet(node: FanfareProcess): Promise<readonly object[]> {
  const stats = await (await fetch(`${node.url}/ops/stats`, { headers: { 'X-API-Key': apiKey } })).json()
  return Reflect.get(Object(Reflect.get(Object(stats), 'fleet')), 'members')
}
