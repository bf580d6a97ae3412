import { describe, expect, test } from 'bun:test'
import { FetchedStream, inSeconds, startServer, type TestServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const namespaces = [
  { name: 'kept', ...open, history_size: 1000, history_ttl: '10m' },
  { name: 'members', allow_subscribe_for_client: true },
]
const start = (client = {}) => startServer({ client, channel: { namespaces } })

async function ticketOf(server: TestServer, token?: string): Promise<{ status: number; ticket?: string; ttl?: number }> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const response = await fetch(`${server.url}/auth/ticket`, { method: 'POST', headers })
  return { status: response.status, ...((await response.json()) as object) }
}

describe('who may open a stream', () => {
  test('[E29] a ticket stands for a token in the URL, once', async () => {
    await using server = await start()
    const { status, ticket = '', ttl } = await ticketOf(server, await userToken('alice'))
    expect([status, ttl]).toEqual([200, 60])
    const url = `${server.url}/sse?channel=members:a&token=${ticket}`
    using stream = new FetchedStream(url)
    expect((await stream.opened()).subs['members:a']?.error).toBeUndefined()
    expect((await fetch(url)).status).toBe(401)
    expect((await fetch(`${server.url}/sse?channel=members:a&token=ticket.made-up`)).status).toBe(401)
    expect((await ticketOf(server)).status).toBe(401)
    expect((await ticketOf(server, 'rubbish')).status).toBe(401)
  })

  test('[E30] pages of other hosts are refused unless they are allowed, which also lets them read the answers', async () => {
    await using server = await start({ allowed_origins: ['https://good.example', 'https://*.apps.example'] })
    const url = `${server.url}/sse?channel=kept:a`
    const ask = async (origin: string) => {
      using stream = new FetchedStream(url, { Origin: origin })
      const response = await stream.response
      return [response.status, response.headers.get('access-control-allow-origin'), response.headers.get('vary')]
    }
    expect(await ask('https://evil.example')).toEqual([403, null, null])
    expect(await ask('https://good.example.evil.example')).toEqual([403, null, null])
    expect(await ask('https://apps.example')).toEqual([403, null, null])
    expect(await ask('null')).toEqual([403, null, null])
    expect(await ask('https://good.example')).toEqual([200, 'https://good.example', 'Origin'])
    expect(await ask('https://a.apps.example')).toEqual([200, 'https://a.apps.example', 'Origin'])
    expect(await ask(server.url)).toEqual([200, null, null])
  })

  test('[E31] a page of an allowed host may change its watchlist, fetch tickets and call commands: the browser’s question is answered', async () => {
    await using server = await start({ allowed_origins: ['https://good.example'] })
    const preflight = async (path: string, origin: string) => {
      const response = await fetch(`${server.url}${path}`, {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'authorization,content-type',
        },
      })
      const { status, headers } = response
      return [
        status,
        headers.get('access-control-allow-origin'),
        headers.get('access-control-allow-methods'),
        headers.get('access-control-allow-headers'),
      ]
    }
    for (const path of ['/sse/some.session/subscriptions', '/auth/ticket', '/rpc/some.method']) {
      const [status, origin, methods, headers] = await preflight(path, 'https://good.example')
      expect([path, status, origin]).toEqual([path, 204, 'https://good.example'])
      expect(methods).toContain('POST')
      expect(String(headers).toLowerCase()).toContain('authorization')
      expect(String(headers).toLowerCase()).toContain('content-type')
      expect(await preflight(path, 'https://evil.example')).toEqual([403, null, null, null])
    }
    const answer = await fetch(`${server.url}/auth/ticket`, {
      method: 'POST',
      headers: { Origin: 'https://good.example', Authorization: `Bearer ${await userToken('alice')}` },
    })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, 'https://good.example'])
    const refused = await fetch(`${server.url}/auth/ticket`, { method: 'POST', headers: { Origin: 'https://good.example' } })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, 'https://good.example'])
  })

  test('[E32] a stream ends with its token', async () => {
    await using server = await start({ expired_close_delay: '0s' })
    const exp = inSeconds(1)
    using stream = new FetchedStream(`${server.url}/sse?channel=members:a&token=${await userToken('alice', { exp })}`)
    await stream.opened()
    await until('it ended', () => stream.ended)
    expect(stream.events.at(-1)?.data.disconnect).toEqual({ code: 3005, reason: 'connection expired', reconnect: true })
  })
})
