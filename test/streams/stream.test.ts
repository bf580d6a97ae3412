import { describe, expect, test } from 'bun:test'
import { Curl, FetchedStream, lacks, sign, startServer, type TestServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const namespaces = [
  { name: 'kept', ...open, history_size: 100, history_ttl: '10m' },
  { name: 'plain', ...open },
  { name: 'newest', ...open, delivery: 'latest' as const },
  { name: 'board', ...open, delivery: 'conflated' as const, interval: '20ms' },
  { name: 'members', allow_subscribe_for_client: true },
  { name: 'own', allow_user_limited_channels: true },
]
const start = (input = {}) => startServer({ channel: { namespaces }, ...input })

const streamOf = (server: TestServer, ...channels: string[]) =>
  `${server.url}/sse?${channels.map(channel => `channel=${encodeURIComponent(channel)}`).join('&')}`

describe.skipIf(lacks('curl', 'event streams read by curl'))('an event stream read by curl', () => {
  test('[E1] begins with one event that names session, client and every channel, then pushes as on the WebSocket', async () => {
    await using server = await start()
    await server.publish('kept:a', { n: 1 })
    await using curl = new Curl(streamOf(server, 'kept:a', 'plain:b'))
    const { session, client, subs } = await curl.opened()
    expect(session).toMatch(/^[\w-]+\.[\w-]{22}$/)
    expect(client).toMatch(/^[0-9a-f-]{36}$/)
    const { epoch, ...rest } = subs['kept:a'] ?? {}
    expect(epoch).toBeString()
    expect(rest).toEqual({ offset: 1, recoverable: true, recovered: false, was_recovering: false })
    expect(subs['plain:b']).toEqual({})
    await server.publish('kept:a', { n: 2 })
    await until('it came', () => curl.publications('kept:a').length === 1)
    await server.publish('plain:b', { n: 3 }, { tags: { kind: 'goal' } })
    await until('it came', () => curl.publications('plain:b').length === 1)
    expect(curl.texts.slice(1)).toEqual([
      '{"channel":"kept:a","pub":{"data":{"n":2},"offset":2}}',
      '{"channel":"plain:b","pub":{"data":{"n":3},"tags":{"kind":"goal"}}}',
    ])
  })

  test('[E2] says how to be treated: never stored, never buffered, a heartbeat, and when to come back', async () => {
    await using server = await start({ sse: { heartbeat_interval: '250ms' } })
    await using curl = new Curl(streamOf(server, 'kept:a'))
    await curl.opened()
    expect(curl.status).toBe(200)
    expect(curl.header('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(curl.header('cache-control')).toBe('no-store')
    expect(curl.header('x-accel-buffering')).toBe('no')
    expect(curl.header('x-content-type-options')).toBe('nosniff')
    expect(curl.header('content-length')).toBeUndefined()
    expect(curl.header('content-encoding')).toBeUndefined()
    await until('two heartbeats came', () => curl.comments >= 2)
    const retries: number[] = []
    for (let index = 0; index < 8; index++) {
      using stream = new FetchedStream(streamOf(server, 'kept:a'))
      await stream.opened()
      retries.push(...stream.retries)
    }
    expect(retries).toHaveLength(8)
    expect(retries.every(ms => Number.isInteger(ms) && ms >= 1000 && ms <= 3000)).toBe(true)
    expect(new Set(retries).size).toBeGreaterThan(3)
  })

  test('[E3] a channel that is refused stands in subs with its error, and the others go on', async () => {
    await using server = await start()
    await using curl = new Curl(streamOf(server, 'kept:a', 'members:b', 'nowhere:c', '$kept:d', 'kept:a'))
    const { subs } = await curl.opened()
    expect(Object.keys(subs)).toEqual(['kept:a', 'members:b', 'nowhere:c', '$kept:d'])
    expect([subs['members:b'], subs['nowhere:c'], subs['$kept:d']].map(sub => sub?.error?.code)).toEqual([103, 102, 103])
    await server.publish('members:b', 1)
    await server.publish('kept:a', 2)
    await until('it came', () => curl.publications('kept:a').length === 1)
    expect(curl.publications('members:b')).toEqual([])
  })

  test('[E4] publications of one tick come as one batch, with one id', async () => {
    await using server = await start()
    await using curl = new Curl(streamOf(server, 'kept:a', 'kept:b', 'plain:c'))
    await curl.opened()
    for (const n of [1, 2]) for (const channel of ['kept:a', 'kept:b', 'plain:c']) void server.publish(channel, { n })
    await until('all came', () => curl.pushes.length === 7)
    expect(curl.events).toHaveLength(2)
    expect(curl.events[1]?.data.batch?.map(({ channel, pub }) => [channel, pub?.data])).toEqual([
      ['kept:a', { n: 1 }],
      ['kept:b', { n: 1 }],
      ['plain:c', { n: 1 }],
      ['kept:a', { n: 2 }],
      ['kept:b', { n: 2 }],
      ['plain:c', { n: 2 }],
    ])
  })

  test('[E5] a newcomer to a newest-only channel gets the newest publication with the first event', async () => {
    await using server = await start()
    for (const n of [1, 2, 3]) await server.publish('newest:a', { n })
    await using curl = new Curl(streamOf(server, 'newest:a'))
    const { subs } = await curl.opened()
    expect(subs['newest:a']?.publications).toEqual([{ data: { n: 3 }, offset: 3 }])
    await server.publish('newest:a', { n: 4 })
    await until('it came', () => curl.publications('newest:a').length === 2)
    expect(curl.data('newest:a')).toEqual([{ n: 3 }, { n: 4 }])
  })

  test('[E6] a conflated channel gives a snapshot first, then the changed fields alone, at most once per interval', async () => {
    await using server = await start()
    const quote = (bid: number, ask: number, venue = 'X') => ({ bid, ask, venue })
    await server.publish('board:a', quote(1, 2), { key: 'AAPL' })
    await server.publish('board:a', quote(5, 6), { key: 'MSFT' })
    await using curl = new Curl(streamOf(server, 'board:a'))
    const { subs } = await curl.opened()
    expect(subs['board:a']?.data).toEqual({ AAPL: quote(1, 2), MSFT: quote(5, 6) })
    await server.publish('board:a', quote(1, 3), { key: 'AAPL' })
    await until('the change came', () => curl.publications('board:a').length === 1)
    expect(curl.publications('board:a')).toEqual([{ key: 'AAPL', data: { ask: 3 } }])
    for (let bid = 10; bid <= 500; bid++) void server.publish('board:a', { bid }, { key: 'MSFT' })
    await server.publish('board:a', { bid: 501 }, { key: 'MSFT' })
    await until('the newest came', () => curl.publications('board:a').some(({ data }) => Reflect.get(Object(data), 'bid') === 501))
    expect(curl.publications('board:a').length).toBeLessThan(6)
    await server.publish('board:a', null, { key: 'AAPL' })
    await until('the removal came', () => curl.publications('board:a').some(({ removed }) => removed === true))
    expect(curl.publications('board:a').at(-1)).toEqual({ key: 'AAPL', data: null, removed: true })
    await using late = new Curl(streamOf(server, 'board:a'))
    expect((await late.opened()).subs['board:a']?.data).toEqual({ MSFT: quote(501, 6) })
  })

  test('[E7] knows its user by bearer token or by a token in the URL, and refuses the stream where that is no good', async () => {
    await using server = await start()
    const url = streamOf(server, 'own:#alice', 'members:b')
    const token = await userToken('alice')
    for (const curl of [new Curl(url, { Authorization: `Bearer ${token}` }), new Curl(`${url}&token=${token}`)]) {
      await using _ = curl
      const { subs } = await curl.opened()
      expect(Object.values(subs).map(({ error }) => error)).toEqual([undefined, undefined])
    }
    const status = async (given: string) => (await fetch(`${url}&token=${given}`)).status
    expect(await status('rubbish')).toBe(401)
    expect(await status(await userToken('alice', { exp: 1 }))).toBe(401)
    expect(await status(await sign({ sub: 'alice' }, 'another-secret-of-at-least-32-bytes'))).toBe(401)
    expect(server.node.sessions.size).toBeLessThanOrEqual(2)
  })

  test('[E8] channels of the token are opened without being asked for', async () => {
    await using server = await start()
    const token = await userToken('alice', { channels: ['members:x'], subs: { 'own:y': { data: { hi: 1 } } } })
    await using curl = new Curl(`${server.url}/sse?channel=kept:a&token=${token}`)
    const { subs } = await curl.opened()
    expect(Object.keys(subs).toSorted()).toEqual(['kept:a', 'members:x', 'own:y'])
    expect(subs['own:y']?.data).toEqual({ hi: 1 })
    await server.publish('members:x', 1)
    await until('it came', () => curl.publications('members:x').length === 1)
  })

  test('[E9] when its user must go, the stream says why and ends', async () => {
    await using server = await start()
    await using curl = new Curl(`${streamOf(server, 'kept:a')}&token=${await userToken('alice')}`)
    await curl.opened()
    await server.node.broker.control({ kind: 'disconnect', user: 'alice', code: 3503, reason: 'force disconnect' })
    await curl.finished()
    expect(curl.events.at(-1)?.data.disconnect).toEqual({ code: 3503, reason: 'force disconnect', reconnect: false })
  })

  test('[E10] a stream whose client went away is forgotten at once, also while it was still being opened', async () => {
    await using server = await start()
    const gate = Promise.withResolvers<boolean>()
    server.server.authorize('members', () => gate.promise, { anonymous: true })
    const curl = new Curl(streamOf(server, 'kept:a'))
    await curl.opened()
    expect(server.node.sessions.size).toBe(1)
    await curl.kill()
    await until('it is forgotten', () => server.node.sessions.size === 0)
    const waiting = new Curl(streamOf(server, 'members:b'))
    await until('it is being opened', () => server.node.sessions.size === 1)
    await waiting.kill()
    gate.resolve(true)
    await until('it is forgotten as well', () => server.node.sessions.size === 0)
    expect(server.node.hub.get('members:b')?.subscriptions.length ?? 0).toBe(0)
  })

  test('[E11] HEAD opens no stream', async () => {
    await using server = await start()
    const response = await fetch(streamOf(server, 'kept:a'), { method: 'HEAD' })
    expect(response.status).toBeLessThan(500)
    await until('nothing is left', () => server.node.sessions.size === 0)
    expect((await fetch(streamOf(server, 'kept:a'), { method: 'POST' })).status).toBe(405)
  })
})
