import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import type { ConfigInput } from '../../src/server/index.ts'
import {
  apiKey,
  FetchedStream,
  RawClient,
  Sdk,
  startServer,
  TcpClient,
  type TestServer,
  textFrame,
  until,
  userToken,
} from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true, allow_publish_for_client: true } as const
const start = (client: ConfigInput['client'] = {}, channel: ConfigInput['channel'] = {}) =>
  startServer({ client, channel: { without_namespace: { ...open, history_size: 10, history_ttl: '1m' }, ...channel } })

const connect = async (server: TestServer, user = 'alice') => RawClient.connect(server.wsUrl, { token: await userToken(user) })

const upgradeHeaders = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Version': '13',
}

async function upgradeStatus(server: TestServer, headers: Record<string, string> = {}): Promise<number> {
  const client = await TcpClient.open(server.url)
  using _ = client
  const lines = Object.entries({ Host: new URL(server.url).host, ...upgradeHeaders, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  client.write(`GET /connection/websocket HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  await until('it is answered', () => client.received.includes('\r\n'))
  return Number(client.received.split(' ')[1])
}

async function post(server: TestServer, path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}${path}`, { method: 'POST', headers, body })
  const text = await response.text()
  return {
    status: response.status,
    text,
    error: (JSON.parse(text === '' ? '{}' : text) as { error?: { code: number; message: string } }).error,
  }
}

describe('who may connect, and how often', () => {
  test('[F1] a WebSocket of another host’s page is refused before the upgrade, unless its origin is allowed', async () => {
    await using server = await start({ allowed_origins: ['https://good.example', 'https://*.apps.example'] })
    const own = server.url
    const cases: [string | undefined, number][] = [
      [undefined, 101],
      [own, 101],
      ['https://good.example', 101],
      ['HTTPS://GOOD.EXAMPLE', 101],
      ['https://x.apps.example', 101],
      ['http://good.example', 403],
      ['https://good.example:8443', 403],
      ['https://good.example.evil.example', 403],
      ['https://evil.example', 403],
      ['https://apps.example', 403],
      ['https://x.apps.example.evil.example', 403],
      ['https://evil.example/.apps.example', 403],
      ['null', 403],
      ['', 403],
    ]
    for (const [origin, status] of cases)
      expect([origin, await upgradeStatus(server, origin === undefined ? {} : { Origin: origin })]).toEqual([origin, status])
    await using any = await start({ allowed_origins: ['*'] })
    expect(await upgradeStatus(any, { Origin: 'https://anything.example' })).toBe(101)
  })

  test('[F2] in development mode only this machine’s own names reach the server, so that no page can by a name of its own', async () => {
    await using server = await startServer({ client: { token: {} } })
    const { port } = new URL(server.url)
    const rebound = `evil.example:${port}`
    expect(await upgradeStatus(server, { Host: rebound, Origin: `http://${rebound}` })).toBe(403)
    const status = async (host: string) => {
      const client = await TcpClient.open(server.url)
      using _ = client
      client.write(`GET /ops/stats HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      await until('it is answered', () => client.received.includes('\r\n'))
      return Number(client.received.split(' ')[1])
    }
    expect(await status(rebound)).toBe(403)
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) expect([host, await status(host)]).toEqual([host, 200])
  })

  test('[F3] too many connections from one address are answered 429, too many at once 503, both with a time to come back', async () => {
    await using perAddress = await start({ address_connection_rate: { per_second: 1, burst: 3 } })
    const statuses = []
    for (let index = 0; index < 5; index++) statuses.push(await upgradeStatus(perAddress))
    expect(statuses).toEqual([101, 101, 101, 429, 429])
    const stream = await fetch(`${perAddress.url}/sse?channel=a`)
    expect([stream.status, Number(stream.headers.get('retry-after')) > 0]).toEqual([429, true])
    await using perNode = await start({ connection_rate_limit: 2 })
    expect([await upgradeStatus(perNode), await upgradeStatus(perNode), await upgradeStatus(perNode)]).toEqual([101, 101, 503])
    await using full = await start({ connection_limit: 2 })
    using first = await connect(full)
    using second = await connect(full)
    expect(await upgradeStatus(full)).toBe(503)
    first.socket.close()
    await until('there is room', () => full.node.sessions.size === 1)
    using third = await connect(full)
    expect([second.closedWith, third.closedWith]).toEqual([undefined, undefined])
  })

  test('[F4] commands of one user count over all connections, and over HTTP', async () => {
    await using server = await start({ user_command_rate: { per_second: 1, burst: 10 } })
    server.server.command('echo', z.object({}), () => ({}))
    using first = await connect(server)
    using second = await connect(server)
    using other = await connect(server, 'bob')
    const codes: number[] = []
    for (let index = 0; index < 14; index++) codes.push((await (index % 2 === 0 ? first : second).call({ ping: {} })).error?.code ?? 0)
    expect(codes.at(-1)).toBe(111)
    expect((await other.call({ ping: {} })).error).toBeUndefined()
    const { status, error } = await post(server, '/rpc/echo', '{}', { Authorization: `Bearer ${await userToken('alice')}` })
    expect([status, error?.code]).toEqual([429, 111])
    expect((await post(server, '/rpc/echo', '{}', { Authorization: `Bearer ${await userToken('carol')}` })).status).toBe(200)
  })

  test('[F16] whatever a user asks for by HTTP counts as well: watchlist changes, tickets, commands; strangers count by address', async () => {
    await using server = await start({ user_command_rate: { per_second: 1, burst: 4 } })
    const alice = { Authorization: `Bearer ${await userToken('alice')}` }
    const ask = (path: string, body: string, headers: Record<string, string>) =>
      post(server, path, body, headers).then(({ status }) => status)
    const change = JSON.stringify({ rev: 1, op: 'add', channels: [] })
    const tickets = []
    for (let index = 0; index < 6; index++) tickets.push(await ask('/auth/ticket', '', alice))
    expect(tickets).toEqual([200, 200, 200, 200, 429, 429])
    expect(await ask('/sse/some.session/subscriptions', change, alice)).toBe(429)
    const changes = []
    for (let index = 0; index < 6; index++) changes.push(await ask('/sse/some.session/subscriptions', change, {}))
    expect(changes).toEqual([404, 404, 404, 404, 429, 429])
    expect(await ask('/rpc/nothing', '{}', {})).toBe(429)
    expect(await ask('/auth/ticket', '', { Authorization: `Bearer ${await userToken('bob')}` })).toBe(200)
  })
})

describe('how much may come in', () => {
  test('[F5] a frame over the limit closes with 1009, whole or in fragments, and the SDK does not insist', async () => {
    await using server = await start({ message_size_limit: 1000 })
    using raw = await connect(server)
    expect((await raw.call({ publish: { channel: 'a', data: 'x'.repeat(900) } })).error).toBeUndefined()
    raw.send({ id: 9, publish: { channel: 'a', data: 'x'.repeat(1000) } })
    expect((await raw.closes()).code).toBe(1009)
    using fragments = await TcpClient.upgrade(server.wsUrl)
    fragments.write(textFrame('{"id":1,"connect":{"name":"', 1, false))
    for (let index = 0; index < 20; index++) fragments.write(textFrame('x'.repeat(100), 0, false))
    fragments.write(textFrame('"}}', 0))
    await fragments.closes()
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('sdk') }).connect()
    void sdk.client.publish('a', 'x'.repeat(2000)).catch(() => undefined)
    await until('it has given up', () => sdk.client.state === 'disconnected')
    expect(server.node.sessions.of('sdk')).toEqual([])
  })

  test('[F6] a body over the limit is 413 on every path, told by its length or not', async () => {
    await using server = await start({ message_size_limit: 1000 })
    server.server.command('echo', z.object({}), () => ({}))
    const token = { Authorization: `Bearer ${await userToken('alice')}` }
    const large = JSON.stringify({ name: 'x'.repeat(2000) })
    expect((await post(server, '/rpc/echo', large, token)).status).toBe(413)
    using stream = new FetchedStream(`${server.url}/sse?channel=a`)
    const { session } = await stream.opened()
    expect((await post(server, `/sse/${session}/subscriptions`, large)).status).toBe(413)
    const chunked = await fetch(`${server.url}/rpc/echo`, {
      method: 'POST',
      headers: token,
      body: new ReadableStream({
        start(controller) {
          for (let index = 0; index < 20; index++) controller.enqueue(new TextEncoder().encode('x'.repeat(100)))
          controller.close()
        },
      }),
    })
    expect(chunked.status).toBe(413)
    await using api = await startServer({ http_api: { body_size_limit: 2000 } })
    expect(
      (await post(api, '/api/publish', JSON.stringify({ channel: 'a', data: 'x'.repeat(3000) }), { 'X-API-Key': apiKey })).status,
    ).toBe(413)
  })

  test('[F7] JSON that is too deep, too wide or too long is refused with the path, wherever it comes in', async () => {
    await using server = await start({ json_depth_limit: 8, json_keys_limit: 10, json_items_limit: 10 })
    server.server.command('echo', z.unknown(), input => input as never)
    using raw = await connect(server)
    const token = { Authorization: `Bearer ${await userToken('alice')}` }
    const key = { 'X-API-Key': apiKey }
    const deep = JSON.parse(`${'['.repeat(9)}${']'.repeat(9)}`)
    const wide = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, 0]))
    const long = Array.from({ length: 11 }, () => 0)
    for (const [data, word] of [
      [deep, 'deeper'],
      [wide, 'keys'],
      [long, 'items'],
    ] as const) {
      expect((await raw.call({ publish: { channel: 'a', data } })).error).toMatchObject({
        code: 107,
        message: expect.stringContaining(word),
      })
      expect(await post(server, '/rpc/echo', JSON.stringify(data), token)).toMatchObject({
        status: 400,
        error: { code: 107, message: expect.stringContaining(word) },
      })
      expect((await post(server, '/api/publish', JSON.stringify({ channel: 'a', data }), key)).status).toBe(400)
    }
    const exact = JSON.parse(`${'['.repeat(6)}${']'.repeat(6)}`)
    expect((await raw.call({ publish: { channel: 'a', data: exact } })).error).toBeUndefined()
  })

  test('[F8] a channel’s name has at most the configured length, no control characters, and is one of Unicode', async () => {
    await using server = await start({}, { max_length: 20 })
    using raw = await connect(server)
    const code = async (channel: string) => (await raw.call({ subscribe: { channel } })).error?.code ?? 0
    expect(await code('x'.repeat(20))).toBe(0)
    expect(await code('x'.repeat(21))).toBe(107)
    expect(await code('ünïcødé 漢字')).toBe(0)
    for (const name of ['', 'a\nb', 'a\u0000b', 'a\u007fb', '\ud800']) expect([name, await code(name)]).toEqual([name, 107])
    const api = await post(server, '/api/publish', JSON.stringify({ channel: 'x'.repeat(21), data: 1 }), { 'X-API-Key': apiKey })
    expect(api.error?.code).toBe(107)
    using stream = new FetchedStream(`${server.url}/sse?channel=${'x'.repeat(21)}&channel=a%0Ab&channel=ok`)
    const { subs } = await stream.opened()
    expect(Object.values(subs).map(({ error }) => error?.code)).toEqual([107, 107, undefined])
    await using whole = await start()
    using long = await connect(whole)
    expect((await long.call({ subscribe: { channel: 'x'.repeat(255) } })).error).toBeUndefined()
    expect((await long.call({ subscribe: { channel: 'x'.repeat(256) } })).error?.code).toBe(107)
  })

  test('[F9] keys that reach a prototype are refused wherever JSON comes in, and nothing is polluted', async () => {
    await using server = await start()
    server.server.command('echo', z.unknown(), input => input as never)
    using raw = await connect(server)
    const token = { Authorization: `Bearer ${await userToken('alice')}` }
    const bodies = ['{"__proto__":{"polluted":1}}', '{"a":[{"constructor":{"prototype":{"polluted":1}}}]}', '{"prototype":1}']
    for (const body of bodies) {
      const id = raw.nextId()
      raw.send(`{"id":${id},"publish":{"channel":"a","data":${body}}}`)
      expect((await raw.reply(id)).error?.code).toBe(107)
      expect((await post(server, '/rpc/echo', body, token)).status).toBe(400)
      expect((await post(server, '/api/publish', `{"channel":"a","data":${body}}`, { 'X-API-Key': apiKey })).status).toBe(400)
    }
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect((await raw.call({ publish: { channel: name, data: 1, key: name } })).error).toBeUndefined()
      expect((await raw.call({ [name]: {} })).error?.code).toBeOneOf([104, 107])
      expect((await raw.call({ rpc: { method: name } })).error?.code).toBe(104)
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})
