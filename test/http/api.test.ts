import { describe, expect, test } from 'bun:test'
import type { ConfigInput } from '../../src/index.ts'
import { api, apiKey, atEnd, connectAs, post, RawClient, sdk, serve, subscribeTo, until, userToken } from './harness.ts'

const namespaces: NonNullable<ConfigInput['channel']>['namespaces'] = [
  { name: 'news', history_size: 10, history_ttl: '1m', presence: true, allow_subscribe_for_client: true },
  { name: 'plain', allow_subscribe_for_client: true },
  { name: 'match', delivery: 'lanes', allow_subscribe_for_client: true },
  { name: 'score', delivery: 'latest', allow_subscribe_for_client: true },
]
const serveNews = (more: ConfigInput = {}) => serve({ channel: { namespaces }, ...more })

describe('the key', () => {
  test('[A1] the server API answers 401 without its key or with a wrong one, for known and unknown commands alike', async () => {
    const server = await serveNews()
    for (const headers of [{}, { 'X-API-Key': 'wrong' }, { Authorization: 'apikey wrong' }, { Authorization: `Bearer ${apiKey}` }]) {
      for (const command of ['publish', 'batch', 'nothing']) {
        const { status, body } = await post(server, `/api/${command}`, {}, headers)
        expect(status).toBe(401)
        expect(body).toMatchObject({ error: { code: 101 } })
      }
    }
  })

  test('[A1] the key is taken as X-API-Key and as Authorization: apikey', async () => {
    const server = await serveNews()
    expect((await post(server, '/api/info', {}, { 'X-API-Key': apiKey })).status).toBe(200)
    expect((await post(server, '/api/info', {}, { Authorization: `apikey ${apiKey}` })).status).toBe(200)
  })

  test('[A1] a server without a key of its own refuses every call', async () => {
    const server = await serveNews({ http_api: { key: undefined } })
    expect((await post(server, '/api/info', {}, { 'X-API-Key': '' })).status).toBe(401)
    expect((await post(server, '/api/info', {}, { 'X-API-Key': 'undefined' })).status).toBe(401)
  })

  test('[A2] a page of another origin cannot call an API that is open to its machine', async () => {
    const server = await serveNews({ http_api: { insecure: true } })
    expect((await post(server, '/api/info', {})).status).toBe(200)
    expect((await post(server, '/api/info', {}, { Origin: server.url })).status).toBe(200)
    expect((await post(server, '/api/info', {}, { Origin: 'https://elsewhere.example' })).status).toBe(403)
  })
})

