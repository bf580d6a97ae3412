import { describe, expect, test } from 'bun:test'
import homePage from '../../src/cli/home/home.html'
import { shipped } from '../../src/cli/shipped.ts'
import { apiKey, testServer } from '../kit/api.ts'
import { TcpClient, until } from '../kit/index.ts'

const pages = ['/', '/ops', '/chat', '/chat/a-conversation', '/sports', '/sports/arg-fra-2022']

async function served(input: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(input, { services: shipped })
  server.server.page('/', homePage)
  return server
}

/** The parts that a page names, where a browser would look for them. */
async function partsOf(url: string): Promise<string[]> {
  const text = await (await fetch(url)).text()
  return [...text.matchAll(/ (?:src|href)="([^"]+)"/g)].map(([, given = '']) => new URL(given, url).href)
}

describe('pages', () => {
  test.each(pages)('[F103] %s lets nothing run, load or call but what is from here, and stands in no frame', async path => {
    const server = await served()
    const { status, headers } = await fetch(server.url + path)
    expect(status).toBe(200)
    const policy = new Map((headers.get('content-security-policy') ?? '').split('; ').map(part => [part.split(' ')[0], part]))
    expect(policy.get('script-src')).toBe("script-src 'self'")
    expect(policy.get('style-src')).toBe("style-src 'self'")
    expect(policy.get('default-src')).toBe("default-src 'none'")
    expect(policy.get('connect-src')).toBe("connect-src 'self'")
    expect(policy.get('base-uri')).toBe("base-uri 'none'")
    expect(policy.get('frame-ancestors')).toBe("frame-ancestors 'none'")
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-type')).toStartWith('text/html')
  })

  test('[F103] so does each of their parts, which a browser may keep for ever', async () => {
    const server = await served()
    const parts = new Set<string>()
    for (const path of pages) for (const part of await partsOf(server.url + path)) parts.add(part)
    expect(parts.size).toBeGreaterThan(8)
    const types = new Set<string>()
    for (const part of parts) {
      const { status, headers } = await fetch(part)
      expect([part, status]).toEqual([part, 200])
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toContain('immutable')
      types.add(headers.get('content-type')?.split(';')[0] ?? '')
    }
    expect([...types].sort()).toEqual(['image/svg+xml', 'text/css', 'text/javascript'])
    const worker = await fetch(`${server.url}/chat/push-worker.js`)
    expect(worker.headers.get('content-security-policy')).toContain("default-src 'none'")
    for (const name of ['nothing.js', '..%2f..%2fpackage.json', '__proto__'])
      expect((await fetch(`${server.url}/assets/${name}`)).status).toBe(404)
  })

  test('[F104] parts are found from wherever the page is, also below a path of a proxy', async () => {
    const server = await served()
    for (const path of pages) {
      const text = await (await fetch(server.url + path)).text()
      expect(text).not.toMatch(/(?:src|href)="\//)
      const below = new URL(`/below/here${path}`, server.url)
      for (const [, given = ''] of text.matchAll(/ (?:src|href)="([^"]+)"/g))
        expect(new URL(given, below).pathname).toStartWith('/below/here/assets/')
    }
  })

  test('[F105] a page asks for the host as all else does, and another method is told so', async () => {
    const server = await served({ client: { token: {} }, http_api: { key: apiKey } })
    const { port } = new URL(server.url)
    for (const path of pages) {
      using tcp = await TcpClient.open(server.url)
      tcp.write(`GET ${path} HTTP/1.1\r\nHost: evil.example:${port}\r\nConnection: close\r\n\r\n`)
      await until(`${path} is answered`, () => tcp.received.includes('\r\n'))
      expect([path, tcp.received.split(' ')[1]]).toEqual([path, '403'])
      expect((await fetch(server.url + path, { method: 'POST' })).status).toBe(405)
      const head = await fetch(server.url + path, { method: 'HEAD' })
      expect([head.status, await head.text()]).toEqual([200, ''])
    }
  })
})
