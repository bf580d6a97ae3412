import { describe, expect, test } from 'bun:test'
import { verifySignature } from '../../src/index.ts'
import { api, atEnd, connect, connectAs, failureOf, RawClient, sdk, subscribeTo, testServer, until } from '../kit/api.ts'
import { BinaryClient } from '../kit/clients/binary-client.ts'
import { inSeconds } from '../kit/index.ts'
import { BackEnd, failing, hookSecret, serveWith } from './back-end.ts'

const all = ['connect', 'refresh', 'subscribe', 'publish', 'rpc', 'disconnect', 'unsubscribe', 'channel_occupied', 'channel_vacated']

describe('every hook', () => {
  test('[K1] is a signed POST of JSON that says what it is; each has an idempotency key of its own', async () => {
    const backEnd = new BackEnd().on('connect', () => ({ result: { user: 'alice' } })).on('rpc', () => ({ result: { data: 1 } }))
    const server = await serveWith(backEnd.hooks(all))
    const client = await connect(server)
    const { subscription } = await subscribeTo(client, 'asked:a')
    await subscription.publish('hi')
    await client.rpc('any', {})
    client.disconnect()
    await backEnd.gets('disconnect')
    expect(backEnd.asked.map(({ hook }) => hook)).toEqual([
      'connect',
      'subscribe',
      'channel_occupied',
      'publish',
      'rpc',
      'unsubscribe',
      'channel_vacated',
      'disconnect',
    ])
    for (const { hook, headers, signed } of backEnd.asked) {
      expect(signed).toBe(true)
      expect(headers.get('content-type')).toBe('application/json')
      expect(headers.get('x-fanfare-event')).toBe(hook)
    }
    expect(new Set(backEnd.asked.map(({ headers }) => headers.get('x-fanfare-idempotency-key'))).size).toBe(8)
  })

  test('[K2] the signature is hex HMAC-SHA256 over time and body; another body, secret or time does not pass', () => {
    const body = '{"a":1}'
    const nowMs = 1_700_000_000_000
    const digest = new Bun.CryptoHasher('sha256', hookSecret).update(`1700000000.${body}`).digest('hex')
    const header = `t=1700000000,v1=${digest}`
    const verify = (more: object) => verifySignature({ header, body, secret: hookSecret, nowMs, ...more })
    expect(verify({})).toBe(true)
    expect(verify({ nowMs: nowMs + 299_000 })).toBe(true)
    expect(verify({ header: `t=1700000000,v1=00,v1=${digest}` })).toBe(true)
    for (const wrong of [
      { body: '{"a":2}' },
      { secret: 'another' },
      { nowMs: nowMs + 301_000 },
      { nowMs: nowMs - 301_000 },
      { header: `t=1700000001,v1=${digest}` },
      { header: `v1=${digest}` },
      { header: 't=1700000000' },
      { header: 't=1700000000,v1=' },
      { header: '' },
      { header: null },
      { header: undefined },
    ])
      expect(verify(wrong)).toBe(false)
  })
})