describe('errors', () => {
  test('[A3] a body that is not JSON is a 400, one that is too large a 413, and another method than POST a 405', async () => {
    const server = await serveNews({ http_api: { body_size_limit: 2048 } })
    expect(await api(server, 'publish', '{"channel":')).toMatchObject({ status: 400, body: { error: { code: 107 } } })
    expect(await api(server, 'publish', '{"channel":"news:a","data":{"__proto__":1}}')).toMatchObject({
      status: 400,
      body: { error: { code: 107, message: expect.stringContaining('data: the key "__proto__"') } },
    })
    const large = await fetch(`${server.url}/api/publish`, { method: 'POST', body: 'x'.repeat(3000), headers: { 'X-API-Key': apiKey } })
    expect(large.status).toBe(413)
    expect((await fetch(`${server.url}/api/publish`, { headers: { 'X-API-Key': apiKey } })).status).toBe(405)
  })

  test.each([
    ['publish', {}, 'channel:'],
    ['publish', { channel: '', data: 1 }, 'channel: not a channel name'],
    ['publish', { channel: 'news:a' }, 'data: missing'],
    ['publish', { channel: 'news:a', data: 1, tags: { a: 1 } }, 'tags.a:'],
    ['publish', { channel: 'news:a', data: 1, skip_histroy: true }, '"skip_histroy"'],
    ['publish', { channel: 'news:a', b64data: 'aGk=', data: 1 }, 'b64data: not supported'],
    ['publish', { channel: 'news:a', data: 1, version: 3 }, 'version: not supported'],
    ['publish', { channel: 'news:a', data: 1, lane: 'text' }, 'lane: the channel has no lanes'],
    ['publish', { channel: 'match:a', data: 1, lane: 'txet' }, 'lane: the channel has "urgent", "stats", "text"'],
    ['broadcast', { channels: [], data: 1 }, 'channels:'],
    ['broadcast', { channels: ['news:a', 7], data: 1 }, 'channels[1]:'],
    ['history', { channel: 'news:a', since: { epoch: 'x' } }, 'since.offset:'],
    ['channels', { pattern: '[z-a]' }, 'pattern:'],
    ['subscribe', { channel: 'news:a' }, 'user: name a user'],
    ['disconnect', { user: 'a', disconnect: { code: 7, reason: '' } }, 'disconnect.code:'],
    ['disconnect', { user: 'a', disconnect: { code: 4000, reason: 'x'.repeat(124) } }, 'disconnect.reason: at most 123 bytes'],
    ['refresh', { user: 'a', expire_at: 'soon' }, 'expire_at:'],
    ['info', [], 'expected object'],
  ])('[A4] %s %j is answered 200 with error 107 and the path of what is wrong', async (command, params, path) => {
    const server = await serveNews()
    const { status, body } = await api(server, command, params)
    expect(status).toBe(200)
    expect(body).toMatchObject({ error: { code: 107, message: expect.stringContaining(path) } })
  })

  test('[A5] a command that cannot be carried out is answered 200 with its code: 102 unknown channel, 108 not available, 112', async () => {
    const server = await serveNews()
    const codeOf = async (command: string, params: unknown) => (await api(server, command, params)).body
    expect(await codeOf('publish', { channel: 'unknown:a', data: 1 })).toEqual({ error: { code: 102, message: 'unknown channel' } })
    expect(await codeOf('presence', { channel: 'plain:a' })).toMatchObject({ error: { code: 108 } })
    expect(await codeOf('presence_stats', { channel: 'plain:a' })).toMatchObject({ error: { code: 108 } })
    expect(await codeOf('history', { channel: 'plain:a' })).toMatchObject({ error: { code: 108 } })
    expect(await codeOf('history_remove', { channel: 'plain:a' })).toMatchObject({ error: { code: 108 } })
    expect(await codeOf('subscribe', { channel: 'unknown:a', user: 'alice' })).toMatchObject({ error: { code: 102 } })
    expect(await codeOf('history', { channel: 'news:a', limit: 1, since: { offset: 0, epoch: 'other' } })).toMatchObject({
      error: { code: 112 },
    })
  })

  test('[A6] with X-Centrifugo-Error-Mode: transport the code is also the HTTP status and the error stands alone', async () => {
    const server = await serveNews()
    const mode = { 'X-Centrifugo-Error-Mode': 'transport' }
    expect(await api(server, 'publish', { channel: 'unknown:a', data: 1 }, mode)).toEqual({
      status: 404,
      body: { code: 102, message: 'unknown channel' },
    })
    expect((await api(server, 'publish', {}, mode)).status).toBe(400)
    expect((await api(server, 'publish', { channel: 'news:a', data: 1 }, mode)).status).toBe(200)
  })

  test('[A7] a command that does not exist is a 404 with code 104', async () => {
    const server = await serveNews()
    expect(await api(server, 'publsh', {})).toMatchObject({ status: 404, body: { error: { code: 104 } } })
  })
})

