import { describe, expect, test } from 'bun:test'
import { RawClient, Sdk, startServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true } as const
const namespaces = [
  { name: 'newest', ...open, delivery: 'latest' as const },
  { name: 'board', ...open, delivery: 'conflated' as const, interval: '20ms' },
  { name: 'typing', ...open, delivery: 'ephemeral' as const },
  {
    name: 'game',
    ...open,
    delivery: 'lanes' as const,
    lanes: [
      { name: 'urgent', interval: '0s', keep: 'all' as const, max: 0 },
      { name: 'stats', interval: '30ms', keep: 'newest' as const, max: 100 },
      { name: 'text', interval: '30ms', keep: 'tail' as const, max: 3 },
    ],
  },
]
const start = () => startServer({ channel: { namespaces } })
const connect = async (url: string) => new Sdk(url, { token: await userToken('alice'), minReconnectDelay: 100 }).connect()

describe('delivery over the WebSocket', () => {
  test('[B67] a conflated channel gives its state with the subscription, then the newest of each key with the changed fields alone', async () => {
    await using server = await start()
    await server.publish('board:a', { bid: 1, ask: 2 }, { key: 'AAPL' })
    using sdk = await connect(server.wsUrl)
    const board = await sdk.subscribe('board:a').ready()
    expect(board.snapshot).toEqual({ AAPL: { bid: 1, ask: 2 } })
    for (let bid = 2; bid <= 300; bid++) void server.publish('board:a', { bid }, { key: 'AAPL' })
    await server.publish('board:a', { bid: 7 }, { key: 'MSFT' })
    await until('the newest came', () => board.data.some(data => Reflect.get(Object(data), 'bid') === 300))
    expect(board.data.length).toBeLessThan(8)
    expect(board.data).toContainEqual({ bid: 7 })
    expect(board.data.every(data => Reflect.get(Object(data), 'ask') === undefined)).toBe(true)
    const [session] = server.node.sessions.all()
    session?.socket.close(1011, 'cut by the test')
    await sdk.reaches('connecting 1')
    await server.publish('board:a', { ask: 9 }, { key: 'AAPL' })
    await until('it is back', () => board.recoveries.length === 2)
    expect(board.snapshot).toEqual({ AAPL: { bid: 300, ask: 9 }, MSFT: { bid: 7 } })
  })

  test('[B68] a newest-only channel gives the newest at once, and after a cut what is new, once', async () => {
    await using server = await start()
    for (const n of [1, 2]) await server.publish('newest:a', n)
    using sdk = await connect(server.wsUrl)
    const newest = await sdk.subscribe('newest:a', { recoverable: true }).ready()
    await until('the first is there', () => newest.data.length === 1)
    for (const published of [[3, 4], []]) {
      const times = newest.recoveries.length
      const seen = sdk.states.length
      for (const session of server.node.sessions.all()) session.socket.close(1011, 'cut by the test')
      await sdk.reaches('connecting 1', seen)
      for (const n of published) await server.publish('newest:a', n)
      await until('it is back', () => newest.recoveries.length > times)
    }
    await server.publish('newest:a', 5)
    await until('the last came', () => newest.data.at(-1) === 5)
    expect(newest.data).toEqual([2, 4, 5])
  })

  test('[B69] lanes: the urgent one in order and recoverable, the others batched, and their state with the subscription', async () => {
    await using server = await start()
    const publish = (lane: string, data: unknown, key?: string) =>
      server.publish('game:1', data as never, { lane, ...(key === undefined ? {} : { key }) })
    for (let n = 1; n <= 5; n++) await publish('text', `line ${n}`)
    await publish('stats', { shots: 3 }, 'home')
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    const { subscribe } = await raw.call({ subscribe: { channel: 'game:1', recoverable: true } })
    expect(subscribe?.data).toEqual({ stats: { home: { shots: 3 } }, text: ['line 3', 'line 4', 'line 5'] })
    expect(subscribe).toMatchObject({ recoverable: true, offset: 0 })
    await publish('urgent', { goal: 1 })
    await publish('stats', { shots: 4 }, 'home')
    await publish('stats', { shots: 5 }, 'home')
    await publish('urgent', { goal: 2 })
    await until('the urgent ones are there', () => raw.publications('game:1').length >= 2)
    expect(raw.data('game:1').slice(0, 2)).toEqual([{ goal: 1 }, { goal: 2 }])
    await until('the batch came', () => raw.publications('game:1').length === 3)
    expect(raw.publications('game:1')[2]).toMatchObject({ key: 'home', data: { shots: 5 } })
    await raw.call({ unsubscribe: { channel: 'game:1' } })
    const again = await raw.call({ subscribe: { channel: 'game:1', recover: true, epoch: subscribe?.epoch, offset: 1 } })
    expect(again.subscribe).toMatchObject({ recovered: true, publications: [{ data: { goal: 2 }, offset: 2 }] })
  })

  test('[B70] an ephemeral channel keeps nothing: no history, no recovery, no offsets', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    const { subscribe } = await raw.call({ subscribe: { channel: 'typing:a', recoverable: true, positioned: true } })
    expect(subscribe).toEqual({})
    await server.publish('typing:a', 'alice')
    await until('it came', () => raw.publications('typing:a').length === 1)
    expect(raw.publications('typing:a')).toEqual([{ data: 'alice' }])
    expect((await raw.call({ history: { channel: 'typing:a', limit: 1 } })).error?.code).toBe(108)
  })
})
