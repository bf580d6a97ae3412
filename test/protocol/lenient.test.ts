import { describe, expect, test } from 'bun:test'
import { inSeconds, RawClient, Sdk, sign, startServer, userToken } from '../kit/index.ts'

const kept = { history_size: 10, history_ttl: '1m', allow_subscribe_for_client: true, allow_history_for_client: true } as const
const start = () =>
  startServer({ channel: { without_namespace: kept, namespaces: [{ name: 'closed', ...kept, allow_subscribe_for_client: false }] } })

describe('what other languages and newer SDKs send', () => {
  test('[B140] null counts as absent in every command, and is itself in data', async () => {
    await using server = await start()
    using raw = await RawClient.open(server.wsUrl)
    const token = await userToken('alice', { channels: ['mine'] })
    const subs = { mine: { recover: null, epoch: null, offset: null } }
    const connect = { token, data: null, name: null, version: null, headers: null, subs }
    expect((await raw.call({ connect })).connect?.subs).toHaveProperty('mine')
    const subscribe = {
      channel: 'a',
      token: null,
      data: null,
      recover: null,
      epoch: null,
      offset: null,
      delta: null,
      tf: null,
      join_leave: null,
    }
    expect((await raw.call({ subscribe })).error).toBeUndefined()
    await server.publish('a', { n: null })
    const { history } = await raw.call({ history: { channel: 'a', limit: 5, since: null, reverse: null } })
    expect(history?.publications).toEqual([{ data: { n: null }, offset: 1 }])
    expect((await raw.call({ history: { channel: 'a', limit: 5, since: { offset: 0, epoch: null } } })).history?.publications).toHaveLength(
      1,
    )
    expect((await raw.call({ rpc: { method: null } })).error?.code).toBe(104)
    expect((await raw.call({ subscribe: { channel: null } })).error).toMatchObject({
      code: 107,
      message: expect.stringContaining('subscribe.channel'),
    })
  })

  test('[B141] a claim that is null counts as absent, and a capability without a match is exact', async () => {
    await using server = await start()
    const empty = { info: null, meta: null, caps: null, channels: null, subs: null, expire_at: null, channel: null }
    using raw = await RawClient.connect(server.wsUrl, { token: await sign({ sub: 'alice', ...empty }) })
    const token = await sign({ sub: 'alice', channel: '$a', info: null, client: null, expire_at: null, override: null })
    expect((await raw.call({ subscribe: { channel: '$a', token } })).subscribe).toBeDefined()
    const caps = [{ channels: ['closed:*'], match: '', allow: ['sub'] }]
    using bob = await RawClient.connect(server.wsUrl, { token: await sign({ sub: 'bob', caps, subs: { mine: null } }) })
    expect((await bob.call({ subscribe: { channel: 'closed:*' } })).error).toBeUndefined()
    expect((await bob.call({ subscribe: { channel: 'closed:a' } })).error?.code).toBe(103)
    using stranger = await RawClient.open(server.wsUrl)
    expect((await stranger.call({ connect: { token: await sign({ sub: null as never }) } })).error).toBeUndefined()
    expect(server.node.sessions.all().map(({ user }) => user)).toEqual(['alice', 'bob', ''])
  })

  test('[B142] a token that outlives what it grants opens nothing after that: 109, and 110 to a refresh', async () => {
    await using server = await start()
    const over = { sub: 'alice', exp: inSeconds(600), expire_at: inSeconds(-1) }
    using late = await RawClient.open(server.wsUrl)
    expect((await late.call({ connect: { token: await sign(over) } })).error?.code).toBe(109)
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    expect((await raw.call({ subscribe: { channel: '$a', token: await sign({ ...over, channel: '$a' }) } })).error?.code).toBe(109)
    await raw.call({ subscribe: { channel: '$a', token: await sign({ ...over, channel: '$a', expire_at: inSeconds(60) }) } })
    expect((await raw.call({ sub_refresh: { channel: '$a', token: await sign({ ...over, channel: '$a' }) } })).error?.code).toBe(109)
    expect((await raw.call({ refresh: { token: await sign(over) } })).error?.code).toBe(110)
    using sdk = new Sdk(server.wsUrl, { token: await sign(over), getToken: () => userToken('alice') })
    await sdk.connect()
  })

  test('[B143] a header that comes with a connect may be as long as a token', async () => {
    await using server = await start()
    using raw = await RawClient.open(server.wsUrl)
    const connect = { token: await userToken('alice'), headers: { Authorization: `Bearer ${'x'.repeat(8000)}` } }
    expect((await raw.call({ connect })).error).toBeUndefined()
  })
})
