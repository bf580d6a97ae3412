import { describe, expect, test } from 'bun:test'
import { api, Folder, post, testServer } from '../kit/api.ts'
import { FetchedStream, inSeconds, RawClient, sign, startServer, type TestServer, until } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, history_size: 10, history_ttl: '1m' } as const
const channel = { without_namespace: open, namespaces: [{ name: 'shut' }] }
const start = () => testServer({ channel })

const revoke = (server: TestServer, uid: string, more: object = {}) => api(server, 'revoke_token', { uid, ...more })
const invalidate = (server: TestServer, user: string, more: object = {}) => api(server, 'invalidate_user_tokens', { user, ...more })

/** How a token fares on each way in; 0 is welcome. */
async function waysIn(server: TestServer, token: string): Promise<Record<string, number>> {
  using raw = await RawClient.open(server.wsUrl)
  raw.send({ id: 1, connect: { token } })
  const connected = await until('an answer to connect', () => raw.closedWith?.code ?? (raw.messages.length > 0 ? 1 : undefined))
  const abort = new AbortController()
  const stream = await fetch(`${server.url}/sse?channel=a&token=${token}`, { signal: abort.signal })
  abort.abort()
  const headers = { Authorization: `Bearer ${token}` }
  const ticket = await fetch(`${server.url}/auth/ticket`, { method: 'POST', headers })
  const rpc = await post(server, '/rpc/nothing', {}, headers)
  return {
    connect: connected === 1 ? 0 : connected,
    sse: stream.status === 200 ? 0 : stream.status,
    ticket: ticket.status === 200 ? 0 : ticket.status,
    rpc: rpc.status === 404 ? 0 : rpc.status,
  }
}

const welcome = { connect: 0, sse: 0, ticket: 0, rpc: 0 }
const refused = { connect: 3500, sse: 401, ticket: 401, rpc: 401 }