describe('publishing', () => {
  test('[A8] publish answers the position and reaches the subscribers with its tags', async () => {
    const server = await serveNews()
    const client = await connectAs(server, 'alice')
    const subscription = client.newSubscription('news:a')
    const got: unknown[] = []
    subscription.on('publication', ({ data, tags, offset }) => got.push({ data, tags, offset }))
    subscription.subscribe()
    await subscription.ready(5000)
    const { body } = await api(server, 'publish', { channel: 'news:a', data: { text: 'hi' }, tags: { lang: 'en' } })
    expect(body).toEqual({ result: { offset: 1, epoch: expect.any(String) } })
    await until('got has 1', () => got.length === 1)
    expect(got).toEqual([{ data: { text: 'hi' }, tags: { lang: 'en' }, offset: 1 }])
  })

  test('[A8] where no history is kept the result is empty, and data may be any JSON, null too', async () => {
    const server = await serveNews()
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'plain:a')
    for (const data of [null, false, 0, '', [], 'text'])
      expect((await api(server, 'publish', { channel: 'plain:a', data })).body).toEqual({ result: {} })
    await until('got has 6', () => got.length === 6)
    expect(got).toEqual([null, false, 0, '', [], 'text'])
  })

  test('[A9] skip_history delivers without a place in the history', async () => {
    const server = await serveNews()
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'news:a')
    await api(server, 'publish', { channel: 'news:a', data: 1, skip_history: true })
    await until('got has 1', () => got.length === 1)
    const { body } = await api(server, 'history', { channel: 'news:a', limit: 10 })
    expect(body).toMatchObject({ result: { publications: [], offset: 0 } })
  })

  test('[A10] the same idempotency_key in a channel is one publication, however often and at whatever time it is sent', async () => {
    const server = await serveNews()
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'news:a')
    const publish = (channel: string, key: string, data: number) => api(server, 'publish', { channel, data, idempotency_key: key })
    const answers = await Promise.all([publish('news:a', 'k', 1), publish('news:a', 'k', 2), publish('news:a', 'k', 3)])
    answers.push(await publish('news:a', 'k', 4))
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body ?? null)
    expect((await publish('news:b', 'k', 5)).body).toMatchObject({ result: { offset: 1 } })
    expect((await publish('news:a', 'other', 6)).body).toMatchObject({ result: { offset: 2 } })
    await until('got has 2', () => got.length === 2)
    expect(got).toHaveLength(2)
  })

  test('[A10] a broadcast is idempotent channel by channel', async () => {
    const server = await serveNews()
    const broadcast = () => api(server, 'broadcast', { channels: ['news:a', 'news:b'], data: 1, idempotency_key: 'k' })
    const { body } = await broadcast()
    expect((await broadcast()).body).toEqual(body)
    expect((await api(server, 'history', { channel: 'news:a' })).body).toMatchObject({ result: { offset: 1 } })
  })

  test('[A11] broadcast answers for each channel by itself', async () => {
    const server = await serveNews()
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'news:b')
    const { body } = await api(server, 'broadcast', { channels: ['news:a', 'unknown:x', 'news:b', ''], data: 'all' })
    expect(body).toEqual({
      result: {
        responses: [
          { result: { offset: 1, epoch: expect.any(String) } },
          { error: { code: 102, message: 'unknown channel' } },
          { result: { offset: 1, epoch: expect.any(String) } },
          { error: { code: 107, message: expect.stringContaining('channel: not a channel name') } },
        ],
      },
    })
    await until('got has 1', () => got.length === 1)
  })

  test('[A12] a publication may name the lane and the key that it goes by', async () => {
    const server = await serveNews()
    await api(server, 'publish', { channel: 'match:a', data: { shots: 3 }, lane: 'stats', key: 'home' })
    await api(server, 'publish', { channel: 'match:a', data: { shots: 4 }, lane: 'stats', key: 'home' })
    const { state } = await server.server.history('match:a', { limit: 0 })
    expect(state.map(({ data, key }) => ({ data, key }))).toEqual([{ data: { shots: 4 }, key: 'home' }])
  })
})

describe('delta', () => {
  test('[A12] publish with delta: true lets it go out as a delta, without it does not', async () => {
    const server = await serve({
      channel: {
        namespaces: [
          { name: 'doc', history_size: 9, history_ttl: '1m', allowed_delta_types: ['fossil'], allow_subscribe_for_client: true },
        ],
      },
    })
    const client = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    atEnd(() => client[Symbol.dispose]())
    await client.call({ subscribe: { channel: 'doc:a', delta: 'fossil' } })
    const text = 'the same long text again and again, '.repeat(10)
    for (const [n, delta] of [false, true, false].entries()) await api(server, 'publish', { channel: 'doc:a', data: { text, n }, delta })
    await until('three publications', () => client.publications('doc:a').length === 3)
    expect(client.publications('doc:a').map(({ delta }) => delta === true)).toEqual([false, true, false])
  })
})