describe('connect', () => {
  test('[K3] is asked of who comes without a token, with what the client says, and decides who it is', async () => {
    const backEnd = new BackEnd().on('connect', ({ body }) => ({
      result: { user: 'alice', info: { name: 'Alice' }, data: { echo: body.data }, meta: { plan: 'gold' } },
    }))
    const server = await serveWith(backEnd.hooks(['connect', 'rpc']))
    const client = sdk(server, { data: { password: 'x' } })
    const connected = new Promise(resolve => client.on('connected', ({ data }) => resolve(data)))
    client.connect()
    expect(await connected).toEqual({ echo: { password: 'x' } })
    const [session] = server.node.sessions.of('alice')
    expect(session?.identity.info).toEqual({ name: 'Alice' })
    expect(backEnd.of('connect')[0]?.body).toEqual({
      client: session?.id,
      transport: 'websocket',
      protocol: 'json',
      encoding: 'json',
      data: { password: 'x' },
    })
    await client.rpc('any', {})
    expect(backEnd.of('rpc')[0]?.body).toMatchObject({ user: 'alice', meta: { plan: 'gold' } })
  })

  test('[B181] a back end is told which form its client speaks, and gets JSON from either', async () => {
    const backEnd = new BackEnd().on('connect', () => ({ result: { user: 'alice' } }))
    const server = await serveWith(backEnd.hooks(['connect']))
    using client = await BinaryClient.connect(server.url.replace('http', 'ws').concat('/connection/websocket'), {
      data: new TextEncoder().encode('{"a":"ß"}'),
    })
    expect(client.closedWith).toBeUndefined()
    expect(backEnd.of('connect')[0]?.body).toMatchObject({ protocol: 'protobuf', encoding: 'json', data: { a: 'ß' } })
  })

  test('[K3] a token is checked here, and the back end is not asked', async () => {
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(['connect']))
    await connectAs(server, 'bob')
    expect(server.node.sessions.of('bob')).toHaveLength(1)
    expect(backEnd.asked).toEqual([])
  })

  test('[K25] the connect hook gets the cookies, authorisation, origin and address of the client, as headers of its own', async () => {
    const backEnd = new BackEnd().on('connect', () => ({ result: { user: 'alice' } }))
    const server = await serveWith(backEnd.hooks(['connect', 'rpc']))
    const headers = { Cookie: 'session=abc', 'User-Agent': 'test', 'X-Secret': 'no', 'X-Fanfare-Event': 'forged' }
    const raw = await RawClient.connect(server.wsUrl, {}, { headers: { ...headers, 'X-Forwarded-For': '10.1.2.3' } })
    atEnd(() => raw[Symbol.dispose]())
    const stream = await fetch(`${server.url}/sse?channel=open:a`, { headers })
    await stream.body?.cancel()
    const sdkWithHeaders = sdk(server, { headers: { Authorization: 'Bearer of-the-page', Cookie: 'forged=1' } })
    sdkWithHeaders.connect()
    await sdkWithHeaders.ready()
    const [first, second, third] = backEnd.of('connect').map(asked => asked.headers)
    expect(first?.get('cookie')).toBe('session=abc')
    expect(first?.get('x-forwarded-for')).toBe('10.1.2.3, 127.0.0.1')
    expect(first?.get('x-secret')).toBeNull()
    expect(first?.get('x-fanfare-event')).toBe('connect')
    expect(second?.get('cookie')).toBe('session=abc')
    expect(second?.get('x-forwarded-for')).toBe('127.0.0.1')
    expect(third?.get('authorization')).toBe('Bearer of-the-page')
    expect(third?.get('cookie')).toBeNull()
    await raw.call({ rpc: { method: 'any' } })
    expect(backEnd.of('rpc')[0]?.headers.get('cookie')).toBeNull()
  })

  test('[K4] channels and subs of the answer become server-side subscriptions', async () => {
    const backEnd = new BackEnd().on('connect', () => ({
      result: { user: 'alice', channels: ['asked:one'], subs: { 'asked:two': { info: { seat: 2 }, data: { hello: 2 } } } },
    }))
    const server = await serveWith(backEnd.hooks(['connect', 'subscribe', 'publish']))
    const client = sdk(server)
    const subscribed: unknown[] = []
    const got: unknown[] = []
    client.on('subscribed', ({ channel, data }) => subscribed.push([channel, data]))
    client.on('publication', ({ channel, data }) => got.push([channel, data]))
    client.connect()
    await client.ready()
    expect(subscribed).toEqual([
      ['asked:one', undefined],
      ['asked:two', { hello: 2 }],
    ])
    await api(server, 'broadcast', { channels: ['asked:one', 'asked:two'], data: 1 })
    await until('both came', () => got.length === 2)
    expect(JSON.stringify((await api(server, 'presence', { channel: 'asked:two' })).body)).toContain('"chan_info":{"seat":2}')
    expect(backEnd.of('subscribe')).toEqual([])
  })

  test('[K4] caps of the answer permit what they name, and nothing else', async () => {
    const backEnd = new BackEnd().on('connect', () => ({
      result: { user: 'alice', caps: [{ channels: ['quiet:*'], match: 'wildcard', allow: ['sub', 'pub'] }] },
    }))
    const hooks = backEnd.hooks(['connect'])
    const server = await testServer({ hooks, channel: { namespaces: [{ name: 'quiet' }, { name: 'other' }] } })
    const client = await connect(server)
    const { subscription, got } = await subscribeTo(client, 'quiet:a')
    await subscription.publish('hi')
    await until('it came', () => got.length === 1)
    expect((await failureOf(client.publish('other:a', 'hi'))).code).toBe(103)
  })

  test('[K5] an error of the answer reaches the client; a disconnect closes with its code, which says whether to come back', async () => {
    const backEnd = new BackEnd().on('connect', () => ({ error: { code: 1001, message: 'not_now: maintenance', temporary: true } }))
    const server = await serveWith(backEnd.hooks(['connect']))
    const raw = await RawClient.open(server.wsUrl)
    atEnd(() => raw[Symbol.dispose]())
    expect((await raw.call({ connect: {} })).error).toEqual({ code: 1001, message: 'not_now: maintenance', temporary: true })
    backEnd.on('connect', () => ({ disconnect: { code: 4501, reason: 'banned' } }))
    const client = sdk(server)
    const ended = new Promise(resolve => client.on('disconnected', ({ code, reason }) => resolve([code, reason])))
    client.connect()
    expect(await ended).toEqual([4501, 'banned'])
  })

  test('[K5] an event stream is asked about as well, and refused with a status', async () => {
    const backEnd = new BackEnd().on('connect', () => ({ result: { user: 'alice' } }))
    const server = await serveWith(backEnd.hooks(['connect', 'subscribe']))
    const stream = await fetch(`${server.url}/sse?channel=asked:a`)
    await stream.body?.cancel()
    expect(stream.status).toBe(200)
    expect(backEnd.asked.map(({ hook, body }) => [hook, body.transport, body.user])).toEqual([
      ['connect', 'sse', undefined],
      ['subscribe', 'sse', 'alice'],
    ])
    backEnd.on('connect', () => ({ disconnect: { code: 4501, reason: 'banned' } }))
    expect((await fetch(`${server.url}/sse?channel=asked:a`)).status).toBe(403)
    backEnd.on('connect', () => ({ error: { code: 402, message: 'pay first' } }))
    expect((await fetch(`${server.url}/sse?channel=asked:a`)).status).toBe(402)
  })

  test('[K6] a session that the hook let in until a time lives on while refresh prolongs it, without a token, and ends with 3005', async () => {
    const backEnd = new BackEnd()
      .on('connect', () => ({ result: { user: 'alice', expire_at: inSeconds(1) } }))
      .on(
        'refresh',
        failing(
          1,
          () => ({ result: { expire_at: inSeconds(1) } }),
          () => ({ result: { expired: true } }),
        ),
      )
    const server = await serveWith(backEnd.hooks(['connect', 'refresh']))
    const client = sdk(server)
    const left: number[] = []
    client.on('connecting', ({ code }) => left.push(code))
    client.connect()
    await client.ready()
    const [first] = await backEnd.gets('refresh', 1)
    expect(first?.body).toMatchObject({ user: 'alice', transport: 'websocket' })
    expect(left).toEqual([0])
    backEnd.on('connect', () => ({ result: { user: 'alice' } }))
    await until('it was closed', () => left.length === 2)
    expect(left).toEqual([0, 3005])
    await client.ready()
    expect(backEnd.of('connect')).toHaveLength(2)
  })
})
