import { describe, expect, test } from 'bun:test'
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { type ConfigInput, verifySignature } from '../../src/index.ts'
import { inSeconds } from '../support/index.ts'
import { BackEnd, failing, hookSecret, status } from './back-end.ts'
import { api, atEnd, connect, connectAs, post, RawClient, sdk, serve, subscribeTo, until, userToken } from './harness.ts'

/** Channels `asked:…` are decided by the back end as far as it is asked, `open:…` by nobody. */
function serveWith(hooks: NonNullable<ConfigInput['hooks']>) {
  const history = { history_size: 10, history_ttl: '1m' }
  const asked = {
    subscribe_hook: hooks.subscribe !== undefined,
    publish_hook: hooks.publish !== undefined,
    allow_subscribe_for_client: true,
  }
  const namespaces = [
    { name: 'asked', presence: true, ...history, ...asked },
    { name: 'open', allow_subscribe_for_client: true },
  ]
  return serve({ hooks, channel: { namespaces } })
}

const all = ['connect', 'refresh', 'subscribe', 'publish', 'rpc', 'disconnect', 'unsubscribe', 'channel_occupied', 'channel_vacated']

async function failureOf(failing: Promise<unknown>): Promise<{ code: number; message: string; temporary?: boolean }> {
  try {
    await failing
  } catch (error) {
    const { code, message, temporary } = Object(error)
    return { code, message, ...(temporary === undefined ? {} : { temporary }) }
  }
  throw new Error('it did not fail')
}

/** Listens on a free port for as long as the test lasts. */
async function portOf(server: TcpServer): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

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
    await sdkWithHeaders.ready(5000)
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
    await client.ready(5000)
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
    const server = await serve({ hooks, channel: { namespaces: [{ name: 'quiet' }, { name: 'other' }] } })
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
    await client.ready(5000)
    const [first] = await backEnd.gets('refresh', 1)
    expect(first?.body).toMatchObject({ user: 'alice', transport: 'websocket' })
    expect(left).toEqual([0])
    backEnd.on('connect', () => ({ result: { user: 'alice' } }))
    await until('it was closed', () => left.length === 2)
    expect(left).toEqual([0, 3005])
    await client.ready(5000)
    expect(backEnd.of('connect')).toHaveLength(2)
  })
})

describe('subscribe', () => {
  test('[K7] is asked in namespaces with subscribe_hook alone, and grants with data and info', async () => {
    const backEnd = new BackEnd().on('subscribe', ({ body }) => ({ result: { data: { you: body.user }, info: { seat: 1 } } }))
    const server = await serveWith(backEnd.hooks(['subscribe', 'publish']))
    const client = await connectAs(server, 'alice')
    const subscription = client.newSubscription('asked:a', { data: { pin: 7 } })
    const data = new Promise(resolve => subscription.on('subscribed', context => resolve(context.data)))
    subscription.subscribe()
    expect(await data).toEqual({ you: 'alice' })
    expect(backEnd.of('subscribe').map(({ body }) => body)).toMatchObject([{ user: 'alice', channel: 'asked:a', data: { pin: 7 } }])
    expect(JSON.stringify((await api(server, 'presence', { channel: 'asked:a' })).body)).toContain('"chan_info":{"seat":1}')
    await subscribeTo(client, 'open:a')
    expect(backEnd.of('subscribe')).toHaveLength(1)
  })

  test('[K8] a refusal ends the subscription with its code, and a disconnect the connection', async () => {
    const backEnd = new BackEnd().on('subscribe', ({ body }) =>
      body.channel === 'asked:no' ? { error: { code: 403, message: 'members only' } } : { disconnect: { code: 4500, reason: 'enough' } },
    )
    const server = await serveWith(backEnd.hooks(['subscribe', 'publish']))
    const client = await connectAs(server, 'alice')
    const refused = client.newSubscription('asked:no')
    const ended = new Promise(resolve => refused.on('unsubscribed', ({ code, reason }) => resolve([code, reason])))
    refused.subscribe()
    expect(await ended).toEqual([403, 'members only'])
    expect(client.state as string).toBe('connected')
    const gone = new Promise(resolve => client.on('disconnected', ({ code }) => resolve(code)))
    client.newSubscription('asked:never').subscribe()
    expect(await gone).toBe(4500)
  })

  test('[K9] a subscription that was granted until a time ends then, and the SDK asks again without a token', async () => {
    const backEnd = new BackEnd().on(
      'subscribe',
      failing(1, () => ({ result: { expire_at: inSeconds(1) } })),
    )
    const server = await serveWith(backEnd.hooks(['subscribe', 'publish']))
    const client = await connectAs(server, 'alice')
    const subscription = client.newSubscription('asked:a', { minResubscribeDelay: 10, maxResubscribeDelay: 50 })
    const states: number[] = []
    subscription.on('subscribing', ({ code }) => states.push(code))
    subscription.on('unsubscribed', ({ code }) => states.push(code))
    subscription.subscribe()
    await backEnd.gets('subscribe', 2)
    await subscription.ready(5000)
    expect(states).toEqual([0, 2501])
  })
})

