import { describe, expect, test } from 'bun:test'
import { createServer as createTcpServer } from 'node:net'
import { atEnd, connect, connectAs, failureOf, post, RawClient, testServer, userToken } from '../kit/api.ts'
import { BackEnd, failing, hookSecret, portOf, serveWith, status } from './back-end.ts'

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
    expect((await post(server, '/rpc/any', {}, { Authorization: `Bearer ${await userToken('alice')}` })).status).toBe(500)
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
    const server = await testServer({ hooks: backEnd.hooks(['connect']) }, { log: { debug() {}, info() {}, warn: note, error: note } })
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
      expect(testServer({ hooks: { secret: hookSecret, allowed_hosts, rpc: { url: 'http://127.0.0.1:3000/rpc' } } })).rejects.toThrow(
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
