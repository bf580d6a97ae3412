import { describe, expect, test } from 'bun:test'
import type { JWTPayload } from 'jose'
import { z } from 'zod'
import { BinaryClient, binaryFrame } from '../kit/clients/binary-client.ts'
import { bytesOf, ProtobufSdk, parsed } from '../kit/clients/protobuf-sdk.ts'
import { RawClient, startServer, type TestServer, until, userToken } from '../kit/index.ts'

const kept = {
  history_size: 100,
  history_ttl: '10m',
  allow_subscribe_for_client: true,
  allow_publish_for_client: true,
  allow_history_for_client: true,
} as const
const namespaces = [
  { name: 'room', ...kept, presence: true, join_leave: true, allow_presence_for_client: true },
  { name: 'delta', ...kept, allowed_delta_types: ['fossil' as const], delta_publish: true },
  { name: 'latest', ...kept, delivery: 'latest' as const },
  { name: 'quote', ...kept, delivery: 'conflated' as const, interval: '10ms' },
  { name: 'feed', history_size: 50, history_ttl: '10m' },
]
const start = () => startServer({ channel: { namespaces } })

async function join(server: TestServer, user = 'alice', claims: JWTPayload = {}) {
  return new ProtobufSdk(server.wsUrl, { token: await userToken(user, claims), minReconnectDelay: 100 }).connect()
}

function cut(server: TestServer): void {
  for (const session of [...server.node.sessions.all()]) session.socket.close(1011, 'cut by the test')
}

const odd = { text: 'ß漢💥\ud800\u0000', list: [1, null, { a: 0.5 }], empty: {} }