describe('publish', () => {
  test('[K10] is asked in namespaces with publish_hook, may change the data and skip the history, and may refuse', async () => {
    const backEnd = new BackEnd().on('publish', ({ body }) => {
      if (body.data === 'bad') return { error: { code: 422, message: 'language' } }
      return { result: body.data === 'secret' ? { skip_history: true } : { data: { said: body.data } } }
    })
    const server = await serveWith(backEnd.hooks(['subscribe', 'publish']))
    const { subscription, got } = await subscribeTo(await connectAs(server, 'alice'), 'asked:a')
    await subscription.publish('hi')
    await subscription.publish('secret')
    expect(await failureOf(subscription.publish('bad'))).toMatchObject({ code: 422, message: 'language' })
    await until('both came', () => got.length === 2)
    expect(got).toEqual([{ said: 'hi' }, 'secret'])
    expect(backEnd.of('publish').map(({ body }) => [body.user, body.channel, body.data])).toEqual([
      ['alice', 'asked:a', 'hi'],
      ['alice', 'asked:a', 'secret'],
      ['alice', 'asked:a', 'bad'],
    ])
    const { body } = await api(server, 'history', { channel: 'asked:a', limit: 9 })
    expect(body).toMatchObject({ result: { publications: [{ data: { said: 'hi' }, offset: 1 }], offset: 1 } })
  })
})

describe('rpc', () => {
  test('[K11] is asked what no command here answers, over the SDK and by POST', async () => {
    const backEnd = new BackEnd().on('rpc', ({ body }) => ({ result: { data: { method: body.method, data: body.data } } }))
    const server = await serveWith(backEnd.hooks(['rpc']))
    const answer = { method: 'price.of', data: { id: 12 } }
    expect((await (await connectAs(server, 'alice')).rpc('price.of', { id: 12 })).data).toEqual(answer)
    const headers = { Authorization: `Bearer ${await userToken('bob')}` }
    expect(await post(server, '/rpc/price.of', { id: 12 }, headers)).toEqual({ status: 200, body: answer })
    expect(backEnd.of('rpc').map(({ body }) => [body.user, body.transport])).toEqual([
      ['alice', 'websocket'],
      ['bob', 'http'],
    ])
  })

  test('[K11] an error reaches the caller as it is, by POST as the status; a disconnect closes the connection', async () => {
    const backEnd = new BackEnd().on('rpc', ({ body }) =>
      body.method === 'leave' ? { disconnect: { code: 4010, reason: 'come again' } } : { error: { code: 409, message: 'taken: by bob' } },
    )
    const server = await serveWith(backEnd.hooks(['rpc']))
    const client = await connectAs(server, 'alice')
    expect(await failureOf(client.rpc('take', {}))).toMatchObject({ code: 409, message: 'taken: by bob' })
    expect(await post(server, '/rpc/take', {})).toEqual({ status: 409, body: { error: { code: 409, message: 'taken: by bob' } } })
    expect((await post(server, '/rpc/leave', {})).status).toBe(403)
    const left: number[] = []
    client.on('connecting', ({ code }) => left.push(code))
    client.rpc('leave', {}).catch(() => undefined)
    await until('it was closed', () => left.length === 1)
    expect(left).toEqual([4010])
  })
})

