import { describe, expect, test } from 'bun:test'
import { FetchedStream, startServer, TcpClient, type TestServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true, history_size: 10, history_ttl: '1m' } as const
const namespaces = [
  { name: 'kept', ...open },
  { name: 'members', allow_subscribe_for_client: true },
]
const start = (more: object = {}) => startServer({ channel: { namespaces }, ...more })

/** What comes back for bytes on a connection of their own. */
async function answerTo(server: TestServer, bytes: string, until_: string): Promise<string> {
  using tcp = await TcpClient.open(server.url)
  tcp.write(bytes)
  await until(`the answer holds ${until_}`, () => tcp.received.includes(until_))
  return tcp.received
}

describe('clients of all kinds', () => {
  test('[F60] a client that names no host, as health checks of HTTP/1.0 do, is answered on every path', async () => {
    await using server = await start()
    expect(await answerTo(server, 'GET /readyz HTTP/1.0\r\n\r\n', '}')).toContain('"status":"ready"')
    expect(await answerTo(server, 'GET /sse?channel=kept:a HTTP/1.0\r\n\r\n', 'kept:a')).toContain('"recovered":false')
    expect(await answerTo(server, 'POST /rpc/none HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}', '}}')).toContain('method not found')
    expect(await answerTo(server, 'POST /rpc/none HTTP/1.0\r\nContent-Length: 1\r\n\r\n{', '}}')).toContain('not valid JSON')
    const odd = 'GET /sse?channel=kept:a HTTP/1.1\r\nHost: a/b?c\r\n\r\n'
    expect(await answerTo(server, odd, 'kept:a')).toContain('HTTP/1.1 200')
    await until('both streams have ended', () => server.node.sessions.size === 0)
  })

  test('[F61] also on the path of event streams, who keeps quiet without having one is cut off', async () => {
    await using server = await start({ client: { idle_timeout: '2s' } })
    const head = 'HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{'
    const quiet = ['POST /sse', 'GET /sse?delay=x', 'HEAD /sse'].map(async line => {
      using tcp = await TcpClient.open(server.url)
      tcp.write(`${line} ${head}`)
      await until(`${line} is cut off`, () => tcp.isClosed)
    })
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:a`)
    await stream.opened()
    await Promise.all(quiet)
    await server.publish('kept:a', 'still here')
    await until('the stream lives', () => stream.publications('kept:a').length === 1)
  })

  test('[F63] a token counts however its scheme is written: nobody becomes a stranger by that', async () => {
    await using server = await start()
    const token = await userToken('alice')
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer ']) {
      const headers = { Authorization: `${scheme} ${token}` }
      using stream = new FetchedStream(`${server.url}/sse?channel=members:a`, headers)
      expect((await stream.opened()).subs['members:a']?.error).toBeUndefined()
      const ticket = await fetch(`${server.url}/auth/ticket`, { method: 'POST', headers })
      expect([scheme, ticket.status]).toEqual([scheme, 200])
    }
    expect((await fetch(`${server.url}/sse?channel=members:a`, { headers: { Authorization: 'bearer rubbish' } })).status).toBe(401)
  })

  test('[F69] an empty Last-Event-ID leaves the word to the URL', async () => {
    await using server = await start()
    await server.publish('kept:a', 1)
    using first = new FetchedStream(`${server.url}/sse?channel=kept:a`)
    await first.opened()
    await server.publish('kept:a', 2)
    const id = first.events[0]?.id ?? ''
    using second = new FetchedStream(`${server.url}/sse?channel=kept:a&last_event_id=${id}`, { 'Last-Event-ID': '' })
    expect((await second.opened()).subs['kept:a']).toMatchObject({ recovered: true, publications: [{ data: 2, offset: 2 }] })
  })
})

describe('pages', () => {
  test('[F71] every address of this machine alone that it can be bound to also reaches it, under the URL that it says', async () => {
    for (const host of ['127.0.0.1', '127.0.0.2', 'localhost', '::1', '[::1]']) {
      await using server = await startServer({ host, client: { token: {} } })
      expect([host, (await fetch(`${server.url}/readyz`)).status]).toEqual([host, 200])
      for (const name of ['127.evil.example', '127.0.0.1.evil.example', 'localhost.evil.example']) {
        const { status } = await fetch(`${server.url}/readyz`, { headers: { Host: name } })
        expect([name, status]).toEqual([name, 403])
      }
    }
  })

  test('[F62] while the server API is open to everyone on the machine, only this machine’s own names reach the server', async () => {
    await using server = await start({ http_api: { insecure: true } })
    const { port } = new URL(server.url)
    const publish = async (host: string) => {
      const headers = { Host: `${host}:${port}`, Origin: `http://${host}:${port}` }
      return (await fetch(`${server.url}/api/publish`, { method: 'POST', headers, body: '{"channel":"kept:a","data":1}' })).status
    }
    expect(await publish('rebound.example')).toBe(403)
    expect(await publish('localhost')).toBe(200)
  })

  test('[F65] a page of an origin that is named may come with its visitor’s cookies; one that is let in by * may not', async () => {
    const credentials = async (allowed: string[], origin: string, path: string, method = 'GET') => {
      await using server = await start({ client: { allowed_origins: allowed } })
      const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' }
      const abort = new AbortController()
      const response = await fetch(`${server.url}${path}`, { method, headers, signal: abort.signal })
      abort.abort()
      return [response.headers.get('access-control-allow-origin'), response.headers.get('access-control-allow-credentials')]
    }
    const good = 'https://good.example'
    for (const allowed of [[good], ['https://*.example'], ['*', good]]) {
      expect(await credentials(allowed, good, '/sse?channel=kept:a')).toEqual([good, 'true'])
      expect(await credentials(allowed, good, '/sse/x.y/subscriptions', 'OPTIONS')).toEqual([good, 'true'])
    }
    expect(await credentials(['*'], good, '/sse?channel=kept:a')).toEqual([good, null])
    expect(await credentials([good], 'https://evil.example', '/sse?channel=kept:a')).toEqual([null, null])
  })

  test('[F66] guests count by address, and a page of an allowed origin may make one', async () => {
    await using server = await startServer({
      client: { token: {}, allowed_origins: ['https://good.example'], user_command_rate: { per_second: 1, burst: 3 } },
    })
    const guest = () =>
      fetch(`${server.url}/auth/guest`, { method: 'POST', body: '{"name":"Ann"}', headers: { Origin: 'https://good.example' } })
    const answers = [await guest(), await guest(), await guest(), await guest()]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
    for (const { headers } of answers) expect(headers.get('access-control-allow-origin')).toBe('https://good.example')
  })
})

test('[F70] who asks too much by HTTP is told when to come back, and has something again by then', async () => {
  await using server = await start({ client: { user_command_rate: { per_second: 1, burst: 1 } } })
  const ask = () => fetch(`${server.url}/rpc/none`, { method: 'POST' })
  expect((await ask()).status).toBe(404)
  const refused = await ask()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  await server.passes(1000)
  expect((await ask()).status).toBe(404)
})
