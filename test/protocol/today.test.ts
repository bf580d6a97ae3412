import { describe, expect, test } from 'bun:test'
import { RawClient, Sdk, startServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_publish_for_client: true, allow_history_for_client: true } as const
const namespaces = [
  { name: 'kept', ...open, history_size: 3, history_ttl: '10m' },
  { name: 'latest', ...open, delivery: 'latest' as const },
  { name: 'plain', ...open, allow_subscribe_for_anonymous: true, allow_publish_for_anonymous: true },
  { name: 'own', history_size: 10, history_ttl: '10m', presence: true },
]
const start = (client = {}) => startServer({ channel: { namespaces }, client })
const rejecting = { recover: true, flag: 2 }

describe('what SDKs of today ask for', () => {
  test('[B185] who has the present state from elsewhere is told 112 where it cannot recover, and loads that again', async () => {
    await using server = await start()
    await server.publish('kept:1', 1)
    let loads = 0
    const getState = async () => {
      loads++
      const { position } = await server.node.history('kept:1', { limit: 0 })
      return { offset: position.offset, epoch: position.epoch }
    }
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice'), minReconnectDelay: 100 }).connect()
    const subscription = await sdk.subscribe('kept:1', { getState }).ready()
    await server.publish('kept:1', 2)
    await subscription.gets(1)
    for (const session of server.node.sessions.all()) session.socket.close(1011, 'cut by the test')
    await sdk.reaches('connecting 1')
    for (const n of [3, 4, 5, 6, 7]) await server.publish('kept:1', n)
    await until('it is back', () => subscription.recoveries.length === 2)
    expect(loads).toBe(2)
    await server.publish('kept:1', 8)
    expect(await subscription.gets(2)).toEqual([2, 8])
  })

  test('[B185] the flag says no more than that: who can recover does, and where there is nothing to recover it is passed over', async () => {
    await using server = await start()
    for (const n of [1, 2, 3, 4, 5]) await server.publish('kept:1', n)
    await server.publish('latest:1', 1)
    const { epoch } = (await server.node.history('kept:1', { limit: 0 })).position
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    const ask = (channel: string, more: object) => raw.call({ subscribe: { channel, ...rejecting, ...more } })
    expect((await ask('kept:1', { epoch, offset: 1 })).error).toEqual({ code: 112, message: 'unrecoverable position' })
    expect((await ask('kept:1', { epoch: 'gone', offset: 5 })).error?.code).toBe(112)
    expect((await ask('kept:1', { epoch, offset: 9 })).error?.code).toBe(112)
    expect(server.node.hub.subscriptions).toBe(0)
    expect((await ask('kept:1', { epoch, offset: 3 })).subscribe).toMatchObject({
      recovered: true,
      publications: [{ data: 4 }, { data: 5 }],
    })
    expect((await ask('plain:1', { epoch: '', offset: 3 })).subscribe).toEqual({})
    expect((await ask('latest:1', { epoch: 'gone', offset: 3 })).subscribe).toMatchObject({ recovered: true })
    expect((await raw.call({ subscribe: { channel: 'kept:2', flag: 3 } })).subscribe).toBeDefined()
    expect(
      (await raw.call({ subscribe: { channel: 'kept:3', recover: true, epoch: 'gone', offset: 9, flag: 1 } })).subscribe,
    ).toMatchObject({
      recovered: false,
    })
  })

  test('[B186] what a channel is not here is refused with 108 and the path, and not taken for what it is', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    for (const type of [1, 2, 3, 4, 9])
      expect((await raw.call({ subscribe: { channel: 'kept:1', type } })).error).toMatchObject({
        code: 108,
        message: expect.stringContaining('subscribe.type'),
      })
    const publish = { channel: 'kept:1', data: 1, type: 1, key: 'a', removed: true }
    expect((await raw.call({ publish })).error).toMatchObject({ code: 108, message: expect.stringContaining('publish.type') })
    expect((await raw.call({ subscribe: { channel: 'kept:1', type: 0 } })).subscribe).toBeDefined()
    expect((await raw.call({ sub_refresh: { channel: 'kept:1', token: 'x', type: 1 } })).error?.code).toBe(108)
    expect((await server.node.history('kept:1', { limit: 1 })).publications).toEqual([])
  })

  test('[B187] a publication says by which client it was made, of somebody without a name as well', async () => {
    await using server = await start({ allow_anonymous_connect_without_token: true })
    using raw = await RawClient.open(server.wsUrl)
    const { connect } = await raw.call({ connect: {} })
    await raw.call({ subscribe: { channel: 'plain:1' } })
    await raw.call({ publish: { channel: 'plain:1', data: 1 } })
    await until('it came', () => raw.publications('plain:1').length === 1)
    expect(raw.publications('plain:1')[0]?.info).toEqual({ user: '', client: connect?.client ?? 'none' })
  })
})

describe('personal channels', () => {
  const personal = { subscribe_to_user_personal_channel: { enabled: true, personal_channel_namespace: 'own' } }

  test('[B188] every client with a user id is subscribed to a channel of that user with the connection, and recovers in it', async () => {
    await using server = await start({ ...personal, allow_anonymous_connect_without_token: true })
    using sdk = new Sdk(server.wsUrl, { token: await userToken('alice'), minReconnectDelay: 100 })
    const got: unknown[] = []
    sdk.client.on('publication', ({ channel, data }) => got.push([channel, data]))
    await sdk.connect()
    using other = await RawClient.connect(server.wsUrl, { token: await userToken('bob') })
    await server.publish('own:#alice', 1)
    await until('it came', () => got.length === 1)
    for (const session of server.node.sessions.of('alice')) session.socket.close(1011, 'cut by the test')
    await sdk.reaches('connecting 1')
    await server.publish('own:#alice', 2)
    await until('it was recovered', () => got.length === 2)
    expect(got).toEqual([
      ['own:#alice', 1],
      ['own:#alice', 2],
    ])
    expect(other.publications('own:#alice')).toEqual([])
    using stranger = await RawClient.open(server.wsUrl)
    expect((await stranger.call({ connect: {} })).connect?.subs).toBeUndefined()
    const response = await fetch(`${server.url}/sse?channel=plain:1&token=${await userToken('carol')}`)
    const reader = response.body?.getReader()
    let text = ''
    while (!text.includes('own:#carol')) text += new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()
    expect(text).toContain('"own:#carol":{')
  })

  test('[B188] what a token says of the channel stays, and without a namespace it is that of channels without one', async () => {
    await using server = await start({ subscribe_to_user_personal_channel: { enabled: true } })
    using raw = await RawClient.open(server.wsUrl)
    const token = await userToken('alice', { subs: { '#alice': { data: { hello: 1 } } } })
    expect((await raw.call({ connect: { token } })).connect?.subs).toEqual({ '#alice': { data: { hello: 1 } } })
  })

  test('[B189] with a single connection per user, who connects ends the others with 3504, and no stranger or other user', async () => {
    const single = { ...personal.subscribe_to_user_personal_channel, single_connection: true }
    await using server = await start({ subscribe_to_user_personal_channel: single, allow_anonymous_connect_without_token: true })
    using bob = await RawClient.connect(server.wsUrl, { token: await userToken('bob') })
    using stranger = await RawClient.connect(server.wsUrl)
    using another = await RawClient.connect(server.wsUrl)
    using first = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    using second = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    expect(await first.closes()).toEqual({ code: 3504, reason: 'connection limit' })
    expect((await second.call({ ping: {} })).error).toBeUndefined()
    expect([bob, stranger, another, second].map(({ closedWith }) => closedWith)).toEqual([undefined, undefined, undefined, undefined])
  })
})