describe('a back end that fails', () => {
  const quick = { timeout: '150ms', retries: 1 }

  test('[K12] is asked again after a 5xx, a 429 or a time-out, under the same key', async () => {
    const hang = () => new Promise(() => undefined)
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(['rpc'], { ...quick, retries: 3 }))
    const client = await connectAs(server, 'alice')
    for (const how of [() => status(503), () => status(429), hang]) {
      const before = backEnd.asked.length
      backEnd.on(
        'rpc',
        failing(2, how, () => ({ result: { data: 'at last' } })),
      )
      expect((await client.rpc('any', {})).data).toBe('at last')
      const tries = backEnd.asked.slice(before)
      expect(tries).toHaveLength(3)
      expect(new Set(tries.map(({ headers }) => headers.get('x-fanfare-idempotency-key'))).size).toBe(1)
      expect(tries.every(({ signed }) => signed)).toBe(true)
    }
  })

  test('[K12] is asked again when the connection breaks', async () => {
    let connections = 0
    const breaking = createTcpServer(socket => {
      if (++connections <= 2) socket.destroy()
      else socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{"result":{"data":"ok"}}'))
    })
    const port = await portOf(breaking)
    const rpc = { url: `http://127.0.0.1:${port}/`, retries: 2 }
    const server = await serveWith({ secret: hookSecret, allowed_hosts: [`127.0.0.1:${port}`], rpc })
    expect((await (await connectAs(server, 'alice')).rpc('any', {})).data).toBe('ok')
    expect(connections).toBe(3)
  })

  test('[K13] that cannot be reached, hangs, or answers 4xx or 5xx gives the client error 100, temporary, and no longer than its tries', async () => {
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(['rpc'], quick))
    const client = await connectAs(server, 'alice')
    const cases: [() => unknown, number][] = [
      [() => status(500), 2],
      [() => status(404), 1],
      [() => new Promise(() => undefined), 2],
    ]
    for (const [how, tries] of cases) {
      const before = backEnd.asked.length
      backEnd.on('rpc', how)
      const failure = await failureOf(client.rpc('any', {}))
      expect(failure).toEqual({ code: 100, message: 'internal server error: the back end did not answer', temporary: true })
      expect(backEnd.asked.length - before).toBe(tries)
    }
    await backEnd.stop()
    expect((await failureOf(client.rpc('any', {}))).code).toBe(100)
    expect((await post(server, '/rpc/any', {})).status).toBe(500)
    expect(server.server.hooks.tally.count('rpc', 'failed')).toBe(5)
  })

  test('[K13] a connect that fails for this reason is tried again by the SDK until the back end is there', async () => {
    const backEnd = new BackEnd().on(
      'connect',
      failing(
        4,
        () => status(502),
        () => ({ result: { user: 'alice' } }),
      ),
    )
    const server = await serveWith(backEnd.hooks(['connect'], quick))
    const client = await connect(server)
    expect(client.state as string).toBe('connected')
    expect(backEnd.of('connect')).toHaveLength(5)
  })

  test.each([
    ['not JSON', 'hello', 'not valid JSON'],
    ['nothing', '', 'not valid JSON'],
    ['neither result nor error', {}, 'expected result, error or disconnect'],
    ['a result without its user', { result: {} }, 'result.user'],
    ['a user that is no text', { result: { user: 7 } }, 'result.user'],
    ['a channel that can be none', { result: { user: 'a', channels: [''] } }, 'result.channels[0]'],
    ['a code out of range', { error: { code: 5 } }, 'error.code'],
    ['a close code out of range', { disconnect: { code: 1000 } }, 'disconnect.code'],
    ['a reason too long for a close frame', { disconnect: { code: 4000, reason: 'x'.repeat(124) } }, 'disconnect.reason'],
    ['a key that reaches a prototype', '{"result":{"user":"a","info":{"__proto__":{}}}}', '__proto__'],
  ])('[K14] an answer that makes no sense (%s) is error 100 to the client and logged with its path', async (_, answer, path) => {
    const backEnd = new BackEnd().on('connect', () => answer)
    const lines: object[] = []
    const note = (fields: object) => lines.push(fields)
    const server = await serve({ hooks: backEnd.hooks(['connect']) }, { log: { debug() {}, info() {}, warn: note, error: note } })
    const raw = await RawClient.open(server.wsUrl)
    atEnd(() => raw[Symbol.dispose]())
    expect((await raw.call({ connect: {} })).error).toMatchObject({ code: 100, temporary: true })
    expect(lines).toEqual([{ hook: 'connect', reason: expect.stringContaining(path) }])
  })

  test('[K15] an answer without end is cut off', async () => {
    const backEnd = new BackEnd().on('rpc', () => new Response(`{"result":{"data":"${'x'.repeat(1_100_000)}"}}`))
    const server = await serveWith(backEnd.hooks(['rpc']))
    expect((await failureOf((await connectAs(server, 'alice')).rpc('any', {}))).code).toBe(100)
    expect(backEnd.asked).toHaveLength(1)
  })

  test('[K16] redirects are not followed, wherever they point', async () => {
    const elsewhere = new BackEnd()
    const backEnd = new BackEnd().on('rpc', () => status(307, { Location: `http://${elsewhere.host}/rpc` }))
    const server = await serveWith(backEnd.hooks(['rpc']))
    expect((await failureOf((await connectAs(server, 'alice')).rpc('any', {}))).code).toBe(100)
    expect(backEnd.asked).toHaveLength(1)
    expect(elsewhere.asked).toEqual([])
  })

  test('[K17] a target whose host is not on the list stops the start, also on this machine', () => {
    for (const allowed_hosts of [[], ['127.0.0.2:3000'], ['127.0.0.1:3001'], ['localhost']]) {
      expect(serve({ hooks: { secret: hookSecret, allowed_hosts, rpc: { url: 'http://127.0.0.1:3000/rpc' } } })).rejects.toThrow(
        'hooks.rpc.url: the host "127.0.0.1:3000" is not in hooks.allowed_hosts',
      )
    }
  })

  test('[K18] a thousand questions at once are all answered, no more than 128 of them at a time', async () => {
    let inside = 0
    let most = 0
    const backEnd = new BackEnd().on('rpc', async ({ body }) => {
      inside++
      most = Math.max(most, inside)
      await Bun.sleep(1)
      inside--
      return { result: { data: body.data } }
    })
    const server = await serveWith(backEnd.hooks(['rpc'], { timeout: '5s' }))
    const client = await connectAs(server, 'alice')
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, n) => client.rpc('any', n)))
    expect(answers.map(({ data }) => data)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
    expect(most).toBeLessThanOrEqual(128)
  })
})