describe('reading', () => {
  test('[A13] history pages forward from a position, backward from the end, and answers the position alone without a limit', async () => {
    const server = await serveNews()
    for (let n = 1; n <= 5; n++) await api(server, 'publish', { channel: 'news:a', data: n, tags: { n: String(n) } })
    const offsets = async (query: object) => {
      const { body } = await api(server, 'history', { channel: 'news:a', ...query })
      const { result } = body as { result: { publications: { offset: number }[]; epoch: string; offset: number } }
      expect(result.offset).toBe(5)
      return result.publications.map(({ offset }) => offset)
    }
    expect(await offsets({})).toEqual([])
    expect(await offsets({ limit: -1 })).toEqual([1, 2, 3, 4, 5])
    expect(await offsets({ limit: 2 })).toEqual([1, 2])
    expect(await offsets({ limit: 2, since: { offset: 2 } })).toEqual([3, 4])
    expect(await offsets({ limit: 2, reverse: true })).toEqual([5, 4])
    expect(await offsets({ limit: 2, reverse: true, since: { offset: 4, epoch: '' } })).toEqual([3, 2])
    const { body } = await api(server, 'history', { channel: 'news:a', limit: 1 })
    expect(body).toMatchObject({ result: { publications: [{ data: 1, offset: 1, tags: { n: '1' } }] } })
  })

  test('[A14] history_remove forgets the publications and keeps the position', async () => {
    const server = await serveNews()
    await api(server, 'publish', { channel: 'news:a', data: 1 })
    expect((await api(server, 'history_remove', { channel: 'news:a' })).body).toEqual({ result: {} })
    expect((await api(server, 'history', { channel: 'news:a', limit: 9 })).body).toMatchObject({ result: { publications: [], offset: 1 } })
    expect((await api(server, 'publish', { channel: 'news:a', data: 2 })).body).toMatchObject({ result: { offset: 2 } })
  })

  test('[A15] presence names who is in a channel, presence_stats counts clients and users', async () => {
    const server = await serveNews()
    const clients = [await connectAs(server, 'alice'), await connectAs(server, 'alice'), await connectAs(server, 'bob')]
    for (const client of clients) await subscribeTo(client, 'news:a')
    await until('three clients are present', async () =>
      JSON.stringify((await api(server, 'presence_stats', { channel: 'news:a' })).body).includes('"num_clients":3'),
    )
    expect((await api(server, 'presence_stats', { channel: 'news:a' })).body).toEqual({ result: { num_clients: 3, num_users: 2 } })
    const { body } = await api(server, 'presence', { channel: 'news:a' })
    const users = Object.values((body as { result: { presence: Record<string, { user: string }> } }).result.presence).map(
      ({ user }) => user,
    )
    expect(users.sort()).toEqual(['alice', 'alice', 'bob'])
  })

  test('[A16] channels lists what has subscribers, by pattern, with how many', async () => {
    const server = await serveNews()
    const alice = await connectAs(server, 'alice')
    for (const channel of ['news:a', 'news:ab', 'plain:a']) await subscribeTo(alice, channel)
    const { subscription } = await subscribeTo(await connectAs(server, 'bob'), 'news:a')
    const list = async (pattern?: string) =>
      ((await api(server, 'channels', pattern === undefined ? {} : { pattern })).body as { result: { channels: object } }).result.channels
    expect(await list()).toEqual({ 'news:a': { num_clients: 2 }, 'news:ab': { num_clients: 1 }, 'plain:a': { num_clients: 1 } })
    expect(Object.keys(await list('news:*')).sort()).toEqual(['news:a', 'news:ab'])
    expect(Object.keys(await list('{plain,news}:?')).sort()).toEqual(['news:a', 'plain:a'])
    expect(await list('other:*')).toEqual({})
    subscription.unsubscribe()
    await until('one subscriber is left', async () => JSON.stringify(await list('news:a')) === '{"news:a":{"num_clients":1}}')
  })

  test('[A17] info tells of the node: clients, users, channels, subscriptions, uptime', async () => {
    const server = await serveNews()
    await subscribeTo(await connectAs(server, 'alice'), 'news:a')
    await subscribeTo(await connectAs(server, 'alice'), 'news:a')
    const { body } = await api(server, 'info', '')
    expect(body).toMatchObject({
      result: {
        nodes: [
          {
            uid: server.node.id,
            name: expect.any(String),
            version: expect.any(String),
            num_clients: 2,
            num_users: 1,
            num_channels: 1,
            num_subs: 2,
            uptime: expect.any(Number),
          },
        ],
      },
    })
  })
})