describe('the Protobuf form', () => {
  test('[B180] the SDK subscribes, publishes, calls and asks in Protobuf, beside one that does so in JSON', async () => {
    await using server = await start()
    server.server.command('echo', z.unknown(), (_input, { user }) => ({ user }))
    using sdk = await join(server)
    using other = await RawClient.connect(server.wsUrl, { token: await userToken('bob') })
    const room = await sdk.subscribe('room:1', { joinLeave: true }).ready()
    await other.call({ subscribe: { channel: 'room:1' } })
    await until('bob joined', () => room.joins.includes('bob'))
    await sdk.client.publish('room:1', bytesOf(odd))
    await other.call({ publish: { channel: 'room:1', data: { from: 'bob' } } })
    await until('both came', () => room.publications.length === 2 && other.publications('room:1').length === 2)
    expect(room.publications.map(({ data, offset, info }) => [parsed(data), offset, info?.user])).toEqual([
      [odd, 1, 'alice'],
      [{ from: 'bob' }, 2, 'bob'],
    ])
    expect(other.data('room:1')).toEqual([odd, { from: 'bob' }])
    expect(parsed((await sdk.client.rpc('echo', bytesOf({}))).data)).toEqual({ user: 'alice' })
    const history = await room.subscription.history({ limit: 10 })
    expect([history.offset, history.publications.map(({ data }) => parsed(data))]).toEqual([2, [odd, { from: 'bob' }]])
    const { clients } = await room.subscription.presence()
    expect(Object.values(clients).map(({ user }) => user)).toContain('bob')
    expect(await room.subscription.presenceStats()).toEqual({ numClients: 2, numUsers: 2 })
    other[Symbol.dispose]()
    await until('bob left', () => room.leaves.includes('bob'))
  })

  test('[B180] what was missed is recovered, subscriptions of the token as well, and an answer of the server says what it says in JSON', async () => {
    await using server = await start()
    using sdk = await join(server, 'alice', { subs: { 'feed:a': { data: { hello: 1 } } } })
    const own: string[] = []
    sdk.client.on('publication', ({ channel, data }) => own.push(`${channel} ${JSON.stringify(parsed(data))}`))
    const room = await sdk.subscribe('room:1', { recoverable: true }).ready()
    for (const n of [1, 2]) await server.publish('room:1', { n })
    await server.publish('feed:a', 1)
    await room.gets(2)
    cut(server)
    await until('it is gone', () => sdk.states.includes('connecting 1'))
    for (const n of [3, 4]) await server.publish('room:1', { n }, { tags: { a: 'b' } })
    await server.publish('feed:a', 2)
    expect(await room.gets(4)).toEqual([1, 2, 3, 4].map(n => ({ n })))
    expect(room.recoveries.at(-1)).toEqual({ recovered: true, wasRecovering: true })
    expect(room.publications.at(-1)?.tags).toEqual({ a: 'b' })
    await until('its own came', () => own.length === 2)
    expect(own).toEqual(['feed:a 1', 'feed:a 2'])
    await expect(sdk.client.publish('feed:a', bytesOf(1))).rejects.toMatchObject({ code: 103 })
    await server.server.unsubscribe('alice', 'room:1')
    await until('it was told', () => room.subscription.state === 'unsubscribed')
  })

  test('[B180] pings are empty replies, their answers empty commands, and a newest value and a table come as in JSON', async () => {
    await using server = await startServer({ channel: { namespaces }, client: { ping_interval: '1s', pong_timeout: '500ms' } })
    using sdk = await join(server)
    const latest = await sdk.subscribe('latest:a').ready()
    const quote = await sdk.subscribe('quote:a').ready()
    await server.publish('latest:a', 'new')
    await server.publish('quote:a', { bid: 1 }, { key: 'AAPL' })
    expect(await latest.gets(1)).toEqual(['new'])
    expect(await quote.gets(1)).toEqual([{ bid: 1 }])
    using raw = await BinaryClient.connect(server.wsUrl, { token: await userToken('bob') })
    await until('two pings were answered', () => raw.pings === 2)
    expect([raw.closedWith, sdk.states]).toEqual([undefined, ['connecting 0', 'connected']])
  })

  test('[B180] deltas are bytes to the bytes before, with characters of any length, and after a cut', async () => {
    await using server = await start()
    using sdk = await join(server)
    const state = (n: number) => ({ n, text: `${'ß€😀漢字'.repeat(20)}${n}${'日本語テキスト'.repeat(20)}` })
    const feed = await sdk.subscribe('delta:1', { delta: 'fossil', recoverable: true }).ready()
    for (let n = 1; n <= 10; n++) await server.publish('delta:1', state(n))
    await feed.gets(10)
    cut(server)
    await until('it is gone', () => sdk.states.includes('connecting 1'))
    for (let n = 11; n <= 20; n++) await server.publish('delta:1', state(n))
    await feed.gets(20)
    for (let n = 21; n <= 30; n++) await server.publish('delta:1', state(n))
    expect(await feed.gets(30)).toEqual(Array.from({ length: 30 }, (_, index) => state(index + 1)))
    expect(feed.subscription.deltaStats().numDeltaPayloads).toBeGreaterThanOrEqual(18)
  })

  test('[B180] a large audience is written to together, and each has everything in order, whoever asks between', async () => {
    await using server = await startServer({ channel: { namespaces, broadcast_min: 3 } })
    const clients: BinaryClient[] = []
    for (let n = 0; n < 8; n++) {
      const client = await BinaryClient.connect(server.wsUrl, { token: await userToken(`user${n}`) })
      await client.call(2, { subscribe: { channel: 'latest:none' } })
      await client.call(3, { unsubscribe: { channel: 'latest:none' } })
      await client.call(4, { subscribe: { channel: 'room:1' } })
      clients.push(client)
    }
    for (let n = 1; n <= 40; n++) {
      await server.publish('room:1', { n })
      if (n % 4 === 0) await clients[n % 8]?.call(100 + n, { presence_stats: { channel: 'room:1' } })
    }
    for (const client of clients) {
      const offsets = () => client.messages.flatMap(({ push }) => (push?.pub === undefined ? [] : [push.pub.offset]))
      await until('all came', () => offsets().length === 40)
      expect(offsets()).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
      client[Symbol.dispose]()
    }
  })

  test('[B7] a subprotocol or the query says which form is spoken, on one path; without either it is JSON', async () => {
    await using server = await start()
    const token = await userToken('alice')
    for (const [url, protocols] of [
      [server.wsUrl, ['centrifuge-protobuf']],
      [`${server.wsUrl}?format=protobuf`, []],
      [`${server.wsUrl}?cf_protocol=protobuf`, []],
    ] as const) {
      using client = await BinaryClient.connect(url, { token }, [...protocols])
      expect(client.socket.protocol).toBe(protocols[0] ?? '')
    }
    for (const protocols of [[], ['centrifuge-json'], ['other', 'centrifuge-json']]) {
      using client = await RawClient.connect(server.wsUrl, { token }, { protocols })
      expect(client.socket.protocol).toBe(protocols.at(-1) ?? '')
    }
  })

  test('[B182] what is malformed is answered with 107, the path and the id, as in JSON', async () => {
    await using server = await start()
    using client = await BinaryClient.connect(server.wsUrl, { token: await userToken('alice') })
    const wrong: readonly (readonly [object, string])[] = [
      [{ id: 2, publish: { channel: 'room:1', data: Buffer.from('{"a"') } }, 'publish.data: not valid JSON'],
      [{ id: 3, publish: { channel: 'room:1', data: Buffer.from([0x22, 0xff, 0x22]) } }, 'publish.data: not valid JSON'],
      [{ id: 4, publish: { channel: 'room:1' } }, 'publish.data'],
      [{ id: 5, publish: { channel: '', data: bytesOf(1) } }, 'publish.channel'],
      [{ id: 6, publish: { channel: 'room:1', data: bytesOf(JSON.parse('{"x":{"__proto__":1}}')) } }, 'publish.data.x: the key'],
      [{ id: 7, rpc: { data: Buffer.from(`${'['.repeat(200)}${']'.repeat(200)}`) } }, 'nested deeper'],
      [{ id: 8, history: { channel: 'room:1', since: { offset: 2 ** 60 } } }, 'history.since.offset'],
      [{ subscribe: { channel: 'room:1' } }, 'id: missing'],
    ]
    for (const [command] of wrong) client.send(binaryFrame(command))
    client.send(binaryFrame({ id: 20, presence_stats: { channel: 'room:1' } }))
    await client.reply(20)
    const errors = client.messages.filter(({ error }) => error !== undefined)
    expect(errors.map(({ id = 0, error }) => [id, error?.code])).toEqual(wrong.map(([command]) => [Reflect.get(command, 'id') ?? 0, 107]))
    for (const [index, [, part]] of wrong.entries()) expect(errors[index]?.error?.message).toContain(part)
    expect((await client.call(21, {})).error?.code).toBe(104)
  })

  test('[B182] a message that breaks off or is none is answered, what stands before it is done, and who goes on is sent away', async () => {
    await using server = await start()
    using client = await BinaryClient.connect(server.wsUrl, { token: await userToken('alice') })
    const good = binaryFrame({ id: 2, presence_stats: { channel: 'room:1' } })
    client.send(Buffer.concat([good, Buffer.from([0x05, 0x08])]))
    await until('it was answered', () => client.messages.some(({ error }) => error?.message.includes('behind its length')))
    expect((await client.reply(2)).presence_stats).toBeDefined()
    client.send(Buffer.concat([Buffer.from([0x04, 0x08, 0x09, 0x22, 0xff]), binaryFrame({ id: 3, presence_stats: { channel: 'room:1' } })]))
    expect((await client.reply(9)).error?.message).toContain('not a Command in Protobuf')
    expect((await client.reply(3)).presence_stats).toBeDefined()
    client.send('{"id":4,"presence_stats":{"channel":"room:1"}}')
    for (let n = 0; n < 25; n++) client.send(Buffer.from([0x01, 0x07]))
    await until('it is sent away', () => client.closedWith !== undefined)
    expect(client.closedWith?.code).toBe(3501)
    using large = await BinaryClient.connect(server.wsUrl, { token: await userToken('alice') })
    large.send(binaryFrame({ id: 2, publish: { channel: 'room:1', data: bytesOf('x'.repeat(65_536)) } }))
    await until('it was closed', () => large.closedWith !== undefined)
    expect(large.closedWith?.code).toBe(1009)
  })
})
