import { describe, expect, test } from 'bun:test'
import { BinaryClient } from '../kit/clients/binary-client.ts'
import { ProtobufSdk } from '../kit/clients/protobuf-sdk.ts'
import { RawClient, Sdk, startServer, type TestServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_history_for_client: true, allow_tags_filter: true } as const
const kept = { ...open, history_size: 100, history_ttl: '10m', allowed_delta_types: ['fossil' as const], delta_publish: true }
const namespaces = [
  { name: 'news', ...kept },
  { name: 'bare', ...open },
  { name: 'closed', allow_subscribe_for_client: true },
]
const start = () => startServer({ channel: { namespaces, broadcast_min: 3 } })
const english = { key: 'lang', cmp: 'eq', val: 'en' } as const
const cheap = { op: 'and', nodes: [english, { key: 'price', cmp: 'lt', val: '10' }] }

/** Every third is English, every sixth cheap as well. */
async function publish(server: TestServer, channel: string, from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n++)
    await server.publish(channel, n, { tags: { lang: n % 3 === 0 ? 'en' : 'de', price: n % 2 === 0 ? '9.99' : '10' } })
}

const upTo = (count: number, step: number) => Array.from({ length: count }, (_, index) => index + 1).filter(n => n % step === 0)

describe('filters by tags', () => {
  test('[B183] who asks for a part by tags gets that part, live and recovered, and its place is that of the channel', async () => {
    await using server = await start()
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice'), minReconnectDelay: 100 }).connect()
    using binary = await new ProtobufSdk(server.wsUrl, { token: await userToken('bob'), minReconnectDelay: 100 }).connect()
    const subscriptions = [
      await sdk.subscribe('news:1', { recoverable: true, tagsFilter: english }).ready(),
      await binary.subscribe('news:1', { recoverable: true, tagsFilter: english }).ready(),
    ]
    await publish(server, 'news:1', 1, 10)
    for (const subscription of subscriptions) expect(await subscription.gets(3)).toEqual([3, 6, 9])
    for (const session of [...server.node.sessions.all()]) session.socket.close(1011, 'cut by the test')
    await until('they are gone', () => [sdk, binary].every(({ states }) => states.includes('connecting 1')))
    await publish(server, 'news:1', 11, 10)
    await until('they are back', () => subscriptions.every(({ recoveries }) => recoveries.length === 2))
    await publish(server, 'news:1', 21, 10)
    for (const subscription of subscriptions) {
      expect(await subscription.gets(10)).toEqual(upTo(30, 3))
      expect(subscription.recoveries[1]).toEqual({ recovered: true, wasRecovering: true })
    }
  })

  test('[B183] a recovery that comes piece by piece is filtered in every piece, in either form', async () => {
    await using server = await start()
    const page = 'x'.repeat(30_000)
    for (let n = 1; n <= 90; n++) await server.publish('news:1', { n, page }, { tags: { lang: n % 3 === 0 ? 'en' : 'de' } })
    const since = { offset: 0, epoch: (await server.node.history('news:1', { limit: 0 })).position.epoch }
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    using binary = await new ProtobufSdk(server.wsUrl, { token: await userToken('bob') }).connect()
    const options = { since, tagsFilter: english }
    const subscriptions = [await sdk.subscribe('news:1', options).ready(), await binary.subscribe('news:1', options).ready()]
    await server.publish('news:1', { n: 91 }, { tags: { lang: 'de' } })
    await server.publish('news:1', { n: 92 }, { tags: { lang: 'en' } })
    for (const subscription of subscriptions) {
      const got = await subscription.gets(31)
      expect(got.map(data => Reflect.get(Object(data), 'n'))).toEqual([...upTo(90, 3), 92])
      expect(subscription.recoveries).toEqual([{ recovered: true, wasRecovering: true }])
    }
  })

  test('[B183] where all that was missed is left out, the client recovered; and a filter goes without delta', async () => {
    await using server = await start()
    await publish(server, 'news:1', 1, 2)
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    const epoch = (await raw.call({ history: { channel: 'news:1' } })).history?.epoch ?? ''
    const recover = { recover: true, epoch, offset: 0 }
    const { subscribe } = await raw.call({ subscribe: { channel: 'news:1', tf: english, delta: 'fossil', ...recover } })
    expect(subscribe).toMatchObject({ recovered: true, was_recovering: true, publications: [] })
    expect(subscribe?.delta).toBeUndefined()
    await publish(server, 'news:1', 3, 1)
    await until('it came', () => raw.publications('news:1').length === 1)
    expect(raw.publications('news:1')[0]).toMatchObject({ data: 3, offset: 3 })
  })

  test('[B184] those with the same filter are written to together, whoever comes, goes, or asks between', async () => {
    await using server = await start()
    const followers: { readonly client: RawClient; readonly step: number }[] = []
    for (const [tf, step] of [
      [undefined, 1],
      [english, 3],
      [cheap, 6],
    ] as const)
      for (let n = 0; n < 6; n++) {
        const client = await RawClient.connect(server.wsUrl, { token: await userToken(`user${step}-${n}`) })
        await client.call({ subscribe: { channel: 'bare:1', ...(tf === undefined ? {} : { tf }) } })
        followers.push({ client, step })
      }
    using binary = await BinaryClient.connect(server.wsUrl, { token: await userToken('binary') })
    await binary.call(2, { subscribe: { channel: 'bare:1', tf: cheap } })
    for (let from = 1; from <= 60; from += 6) {
      await publish(server, 'bare:1', from, 6)
      // Answers take their clients out of their groups for a while.
      const asked = followers.filter((_, index) => index % 5 === from % 5).map(({ client }) => client.call({ ping: {} }))
      await Promise.all(asked)
    }
    for (const { client, step } of followers) {
      await until('all came', () => client.data('bare:1').length === 60 / step)
      expect(client.data('bare:1')).toEqual(upTo(60, step))
    }
    await until('all came', () => binary.messages.filter(({ push }) => push?.pub !== undefined).length === 10)
    // Who changes its mind is left alone by what it asked for before.
    const [, , , , , , first] = followers
    await first?.client.call({ unsubscribe: { channel: 'bare:1' } })
    await first?.client.call({ subscribe: { channel: 'bare:1', tf: cheap } })
    await publish(server, 'bare:1', 61, 6)
    await until('it came', () => first?.client.data('bare:1').includes(66) === true)
    expect(first?.client.data('bare:1')).toEqual([...upTo(60, 3), 66])
    for (const { client } of followers) client[Symbol.dispose]()
  })

  test('[B144] who asks for a filter that makes no sense, or where the namespace allows none, is told so with the path, and is given nothing', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    const refusal = async (channel: string, tf: unknown) => (await raw.call({ subscribe: { channel, tf } })).error
    expect(await refusal('closed:1', english)).toMatchObject({ code: 107, message: expect.stringContaining('subscribe.tf: ') })
    const nested = { op: 'or', nodes: [english, { key: 'a', cmp: 'lt' }] }
    expect(await refusal('news:1', nested)).toMatchObject({ code: 107, message: expect.stringContaining('subscribe.tf.nodes[1].val') })
    expect(await refusal('news:1', { op: 1 })).toMatchObject({ code: 107, message: expect.stringContaining('subscribe.tf.op') })
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('bob') }).connect()
    const { states } = sdk.subscribe('closed:1', { tagsFilter: english })
    await until('it is told', () => states.at(-1) === 'unsubscribed 107')
    expect(server.node.hub.subscriptions).toBe(0)
  })
})