describe('tokens that are revoked', () => {
  test('[A60] a token is void by its jti on every way in, its sessions end with 3500, and others go on', async () => {
    const server = await start()
    const [gone, kept] = [await sign({ sub: 'alice', jti: 'one', exp: inSeconds(3600) }), await sign({ sub: 'alice', jti: 'two' })]
    expect([await waysIn(server, gone), await waysIn(server, kept)]).toEqual([welcome, welcome])
    const { ticket } = await (
      await fetch(`${server.url}/auth/ticket`, { method: 'POST', headers: { Authorization: `Bearer ${gone}` } })
    ).json()
    using first = await RawClient.connect(server.wsUrl, { token: gone })
    using second = await RawClient.connect(server.wsUrl, { token: kept })
    using stream = new FetchedStream(`${server.url}/sse?channel=a&token=${gone}`)
    await stream.opened()
    expect(await revoke(server, 'one')).toEqual({ status: 200, body: { result: {} } })
    expect((await first.closes()).code).toBe(3500)
    await until('the stream ends for good', () =>
      stream.events.some(({ data }) => data.disconnect?.code === 3500 && data.disconnect.reconnect === false),
    )
    expect([await waysIn(server, gone), await waysIn(server, kept)]).toEqual([refused, welcome])
    expect((await fetch(`${server.url}/sse?channel=a&token=${ticket}`)).status).toBe(401)
    expect(await second.call({ subscribe: { channel: 'a' } })).toHaveProperty('subscribe')
    expect(await second.call({ refresh: { token: gone } }).catch(() => 'closed')).toBe('closed')
    expect((await second.closes()).code).toBe(3500)
  })

  test('[A61] tokens of a user from before a time are void, those without a time too, and later ones are good', async () => {
    const server = await start()
    const [before, at, after, timeless] = await Promise.all([
      sign({ sub: 'alice', iat: 999 }),
      sign({ sub: 'alice', iat: 1000 }),
      sign({ sub: 'alice', iat: 1001 }),
      sign({ sub: 'alice' }),
    ])
    const other = await sign({ sub: 'bob', iat: 1 })
    using old = await RawClient.connect(server.wsUrl, { token: before })
    using newer = await RawClient.connect(server.wsUrl, { token: after })
    expect(await invalidate(server, 'alice', { issued_before: 1000 })).toEqual({ status: 200, body: { result: {} } })
    expect((await old.closes()).code).toBe(3500)
    const fares = await Promise.all([before, timeless, at, after, other].map(token => waysIn(server, token)))
    expect(fares).toEqual([refused, refused, welcome, welcome, welcome])
    expect(await newer.call({ subscribe: { channel: 'a' } })).toHaveProperty('subscribe')
    // An earlier time takes nothing back.
    await invalidate(server, 'alice', { issued_before: 500 })
    expect(await waysIn(server, before)).toEqual(refused)
    // Without a time it is now, and a token of this second may be from before.
    await invalidate(server, 'alice')
    expect((await newer.closes()).code).toBe(3500)
    expect(await waysIn(server, await sign({ sub: 'alice', iat: inSeconds(0) - 1 }))).toEqual(refused)
    expect(await waysIn(server, await sign({ sub: 'alice', iat: inSeconds(2) }))).toEqual(welcome)
  })

  test('[A62] subscription tokens are void by jti, by user, and by user and channel, and what came by them ends', async () => {
    const server = await start()
    const token = await sign({ sub: 'alice', iat: 2000 })
    const forChannel = (name: string, more: object = {}) => sign({ sub: 'alice', channel: name, iat: 1000, ...more })
    using raw = await RawClient.connect(server.wsUrl, { token })
    const subscribe = async (name: string, more: object = {}) =>
      raw.call({ subscribe: { channel: name, token: await forChannel(name, more) } })
    for (const [name, jti] of [
      ['shut:a', 'one'],
      ['shut:b', 'two'],
      ['shut:c', 'three'],
    ] as const)
      expect(await subscribe(name, { jti })).toHaveProperty('subscribe')
    const ended = () => raw.pushes().flatMap(({ channel, unsubscribe }) => (unsubscribe === undefined ? [] : [channel]))
    await revoke(server, 'one')
    await until('the first has ended', () => ended().join() === 'shut:a')
    expect(await subscribe('shut:a', { jti: 'one' })).toMatchObject({ error: { code: 103 } })
    await invalidate(server, 'alice', { channel: 'shut:b', issued_before: 1500 })
    await until('the second has ended', () => ended().join() === 'shut:a,shut:b')
    expect(await subscribe('shut:b')).toMatchObject({ error: { code: 103 } })
    expect(await raw.call({ sub_refresh: { channel: 'shut:c', token: await forChannel('shut:c', { jti: 'one' }) } })).toMatchObject({
      error: { code: 103 },
    })
    await invalidate(server, 'alice', { issued_before: 1500 })
    await until('the third has ended', () => ended().join() === 'shut:a,shut:b,shut:c')
    expect(await subscribe('shut:c', { iat: 1600 })).toHaveProperty('subscribe')
    expect(raw.closedWith).toBeUndefined()
  })

  test('[A63] what was revoked stays so over a restart, until the end that was given', async () => {
    using folder = new Folder()
    const [one, two] = [await sign({ sub: 'alice', jti: 'one' }), await sign({ sub: 'bob', iat: 5 })]
    {
      await using server = await startServer({ data: folder.path, channel })
      await revoke(server, 'one')
      await invalidate(server, 'bob', { issued_before: 1000 })
      await invalidate(server, 'bob', { issued_before: 3 })
      await revoke(server, 'over', { expire_at: 1 })
    }
    await using server = await startServer({ data: folder.path, channel })
    expect([await waysIn(server, one), await waysIn(server, two)]).toEqual([refused, refused])
    expect(await waysIn(server, await sign({ sub: 'carol', jti: 'over' }))).toEqual(welcome)
    expect(server.node.revocations.size).toBe(2)
  })

  test('[A64] a call that names nothing, or something of another kind, is refused with the path', async () => {
    const server = await start()
    for (const [command, body, path] of [
      ['revoke_token', {}, 'uid'],
      ['revoke_token', { uid: '' }, 'uid'],
      ['revoke_token', { uid: 7 }, 'uid'],
      ['revoke_token', { uid: 'x', expire_at: 'soon' }, 'expire_at'],
      ['invalidate_user_tokens', {}, 'user'],
      ['invalidate_user_tokens', { user: '' }, 'user'],
      ['invalidate_user_tokens', { user: 'a', issued_before: -1 }, 'issued_before'],
    ] as const)
      expect(await api(server, command, body)).toMatchObject({ body: { error: { code: 107, message: expect.stringContaining(path) } } })
    expect((await post(server, '/api/revoke_token', { uid: 'x' })).status).toBe(401)
    expect(server.node.revocations.size).toBe(0)
    const batch = await api(server, 'batch', { commands: [{ revoke_token: { uid: 'x' } }, { invalidate_user_tokens: { user: 'a' } }] })
    expect(batch.body).toEqual({ replies: [{ revoke_token: {} }, { invalidate_user_tokens: {} }] })
    expect(server.node.revocations.size).toBe(2)
  })
})