describe('clients', () => {
  test('[A18] subscribe puts a user’s sessions into a channel, with data and info; unsubscribe takes them out', async () => {
    const server = await serveNews()
    const client = sdk(server, { token: await userToken('alice') })
    const log: unknown[] = []
    client.on('subscribed', ({ channel, data }) => log.push(['subscribed', channel, data]))
    client.on('publication', ({ channel, data }) => log.push(['publication', channel, data]))
    client.on('unsubscribed', ({ channel }) => log.push(['unsubscribed', channel]))
    client.connect()
    await client.ready(5000)
    const target = { user: 'alice', channel: 'news:a' }
    expect((await api(server, 'subscribe', { ...target, data: { hello: 1 }, info: { seat: 7 } })).body).toEqual({ result: {} })
    await api(server, 'publish', { channel: 'news:a', data: 'in' })
    const { body } = await api(server, 'presence', { channel: 'news:a' })
    expect(JSON.stringify(body)).toContain('"chan_info":{"seat":7}')
    await api(server, 'unsubscribe', target)
    await api(server, 'publish', { channel: 'news:a', data: 'out' })
    await until('log has 3', () => log.length >= 3)
    expect(log).toEqual([
      ['subscribed', 'news:a', { hello: 1 }],
      ['publication', 'news:a', 'in'],
      ['unsubscribed', 'news:a'],
    ])
  })

  test('[A18] subscribe with recover_since brings what was missed', async () => {
    const server = await serveNews()
    const client = await connectAs(server, 'alice')
    const got: unknown[] = []
    client.on('publication', ({ data }) => got.push(data))
    for (const data of [1, 2, 3]) await api(server, 'publish', { channel: 'news:a', data })
    const { body } = await api(server, 'history', { channel: 'news:a' })
    const { epoch } = (body as { result: { epoch: string } }).result
    await api(server, 'subscribe', { user: 'alice', channel: 'news:a', recover_since: { offset: 1, epoch } })
    await until('got has 2', () => got.length === 2)
    expect(got).toEqual([2, 3])
  })

  test('[A19] disconnect closes a user’s sessions for good, but those of the whitelist; a code of one’s own is passed on', async () => {
    const server = await serveNews()
    const one = await connectAs(server, 'alice')
    const two = await connectAs(server, 'alice')
    const bob = await connectAs(server, 'bob')
    const codes: unknown[] = []
    one.on('disconnected', ({ code, reason }) => codes.push([code, reason]))
    two.on('disconnected', ({ code, reason }) => codes.push([code, reason]))
    const idOf = (user: string, index: number) => server.node.sessions.of(user)[index]?.id ?? ''
    await api(server, 'disconnect', { user: 'alice', whitelist: [idOf('alice', 1)] })
    await until('codes has 1', () => codes.length === 1)
    await api(server, 'disconnect', { user: 'alice', client: idOf('alice', 0), disconnect: { code: 4700, reason: 'banned' } })
    await until('codes has 2', () => codes.length === 2)
    expect(codes).toEqual([
      [3503, 'force disconnect'],
      [4700, 'banned'],
    ])
    expect(bob.state as string).toBe('connected')
  })

  test('[A19] disconnect with a code that asks to come back makes the SDK come back', async () => {
    const server = await serveNews()
    const client = await connectAs(server, 'alice')
    const connecting: number[] = []
    client.on('connecting', ({ code }) => connecting.push(code))
    await api(server, 'disconnect', { user: 'alice', disconnect: { code: 4001, reason: 'again' } })
    await until('connecting has 1', () => connecting.length === 1)
    await client.ready(5000)
    expect(connecting).toEqual([4001])
  })

  test('[A20] an event stream is addressed by the session id that it was given', async () => {
    const server = await serveNews()
    const response = await fetch(`${server.url}/sse?channel=news:a&token=${await userToken('alice')}`)
    const reader = response.body?.getReader()
    let text = ''
    const read = async () => {
      const { value, done } = (await reader?.read()) ?? { done: true, value: undefined }
      text += value === undefined ? '' : new TextDecoder().decode(value)
      return done
    }
    while (!text.includes('"connect"')) await read()
    const session = /"session":"([^"]+)"/.exec(text)?.[1] ?? ''
    await api(server, 'disconnect', { user: 'alice', session: 'another' })
    expect(server.node.sessions.of('alice')).toHaveLength(1)
    await api(server, 'disconnect', { user: 'alice', session })
    while (!(await read()));
    expect(text).toContain('"disconnect":{"code":3503')
  })

  test('[A21] refresh moves the end of a session, and expired: true ends it with 3005', async () => {
    const server = await serveNews({ client: { expired_close_delay: '0s' } })
    const exp = Math.floor(Date.now() / 1000) + 600
    const client = await connectAs(server, 'alice')
    const codes: number[] = []
    client.on('connecting', ({ code }) => codes.push(code))
    await api(server, 'refresh', { user: 'alice', expire_at: exp })
    expect(server.node.sessions.of('alice').map(({ expireAt }) => expireAt)).toEqual([exp * 1000])
    await api(server, 'refresh', { user: 'alice', expired: true })
    await until('codes has 1', () => codes.length === 1)
    expect(codes).toEqual([3005])
  })
})

