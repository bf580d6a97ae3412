import { describe, expect, test } from 'bun:test'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, createServer } from '../../src/server/index.ts'
import { apiKey, FanfareProcess, Folder, RawClient, startServer, type TestServer, tokenSecret, until, userToken } from '../kit/index.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const methods = [
  'publish',
  'broadcast',
  'presence',
  'presence_stats',
  'history',
  'history_remove',
  'channels',
  'info',
  'subscribe',
  'unsubscribe',
  'disconnect',
  'refresh',
  'revoke_token',
  'invalidate_user_tokens',
  'batch',
]

async function problems(input: Parameters<typeof createServer>[0]): Promise<string> {
  using folder = new Folder()
  try {
    const server = await createServer({ port: 0, data: folder.path, ...input }, { log: silent })
    await server.close()
    return ''
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

describe('what is open to whom', () => {
  test('[F10] without a secret it serves this machine alone, and beyond that refuses to start and says what to give', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.10', 'example.org']) {
      const refused = await problems({ host })
      expect(refused).toContain('host: ')
      expect(refused).toContain('FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY')
    }
    const secret = { hmac_secret_key: tokenSecret }
    expect(await problems({ host: '0.0.0.0', client: { token: secret, insecure: true } })).toContain('client.insecure')
    expect(await problems({ host: '0.0.0.0', client: { token: secret }, http_api: { insecure: true } })).toContain('http_api.insecure')
    expect(await problems({ host: '0.0.0.0', client: { token: secret } })).toBe('')
    expect(await problems({ host: '127.0.0.1' })).toBe('')
  })

  test('[F11] secrets that it made up are kept for the owner alone, and stay the same over a restart', async () => {
    using folder = new Folder()
    const start = () => createServer({ port: 0, data: folder.path }, { log: silent })
    const guest = async (server: { url: string }) => {
      const response = await fetch(`${server.url}/auth/guest`, { method: 'POST', body: '{"name":"Ann"}' })
      return (await response.json()) as { token: string; user: string }
    }
    const first = await start()
    const { token, user } = await guest(first)
    await first.close()
    const path = join(folder.path, 'secrets.json')
    expect(statSync(path).mode & 0o077).toBe(0)
    const before = readFileSync(path, 'utf8')
    const second = await start()
    using raw = await RawClient.connect(`${second.url.replace('http', 'ws')}/connection/websocket`, { token })
    expect(second.node.sessions.of(user)).toHaveLength(1)
    expect(readFileSync(path, 'utf8')).toBe(before)
    raw.socket.close()
    await second.close()
  })

  test('[F12] with a secret given there are no guests, and operations are for holders of the API key', async () => {
    await using server = await startServer()
    expect((await fetch(`${server.url}/auth/guest`, { method: 'POST', body: '{"name":"Ann"}' })).status).toBe(404)
    for (const path of ['/ops/stats', '/ops/tree']) {
      expect((await fetch(`${server.url}${path}`)).status).toBe(401)
      expect((await fetch(`${server.url}${path}`, { headers: { 'X-API-Key': 'wrong' } })).status).toBe(401)
      expect((await fetch(`${server.url}${path}`, { headers: { 'X-API-Key': apiKey } })).status).toBe(200)
    }
  })

  test('[F13] every method of the server API wants the key; one that is nearly right, empty, or a user’s token is none', async () => {
    await using server = await startServer({ channel: { without_namespace: { history_size: 10, history_ttl: '1m', presence: true } } })
    const wrong: Record<string, string>[] = [
      {},
      { 'X-API-Key': '' },
      { 'X-API-Key': apiKey.slice(0, -1) },
      { 'X-API-Key': `${apiKey}x` },
      { 'X-API-Key': apiKey.toUpperCase() },
      { Authorization: `Bearer ${apiKey}` },
      { Authorization: `Bearer ${await userToken('alice')}` },
      { Authorization: 'apikey ' },
    ]
    for (const method of methods)
      for (const headers of wrong) expect([method, headers, await status(server, method, headers)]).toEqual([method, headers, 401])
    expect(await status(server, 'publish', { 'X-API-Key': apiKey }, '{"channel":"a","data":1}')).toBe(200)
    expect(await status(server, 'info', { Authorization: `apikey ${apiKey}` })).toBe(200)
    await using keyless = await startServer({ http_api: { key: undefined } })
    for (const headers of wrong) expect(await status(keyless, 'info', headers)).toBe(401)
  })

  test('[F14] answers carry no stack, and say that they are only what they claim to be', async () => {
    await using server = await startServer()
    for (const path of ['/healthz', '/nothing', '/rpc/nothing', '/api/publish']) {
      const response = await fetch(`${server.url}${path}`, { method: path.startsWith('/rpc') || path.startsWith('/api') ? 'POST' : 'GET' })
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      const text = await response.text()
      expect(text).not.toMatch(/at .*\.ts:\d+|node_modules/)
      expect(response.headers.get('server')).toBeNull()
    }
  })

  test('[F15] nothing secret and nothing that people said is in the log, even at its most talkative', async () => {
    await using fanfare = await FanfareProcess.start({
      log: { level: 'debug' },
      channel: {
        without_namespace: { allow_subscribe_for_client: true, allow_publish_for_client: true, history_size: 10, history_ttl: '1m' },
      },
    })
    const token = await userToken('alice', { info: { mail: 'alice@secret.example' } })
    const body = 'what-alice-said-to-bob'
    using raw = await RawClient.connect(fanfare.wsUrl, { token, data: { text: body } })
    await raw.call({ subscribe: { channel: 'room' } })
    await raw.call({ publish: { channel: 'room', data: { text: body } } })
    await raw.call({ rpc: { method: 'nothing', data: { text: body, password: 'pass-word-1' } } })
    raw.send({ send: { data: { text: body } } })
    raw.send(`{"id":77,"publish":{"channel":"room","data":"${body}"`)
    const forged = `${token.slice(0, -4)}AAAA`
    using stranger = await RawClient.open(fanfare.wsUrl)
    stranger.send({ id: 1, connect: { token: forged } })
    await stranger.closes()
    const ticket = (await (
      await fetch(`${fanfare.url}/auth/ticket`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } })
    ).json()) as { ticket: string }
    for (const given of [token, forged, ticket.ticket, ticket.ticket]) {
      const abort = new AbortController()
      await fetch(`${fanfare.url}/sse?channel=room&token=${given}`, { signal: abort.signal }).catch(() => undefined)
      abort.abort()
    }
    for (const key of [apiKey, 'wrong-api-key-0123456789'])
      await fetch(`${fanfare.url}/api/publish`, {
        method: 'POST',
        headers: { 'X-API-Key': key },
        body: JSON.stringify({ channel: 'room', data: { text: body } }),
      })
    await fetch(`${fanfare.url}/api/publish`, { method: 'POST', headers: { 'X-API-Key': apiKey }, body: `{"channel":7,"data":"${body}"` })
    await until('the last publication came', () => raw.publications('room').length >= 2)
    fanfare.signal('SIGTERM')
    expect(await fanfare.ended()).toBe(0)
    expect(fanfare.output).toContain('listening')
    for (const secret of [token, forged, ticket.ticket, apiKey, 'wrong-api-key', tokenSecret, body, 'alice@secret.example', 'pass-word-1'])
      expect([secret, fanfare.output.includes(secret)]).toEqual([secret, false])
    expect(fanfare.output).not.toMatch(/eyJ[\w-]{10,}/)
  })
})

async function status(server: TestServer, method: string, headers: Record<string, string>, body = '{}'): Promise<number> {
  const response = await fetch(`${server.url}/api/${method}`, { method: 'POST', headers, body })
  await response.arrayBuffer()
  return response.status
}
