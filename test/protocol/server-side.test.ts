import { describe, expect, test } from 'bun:test'
import { RawClient, Sdk, startServer, until, userToken } from '../kit/index.ts'

const namespaces = [
  { name: 'feed', history_size: 50, history_ttl: '10m', presence: true, join_leave: true, allow_presence_for_subscriber: true },
  { name: 'plain' },
]
const start = () => startServer({ channel: { namespaces } })

describe('subscriptions that the server makes', () => {
  test('[B37] channels and subs of a token are subscribed with the connect reply, and recover with the next one', async () => {
    await using server = await start()
    const token = await userToken('alice', { channels: ['feed:a'], subs: { 'feed:b': { data: { hello: 1 }, info: { role: 'x' } } } })
    using sdk = new Sdk(server.wsUrl, { token, minReconnectDelay: 100 })
    const events: string[] = []
    sdk.client.on('subscribed', ({ channel, recovered, wasRecovering, data }) =>
      events.push(`subscribed ${channel} ${recovered} ${wasRecovering} ${JSON.stringify(data)}`),
    )
    sdk.client.on('publication', ({ channel, data }) => events.push(`publication ${channel} ${data}`))
    sdk.client.on('join', ({ channel, info }) => events.push(`join ${channel} ${info.user}`))
    await sdk.connect()
    await server.publish('feed:a', 1)
    await server.publish('feed:b', 2)
    await until('both came', () => events.filter(event => event.startsWith('publication')).length === 2)
    for (const session of server.node.sessions.all()) session.socket.close(1011, 'cut by the test')
    await sdk.reaches('connecting 1')
    for (const n of [3, 4, 5]) await server.publish('feed:a', n)
    await until('all came', () => events.filter(event => event.startsWith('publication feed:a')).length === 4)
    expect(events.filter(event => !event.startsWith('join'))).toEqual([
      'subscribed feed:a false false undefined',
      'subscribed feed:b false false {"hello":1}',
      'publication feed:a 1',
      'publication feed:b 2',
      'subscribed feed:a true true undefined',
      'subscribed feed:b true true {"hello":1}',
      'publication feed:a 3',
      'publication feed:a 4',
      'publication feed:a 5',
    ])
    expect(events).toContain('join feed:a alice')
    const { clients } = await sdk.client.presence('feed:b')
    expect(Object.values(clients)[0]).toMatchObject({ user: 'alice', chanInfo: { role: 'x' } })
  })

  test('[B38] a server-side subscription that lost its place says recovered: false', async () => {
    await using server = await start()
    using raw = await RawClient.open(server.wsUrl)
    const token = await userToken('alice', { channels: ['feed:a', 'plain:a'] })
    await server.publish('feed:a', 1)
    const { connect } = await raw.call({ connect: { token, subs: { 'feed:a': { recover: true, epoch: 'gone', offset: 1 } } } })
    expect(connect?.subs?.['feed:a']).toMatchObject({ recoverable: true, recovered: false, was_recovering: true, offset: 1 })
    expect(connect?.subs?.['feed:a']?.publications).toBeUndefined()
    expect(connect?.subs?.['plain:a']).toEqual({})
  })

  test('[B39] a client cannot leave a server-side subscription, nor subscribe to it again', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice', { channels: ['feed:a'] }) })
    expect((await raw.call({ unsubscribe: { channel: 'feed:a' } })).error?.code).toBe(103)
    expect((await raw.call({ subscribe: { channel: 'feed:a' } })).error?.code).toBe(105)
    await server.publish('feed:a', 1)
    await until('it still comes', () => raw.publications('feed:a').length === 1)
  })

  test('[B40] a token that asks for a channel that cannot be is refused as a whole, with the code of the channel', async () => {
    await using server = await startServer({ client: { channel_limit: 2 }, channel: { namespaces } })
    const refused = async (channels: string[]) => {
      using raw = await RawClient.open(server.wsUrl)
      return (await raw.call({ connect: { token: await userToken('alice', { channels }) } })).error?.code
    }
    expect(await refused(['feed:a', 'nowhere:b'])).toBe(102)
    expect(await refused(['feed:a', 'feed:b', 'feed:c'])).toBe(106)
    expect(server.node.sessions.of('alice')).toEqual([])
    using sdk = new Sdk(server.wsUrl, { token: await userToken('alice', { channels: ['nowhere:b'] }) })
    sdk.client.connect()
    await sdk.reaches('disconnected 102')
  })

  test('[B41] the server may subscribe, unsubscribe, and disconnect users while they are connected', async () => {
    await using server = await start()
    using sdk = new Sdk(server.wsUrl, { token: await userToken('alice') })
    const events: string[] = []
    sdk.client.on('subscribed', ({ channel }) => events.push(`subscribed ${channel}`))
    sdk.client.on('unsubscribed', ({ channel }) => events.push(`unsubscribed ${channel}`))
    sdk.client.on('publication', ({ channel, data }) => events.push(`publication ${channel} ${data}`))
    await sdk.connect()
    await server.publish('feed:a', 1)
    await server.node.broker.control({ kind: 'subscribe', user: 'alice', channel: 'feed:a', options: {} })
    await until('subscribed', () => events.includes('subscribed feed:a'))
    await server.publish('feed:a', 2)
    await until('published', () => events.includes('publication feed:a 2'))
    await server.node.broker.control({ kind: 'unsubscribe', user: 'alice', channel: 'feed:a' })
    await until('unsubscribed', () => events.includes('unsubscribed feed:a'))
    await server.node.broker.control({ kind: 'disconnect', user: 'alice', code: 3503, reason: 'force disconnect' })
    await sdk.reaches('disconnected 3503')
    expect(events).not.toContain('publication feed:a 1')
  })

  test('[B42] a client-side subscription that the server ends for good stays ended; one that it wants back comes back', async () => {
    await using server = await startServer({ channel: { without_namespace: { allow_subscribe_for_client: true } } })
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    const ended = await sdk.subscribe('ended').ready()
    await server.node.broker.control({ kind: 'unsubscribe', user: 'alice', channel: 'ended' })
    await ended.reaches('unsubscribed 2000')
    const lost = await sdk.subscribe('lost').ready()
    server.node.sessions.of('alice')[0]?.unsubscribe('lost', { code: 2500, reason: 'insufficient state' })
    await lost.reaches('subscribing 2500')
    await until('it is back', () => lost.states.filter(state => state === 'subscribed').length === 2)
    expect(ended.states.at(-1)).toBe('unsubscribed 2000')
  })
})