describe('batch', () => {
  test('[A22] a batch answers each command in its place, and one that fails does not hold up the rest', async () => {
    const server = await serveNews()
    const { status, body } = await api(server, 'batch', {
      commands: [
        { publish: { channel: 'news:a', data: 1 } },
        { publish: { channel: 'unknown:a', data: 1 } },
        { history: { channel: 'news:a', limit: 5 } },
        { publish: { channel: 'news:a' } },
        { nothing: {} },
        { publish: {}, history: {} },
        { presence_stats: { channel: 'news:a' } },
      ],
    })
    expect(status).toBe(200)
    expect(body).toEqual({
      replies: [
        { publish: { offset: 1, epoch: expect.any(String) } },
        { error: { code: 102, message: 'unknown channel' } },
        { history: { publications: [{ data: 1, offset: 1 }], epoch: expect.any(String), offset: 1 } },
        { error: { code: 107, message: 'bad request: commands[3].publish.data: missing' } },
        { error: { code: 104, message: 'method not found: commands[4].nothing' } },
        { error: { code: 107, message: 'bad request: commands[5]: expected one command' } },
        { presence_stats: { num_clients: 0, num_users: 0 } },
      ],
    })
  })

  test('[A22] a batch that is none is a 400 with the path', async () => {
    const server = await serveNews()
    expect(await api(server, 'batch', { commands: [1] })).toMatchObject({
      status: 400,
      body: { error: { code: 107, message: expect.stringContaining('commands[0]') } },
    })
  })

  test.each(['memory', 'disk'] as const)(
    '[A23] ten publications of one batch are one write to each subscriber (history on %s)',
    async store => {
      const server = await serve({
        channel: {
          namespaces: [
            { name: 'news', history_size: 100, history_ttl: '1m', history_store: store, allow_subscribe_for_client: true },
            { name: 'plain', allow_subscribe_for_client: true },
          ],
        },
      })
      const frames: string[] = []
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/connection/websocket`)
      atEnd(() => socket.close())
      socket.onmessage = ({ data }) => frames.push(String(data))
      await new Promise(resolve => {
        socket.onopen = resolve
      })
      socket.send(`{"id":1,"connect":{"token":"${await userToken('alice')}"}}\n{"id":2,"subscribe":{"channel":"news:a"}}`)
      await until('it is subscribed', () => frames.join().includes('"id":2'))
      for (const parallel of [false, true]) {
        const before = frames.length
        const commands = Array.from({ length: 10 }, (_, n) => ({ publish: { channel: 'news:a', data: n } }))
        const writes = server.node.counters.writes
        await api(server, 'batch', { commands, parallel })
        await until('ten publications are there', () => frames.slice(before).join('\n').split('"pub"').length === 11)
        expect(frames.length - before).toBe(1)
        expect(server.node.counters.writes - writes).toBe(1)
        const order = [...(frames.at(-1) ?? '').matchAll(/"data":(\d)/g)].map(match => Number(match[1]))
        expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      }
    },
  )

  test('[A24] commands of a batch follow each other: what is published after a subscribe arrives, and history shows what was published before', async () => {
    const server = await serveNews()
    const client = await connectAs(server, 'alice')
    const got: unknown[] = []
    client.on('publication', ({ data }) => got.push(data))
    const { body } = await api(server, 'batch', {
      commands: [
        { subscribe: { user: 'alice', channel: 'news:new' } },
        { publish: { channel: 'news:new', data: 'first' } },
        { history: { channel: 'news:new' } },
        { unsubscribe: { user: 'alice', channel: 'news:new' } },
        { publish: { channel: 'news:new', data: 'second' } },
      ],
    })
    expect(body).toMatchObject({ replies: [{}, {}, { history: { offset: 1 } }, {}, { publish: { offset: 2 } }] })
    await until('got has 0 more', () => got.length > 0)
    await client.rpc('nothing', {}).catch(() => undefined)
    expect(got).toEqual(['first'])
  })
})
