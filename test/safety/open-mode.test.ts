import { describe, expect, test } from 'bun:test'
import { Folder, startServer, TcpClient, type TestServer, until } from '../kit/index.ts'

const development = (more: object = {}) => startServer({ client: { token: {}, ...more } })

const signs: Record<string, string>[] = [
  { Forwarded: 'for=203.0.113.7' },
  { 'X-Forwarded-For': '203.0.113.7' },
  { 'X-Forwarded-Proto': 'https' },
  { 'X-Forwarded-Host': 'chat.example' },
  { 'X-Forwarded-Anything': '' },
  { 'X-Real-IP': '203.0.113.7' },
  { Via: '1.1 proxy' },
]
const paths = ['/healthz', '/ops/stats', '/ops/tree', '/rpc', '/metrics', '/sse?channel=a', '/nothing', '/connection/websocket']

async function status({ url }: TestServer, path: string, headers: Record<string, string>, method = 'GET', body?: string) {
  const abort = new AbortController()
  const response = await fetch(url + path, { method, headers, signal: abort.signal, ...(body === undefined ? {} : { body }) })
  const text = response.status === 403 ? await response.text() : ''
  abort.abort()
  return [response.status, text] as const
}

async function statusFor(server: TestServer, host: string): Promise<number> {
  using tcp = await TcpClient.open(server.url)
  tcp.write(`GET /ops/stats HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  await until('it is answered', () => tcp.received.includes('\r\n'))
  return Number(tcp.received.split(' ')[1])
}

describe('a server that is open to whoever reaches it', () => {
  test('[F106] in development mode what came through a proxy is refused on every path, with the header that shows it and what to do', async () => {
    await using server = await development()
    for (const headers of signs) {
      for (const path of paths) {
        const [code, text] = await status(server, path, headers)
        expect([headers, path, code]).toEqual([headers, path, 403])
        expect(text).toContain(`proxied request (${Object.keys(headers)[0]?.toLowerCase()})`)
        expect(text).toContain('client.token.hmac_secret_key')
      }
      expect((await status(server, '/auth/guest', headers, 'POST', '{"name":"Ann"}'))[0]).toBe(403)
    }
    expect((await status(server, '/auth/guest', {}, 'POST', '{"name":"Ann"}'))[0]).toBe(200)
    expect((await status(server, '/ops/stats', {}))[0]).toBe(200)
    expect(server.node.sessions.size).toBe(0)
  })

  test('[F106] so does one that is insecure; one with a token secret takes what proxies send', async () => {
    await using insecure = await startServer({ client: { insecure: true, token: { hmac_secret_key: 'x'.repeat(32) } } })
    await using api = await startServer({ http_api: { insecure: true } })
    await using secured = await startServer()
    for (const headers of signs) {
      expect((await status(insecure, '/healthz', headers))[0]).toBe(403)
      expect((await status(api, '/healthz', headers))[0]).toBe(403)
      expect((await status(secured, '/healthz', headers))[0]).toBe(200)
    }
  })

  test('[F107] `*` among the origins lets in any page, and names no host', async () => {
    await using server = await development({ allowed_origins: ['*'] })
    const { port } = new URL(server.url)
    expect(await statusFor(server, `evil.example:${port}`)).toBe(403)
    expect(await statusFor(server, 'evil.example')).toBe(403)
    expect(await statusFor(server, `localhost:${port}`)).toBe(200)
    await using named = await development({ allowed_origins: ['*', `http://chat.example:${port}`] })
    expect(await statusFor(named, `chat.example:${port}`)).toBe(200)
    expect(await statusFor(named, `evil.example:${port}`)).toBe(403)
    const page = await status(server, '/rpc/none', { Origin: 'https://any.example' }, 'POST', '{}')
    expect(page[0]).toBe(404)
  })

  test('[F108] guests are made for pages of this server and of allowed origins alone', async () => {
    await using server = await development()
    const guest = (origin: string) => status(server, '/auth/guest', { Origin: origin }, 'POST', '{"name":"Ann"}')
    expect((await guest('https://evil.example'))[0]).toBe(403)
    expect((await guest('null'))[0]).toBe(403)
    expect((await guest(server.url))[0]).toBe(200)
  })

  test('[F109] in development mode pages of this machine may call from any port, unless the server API is open as well', async () => {
    using folder = new Folder()
    await using server = await development()
    await using open = await startServer({ client: { token: {} }, http_api: { insecure: true }, data: folder.path })
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1:3000', 'https://[::1]:8080']) {
      const answer = await fetch(`${server.url}/auth/guest`, { method: 'POST', body: '{"name":"Ann"}', headers: { Origin: origin } })
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin])
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
      expect((await status(open, '/rpc/none', { Origin: origin }, 'POST', '{}'))[0]).toBe(403)
    }
    for (const origin of ['http://localhost.evil.example', 'http://localhost:5173.evil.example', 'file://localhost'])
      expect((await status(server, '/rpc/none', { Origin: origin }, 'POST', '{}'))[0]).toBe(403)
    await using secured = await startServer()
    expect((await status(secured, '/rpc/none', { Origin: 'http://localhost:5173' }, 'POST', '{}'))[0]).toBe(403)
  })
})
