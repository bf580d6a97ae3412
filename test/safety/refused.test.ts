import { describe, expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { apiKey, post, testServer, tokenSecret, userToken } from '../kit/api.ts'
import { RawClient } from '../kit/index.ts'

type Served = Awaited<ReturnType<typeof testServer>>
const key = new TextEncoder().encode(tokenSecret)
const claims = (json: string) => new SignJWT(JSON.parse(json)).setProtectedHeader({ alg: 'HS256' }).sign(key)

/** A server, and what it wrote into its log. */
async function logged(input: Parameters<typeof testServer>[0] = {}) {
  const lines: { reason: string; message: string }[] = []
  const put = (fields: object, message: string) => lines.push({ reason: '', ...fields, message })
  const server = await testServer(input, { log: { debug() {}, info() {}, warn: put, error: put } })
  return { server, lines, reasons: () => lines.filter(({ message }) => message.startsWith('refused')).map(({ reason }) => reason) }
}

async function closeOf({ wsUrl }: Served, token: string) {
  using raw = await RawClient.open(wsUrl)
  raw.send({ id: 1, connect: { token } })
  return await raw.closes()
}

const wrongTokens: [string, () => Promise<string>, string][] = [
  ['a number as `sub`', () => claims('{"sub":42}'), 'sub: '],
  ['another secret', () => new SignJWT({ sub: 'a' }).setProtectedHeader({ alg: 'HS256' }).sign(key.slice(1)), 'hmac_secret_key'],
  ['HS512', () => new SignJWT({ sub: 'a' }).setProtectedHeader({ alg: 'HS512' }).sign(key), '"HS512"'],
  ['a word', () => Promise.resolve('hello'), 'not a JWT'],
]

describe('why somebody is refused', () => {
  test.each(wrongTokens)(
    '[F100] the log says why a token with %s is refused, on every way in, and the answer does not',
    async (_, make, reason) => {
      const { server, reasons } = await logged()
      const token = await make()
      expect(await closeOf(server, token)).toMatchObject({ code: 3500, reason: 'invalid token' })
      expect(reasons()).toEqual([expect.stringContaining(reason)])
      expect(reasons()[0]).not.toContain(token)
      const others = await logged()
      const answer = await post(others.server, '/rpc/nothing', {}, { Authorization: `Bearer ${token}` })
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 101, message: 'unauthorized' } } })
      expect(others.reasons()).toEqual([expect.stringContaining(reason)])
      const streams = await logged()
      expect((await fetch(`${streams.server.url}/sse?channel=a&token=${token}`)).status).toBe(401)
      expect(streams.reasons()).toEqual([expect.stringContaining(reason)])
    },
  )

  test('[F100] the log says why a key, an origin and a subscription are refused', async () => {
    const { server, reasons } = await logged()
    expect(await post(server, '/api/info', {}, { 'X-API-Key': `${apiKey}x` })).toMatchObject({ status: 401 })
    expect(await post(server, '/rpc/nothing', {}, { Origin: 'https://evil.example' })).toMatchObject({ status: 403 })
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    expect(await raw.call({ subscribe: { channel: 'room' } })).toMatchObject({ error: { code: 103, message: 'permission denied' } })
    expect(reasons()).toEqual([
      expect.stringContaining('not http_api.key'),
      expect.stringContaining('client.allowed_origins'),
      expect.stringContaining('allow_subscribe_for_client'),
    ])
    expect(JSON.stringify(reasons())).not.toContain(apiKey)
  })

  test('[F102] whoever is refused is counted by code, over HTTP too, and a stream with a bad token as 3500', async () => {
    const { server } = await logged()
    expect((await fetch(`${server.url}/sse?channel=a&token=hello`)).status).toBe(401)
    await post(server, '/api/info', {})
    await post(server, '/api/publish', { channel: 'nowhere:x', data: 1 }, { 'X-API-Key': apiKey })
    await post(server, '/api/batch', { commands: [{ publish: { channel: 'nowhere:x', data: 1 } }] }, { 'X-API-Key': apiKey })
    await post(server, '/rpc/nothing', {})
    const { errors, closes } = server.node.counters
    expect(Object.fromEntries(errors)).toEqual({ 101: 1, 102: 2, 104: 1 })
    expect(Object.fromEntries(closes)).toEqual({ 3500: 1 })
  })

  test('[F101] in development mode the answer says why', async () => {
    const { server } = await logged({ client: { token: {} }, http_api: { key: apiKey } })
    const token = await userToken('alice')
    const { reason } = await closeOf(server, token)
    expect(reason).toStartWith('invalid token: its signature was not made with')
    expect(await post(server, '/rpc/nothing', {}, { Authorization: `Bearer ${token}` })).toMatchObject({
      body: { error: { code: 101, message: expect.stringContaining('unauthorized: its signature') } },
    })
    expect(await post(server, '/api/info', {}, { 'X-API-Key': 'wrong' })).toMatchObject({
      body: { error: { message: expect.stringContaining('not http_api.key') } },
    })
    const guest = await post(server, '/auth/guest', { name: 'Ann' })
    using raw = await RawClient.connect(server.wsUrl, { token: Object(guest.body).token })
    expect(await raw.call({ subscribe: { channel: 'room' } })).toMatchObject({
      error: { code: 103, message: expect.stringContaining('permission denied: subscribe: ') },
    })
  })
})
