import { expect, test } from 'bun:test'
import { apiKey, connectAll, FanfareProcess, FetchedStream, LeanClient, until, userToken } from '../kit/index.ts'
import { kept, nodeSecret } from '../kit/servers/tree.ts'

const channels = ['kept:1', 'kept:2', 'kept:3', 'kept:4']
const viewersPerEdge = 100
/** How far apart publications are: a moment in which viewers move. */
const apartMs = 40

/** The order of numbers that a stream got: its faults, if it has any. */
function faultsOf(stream: FetchedStream, channel: string, last: number): string[] {
  const numbers = stream.publications(channel).map(({ data }) => Number(Reflect.get(Object(data), 'n')))
  const expected = Array.from({ length: last }, (_, index) => index + 1)
  return JSON.stringify(numbers) === JSON.stringify(expected) ? [] : [`${channel}: ${numbers.length} of ${last}`]
}

test('[R6] a regional node is killed under load: edges take the next one, no viewer is disconnected, no gap, no repetition', async () => {
  const node = { secret: nodeSecret }
  await using central = await FanfareProcess.start({ node, channel: { namespaces: [{ name: 'kept', ...kept }] } })
  const parent = central.url.replace('http', 'ws')
  await using west = await FanfareProcess.start({ node, upstream: [parent], region: 'west' }, 'relay')
  await using east = await FanfareProcess.start({ node, upstream: [parent], region: 'east' }, 'relay')
  const upstream = [west.url.replace('http', 'ws'), east.url.replace('http', 'ws')]
  await using ending = new AsyncDisposableStack()
  const edges = await Promise.all([1, 2].map(async () => ending.use(await FanfareProcess.start({ node, upstream }, 'relay'))))
  const tokens = await Promise.all(Array.from({ length: viewersPerEdge }, (_, n) => userToken(`user${n}`)))
  const clients = edges.flatMap(edge => tokens.map(token => new LeanClient(edge.wsUrl, channels, { token })))
  await connectAll(clients)
  const query = `${channels.map(channel => `channel=${channel}`).join('&')}&token=${tokens[0]}`
  const streams = edges.flatMap(({ url }) => Array.from({ length: 10 }, () => new FetchedStream(`${url}/sse?${query}`)))
  for (const stream of streams) await stream.opened()

  let n = 0
  const publish = async () => {
    n++
    const commands = channels.map(channel => ({ publish: { channel, data: { n } } }))
    await fetch(`${central.url}/api/batch`, {
      method: 'POST',
      headers: { 'X-API-Key': apiKey },
      body: JSON.stringify({ commands }),
    })
  }
  const load = async (count: number) => {
    for (let left = count; left > 0; left--) {
      await publish()
      await Bun.sleep(apartMs)
    }
  }
  await load(18)
  west.signal('SIGKILL')
  await load(38)
  await west.start()
  await load(8)
  east.signal('SIGKILL')
  await load(38)

  await until('every client has everything', () =>
    clients.every(client => channels.every(channel => client.channels.get(channel)?.offset === n)),
  )
  expect(clients.flatMap(({ faults }) => faults)).toEqual([])
  expect(clients.filter(({ closedWith }) => closedWith !== undefined)).toEqual([])
  await until('every stream has everything', () =>
    streams.every(stream => channels.every(channel => stream.publications(channel).length >= n)),
  )
  expect(streams.flatMap(stream => channels.flatMap(channel => faultsOf(stream, channel, n)))).toEqual([])
  expect(streams.filter(({ ended }) => ended)).toEqual([])
  const { nodes } = (await (await fetch(`${central.url}/ops/tree`, { headers: { 'X-API-Key': apiKey } })).json()) as {
    nodes: { role: string; viewers: number }[]
  }
  expect(nodes.filter(({ role }) => role === 'edge').map(({ viewers }) => viewers)).toEqual([110, 110])
  for (const stream of streams) stream[Symbol.dispose]()
  for (const client of clients) client.close()
})
