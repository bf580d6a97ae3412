import { describe, expect, test } from 'bun:test'
import { applyDelta } from 'fossil-delta'
import { type PublicationMessage, RawClient, Sdk, startServer, type TestServer, until, userToken } from '../kit/index.ts'

const kept = { history_size: 100, history_ttl: '10m', allow_subscribe_for_client: true } as const
const namespaces = [
  { name: 'delta', ...kept, allowed_delta_types: ['fossil' as const], delta_publish: true },
  { name: 'asked', ...kept, allowed_delta_types: ['fossil' as const] },
  { name: 'whole', ...kept },
]
const start = () => startServer({ channel: { namespaces } })

const filler = 'the same words again and again, '.repeat(10)
const state = (n: number, text = filler) => ({ n, text, score: { home: n, away: 1 } })

async function follow(server: TestServer, channel: string) {
  const sdk = await new Sdk(server.wsUrl, { token: await userToken('alice'), minReconnectDelay: 100 }).connect()
  return { sdk, subscription: await sdk.subscribe(channel, { delta: 'fossil', recoverable: true }).ready() }
}

describe('fossil delta', () => {
  test('[B43] the SDK gets whole states out of deltas, and few bytes went over the wire', async () => {
    await using server = await start()
    const { sdk, subscription } = await follow(server, 'delta:1')
    using _ = sdk
    for (let n = 1; n <= 20; n++) await server.publish('delta:1', state(n))
    expect(await subscription.gets(20)).toEqual(Array.from({ length: 20 }, (_, index) => state(index + 1)))
    const stats = subscription.subscription.deltaStats()
    expect(stats.numFullPayloads).toBe(1)
    expect(stats.numDeltaPayloads).toBe(19)
    expect(stats.compressionRatio).toBeGreaterThan(0.7)
  })

  test.each([
    ['characters of two, three and four bytes', (n: number) => `${'ß€😀漢字'.repeat(20)}${n}${'日本語テキスト'.repeat(20)}`],
    [
      'characters that share their first bytes',
      (n: number) => String.fromCodePoint(...Array.from({ length: 200 }, (_, i) => 0x4e00 + ((i * 7 + n) % 64))),
    ],
    ['escapes and lone surrogates', (n: number) => `${'\ud800\n"\\\u0007'.repeat(30)}${n}`],
    ['the replacement character itself', (n: number) => `${'\ufffd'.repeat(50)}${n}${'x'.repeat(50)}`],
  ])('[B44] %s come through whole', async (_name, text) => {
    await using server = await start()
    const { sdk, subscription } = await follow(server, 'delta:1')
    using _ = sdk
    for (let n = 1; n <= 30; n++) await server.publish('delta:1', state(n, text(n)))
    expect(await subscription.gets(30)).toEqual(Array.from({ length: 30 }, (_, index) => state(index + 1, text(index + 1))))
  })

  test('[B45] after a cut the base is what was recovered, and deltas go on from there', async () => {
    await using server = await start()
    const { sdk, subscription } = await follow(server, 'delta:1')
    using _ = sdk
    for (let round = 0; round < 3; round++) {
      const from = round * 10
      for (let n = from + 1; n <= from + 5; n++) await server.publish('delta:1', state(n))
      await subscription.gets(from + 5)
      const seen = sdk.states.length
      for (const session of server.node.sessions.all()) session.socket.close(1011, 'cut by the test')
      await sdk.reaches('connecting 1', seen)
      // In the last round nothing is missed.
      const missed = round === 2 ? 0 : 5
      for (let n = from + 6; n <= from + 5 + missed; n++) await server.publish('delta:1', state(n))
      await until('it is back', () => subscription.recoveries.length === round + 2)
    }
    await server.publish('delta:1', state(26))
    await server.publish('delta:1', state(27))
    expect(await subscription.gets(27)).toEqual(Array.from({ length: 27 }, (_, index) => state(index + 1)))
    expect(subscription.errors).toEqual([])
  })

  test('[B46] a publication without a place in the history does not spoil the base of those who recover', async () => {
    await using server = await start()
    using early = await RawClient.connect(server.wsUrl, { token: await userToken('early') })
    await early.call({ subscribe: { channel: 'delta:1', delta: 'fossil' } })
    for (let n = 1; n <= 3; n++) await server.publish('delta:1', state(n))
    await server.publish('delta:1', state(99), { skipHistory: true })
    using late = await RawClient.connect(server.wsUrl, { token: await userToken('late') })
    const { subscribe } = await late.call({ subscribe: { channel: 'delta:1', delta: 'fossil', recover: true, epoch: '', offset: 2 } })
    expect(subscribe?.publications?.map(({ data }) => JSON.parse(String(data)))).toEqual([state(3)])
    await server.publish('delta:1', state(4))
    await until('it came to both', () => early.publications('delta:1').length === 5 && late.publications('delta:1').length === 1)
    expect(unfold(early.publications('delta:1'))).toEqual([state(1), state(2), state(3), state(99), state(4)])
    expect(unfold([...(subscribe?.publications ?? []), ...late.publications('delta:1')])).toEqual([state(3), state(4)])
  })

  test('[B47] delta is agreed where the namespace allows it and the client asks; everybody else gets whole objects', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const agreed = async (channel: string, delta?: string) => (await raw.call({ subscribe: { channel, delta } })).subscribe?.delta
    expect(await agreed('whole:1', 'fossil')).toBeUndefined()
    expect(await agreed('delta:1')).toBeUndefined()
    expect(await agreed('delta:2', 'xdelta')).toBeUndefined()
    expect(await agreed('delta:3', 'fossil')).toBe(true)
    for (const n of [1, 2]) for (const channel of ['whole:1', 'delta:1', 'delta:2', 'delta:3']) await server.publish(channel, state(n))
    await until('all came', () => raw.publications('delta:3').length === 2)
    for (const channel of ['whole:1', 'delta:1', 'delta:2']) expect(raw.data(channel)).toEqual([state(1), state(2)])
    const [base, delta] = raw.publications('delta:3')
    expect(base?.delta).toBeUndefined()
    expect(JSON.parse(String(base?.data))).toEqual(state(1))
    expect(delta?.delta).toBe(true)
  })

  test('[B48] where delta_publish is off, only what is published with delta goes out as one', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    await raw.call({ subscribe: { channel: 'asked:1', delta: 'fossil' } })
    await server.publish('asked:1', state(1))
    await server.publish('asked:1', state(2))
    await server.publish('asked:1', state(3), { delta: true })
    await server.publish('asked:1', state(4))
    await until('all came', () => raw.publications('asked:1').length === 4)
    expect(raw.publications('asked:1').map(({ delta }) => delta)).toEqual([undefined, undefined, true, undefined])
  })
})

/** Whole states out of what came, as a client makes them. */
function unfold(publications: readonly PublicationMessage[]): unknown[] {
  let base = new Uint8Array()
  return publications.map(({ data, delta }) => {
    const bytes = new TextEncoder().encode(String(data))
    base = delta === true ? applyDelta(base, bytes) : bytes
    return JSON.parse(new TextDecoder().decode(base))
  })
}