describe('telling', () => {
  const tells = ['disconnect', 'unsubscribe', 'channel_occupied', 'channel_vacated']

  test('[K19] says what happened to whom, when, and why', async () => {
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(tells))
    const client = await connect(server, { token: await userToken('alice', { meta: { plan: 'gold' } }) })
    const id = server.node.sessions.of('alice')[0]?.id
    await subscribeTo(client, 'open:a')
    await api(server, 'disconnect', { user: 'alice', disconnect: { code: 4500, reason: 'bye' } })
    await backEnd.gets('disconnect')
    const who = { client: id, user: 'alice', transport: 'websocket', protocol: 'json', encoding: 'json', meta: { plan: 'gold' } }
    const time_ms = expect.any(Number)
    expect(backEnd.asked.map(({ body }) => body)).toEqual([
      { event: 'channel_occupied', time_ms, channel: 'open:a' },
      { event: 'unsubscribe', time_ms, ...who, channel: 'open:a', code: 4500, reason: 'bye' },
      { event: 'channel_vacated', time_ms, channel: 'open:a' },
      { event: 'disconnect', time_ms, ...who, code: 4500, reason: 'bye' },
    ])
  })

  test('[K20] keeps the order while the back end fails, and brings each event once it is back', async () => {
    const backEnd = new BackEnd()
      .on(
        'channel_occupied',
        failing(3, () => status(503)),
      )
      .on(
        'unsubscribe',
        failing(2, () => new Promise(() => undefined)),
      )
    const server = await serveWith(backEnd.hooks(tells, { timeout: '100ms' }))
    const client = await connectAs(server, 'alice')
    const { subscription } = await subscribeTo(client, 'open:a')
    subscription.unsubscribe()
    await backEnd.gets('channel_vacated')
    const hooks = backEnd.asked.map(({ hook }) => hook)
    const four = (hook: string, times: number) => Array.from({ length: times }, () => hook)
    expect(hooks).toEqual([...four('channel_occupied', 4), ...four('unsubscribe', 3), 'channel_vacated'])
    const keys = backEnd.of('channel_occupied').map(({ headers }) => headers.get('x-fanfare-idempotency-key'))
    expect(new Set(keys).size).toBe(1)
    const { tally } = server.server.hooks
    await until('all were delivered', () => tally.count('channel_vacated', 'delivered') === 1)
    expect(tally.count('channel_occupied', 'retried')).toBe(3)
    expect(tally.count('unsubscribe', 'dropped')).toBe(0)
  }, 20_000)

  test('[K21] drops what was tried in vain, counts it, and goes on with the next; a 4xx is not tried again', async () => {
    const backEnd = new BackEnd().on('channel_occupied', () => status(500)).on('unsubscribe', () => status(400))
    const server = await serveWith(backEnd.hooks(tells, { retries: 1 }))
    const { subscription } = await subscribeTo(await connectAs(server, 'alice'), 'open:a')
    subscription.unsubscribe()
    await backEnd.gets('channel_vacated')
    expect(backEnd.of('channel_occupied')).toHaveLength(2)
    expect(backEnd.of('unsubscribe')).toHaveLength(1)
    await until('it was counted', () => server.server.hooks.tally.count('channel_vacated', 'delivered') === 1)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toContain('fanfare_hooks_total{hook="channel_occupied",outcome="dropped"} 1')
    expect(metrics).toContain('fanfare_hooks_total{hook="unsubscribe",outcome="dropped"} 1')
    expect(metrics).toContain('fanfare_hooks_total{hook="channel_vacated",outcome="delivered"} 1')
    expect(metrics).toContain('fanfare_hooks_waiting 0')
  })

  test('[K22] a client never waits for a back end that is told', async () => {
    const backEnd = new BackEnd().on('channel_occupied', () => new Promise(() => undefined))
    const server = await serveWith(backEnd.hooks(tells, { timeout: '10s' }))
    const { subscription, got } = await subscribeTo(await connectAs(server, 'alice'), 'open:a')
    await backEnd.gets('channel_occupied')
    await server.publish('open:a', 1)
    await until('it came', () => got.length === 1)
    subscription.unsubscribe()
    expect(server.server.hooks.waiting).toBeLessThan(3)
    await backEnd.stop()
  })

  test('[K23] a server that closes tells the rest, that its clients went included', async () => {
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(tells))
    const clients = await Promise.all(Array.from({ length: 20 }, (_, n) => connectAs(server, `user${n}`)))
    await Promise.all(clients.map(client => subscribeTo(client, 'open:a')))
    for (const client of clients) client.on('connecting', () => client.disconnect())
    await server.server.close()
    expect(backEnd.of('disconnect').map(({ body }) => body.code)).toEqual(Array.from({ length: 20 }, () => 3001))
    expect(backEnd.of('unsubscribe')).toHaveLength(20)
    expect(backEnd.of('channel_vacated')).toHaveLength(1)
  })

  test('[K23] and does not wait long for a back end that is gone or hangs', async () => {
    const port = await portOf(createTcpServer(() => undefined))
    const target = { url: `http://127.0.0.1:${port}/`, timeout: '60s' }
    const server = await serveWith({ secret: hookSecret, allowed_hosts: [`127.0.0.1:${port}`], disconnect: target })
    await connectAs(server, 'alice')
    const before = performance.now()
    await server.server.close()
    expect(performance.now() - before).toBeLessThan(5000)
    expect(server.server.hooks.tally.count('disconnect', 'dropped')).toBe(1)
  }, 10_000)
})
