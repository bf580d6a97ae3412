import { afterEach, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import type { ConfigInput } from '../../src/index.ts'
import { connect, failureOf, post, RawClient, testServer, userToken } from '../kit/api.ts'
import { endAll, startCentral, startRelay } from '../kit/servers/tree.ts'

const orders: ConfigInput = {
  client: { allow_anonymous_connect_without_token: true },
  channel: { namespaces: [{ name: 'orders', delivery: 'stream', history_size: 10, history_ttl: '10m' }, { name: 'news' }] },
}

/** What a stream without a token is told of a channel. */
async function strangersStream(url: string, channel: string): Promise<string> {
  const stream = await fetch(`${url}/sse?channel=${channel}`)
  const text = new TextDecoder().decode((await stream.body?.getReader().read())?.value)
  await stream.body?.cancel().catch(() => undefined)
  return text
}

describe('own code and strangers', () => {
  afterEach(endAll)

  test('[A70] a command refuses a caller without a user with 101, over HTTP with 401, and never runs; one that says `anonymous` takes them', async () => {
    const { server } = await testServer(orders)
    const placed: string[] = []
    const place = (_input: object, { user }: { user: string }) => {
      placed.push(user)
      return { user }
    }
    server.command('orders.place', z.object({ item: z.string() }), place)
    server.command('orders.price', z.object({ item: z.string() }), place, { anonymous: true })
    const stranger = await connect(server)
    expect(await failureOf(stranger.rpc('orders.place', { item: 'tea' }))).toMatchObject({ code: 101 })
    expect(await post(server, '/rpc/orders.place', { item: 'tea' })).toMatchObject({ status: 401, body: { error: { code: 101 } } })
    // Who is refused learns nothing of the input either.
    expect(await post(server, '/rpc/orders.place', {})).toMatchObject({ status: 401, body: { error: { code: 101 } } })
    expect(placed).toEqual([])
    expect((await stranger.rpc('orders.price', { item: 'tea' })).data).toEqual({ user: '' })
    expect(await post(server, '/rpc/orders.price', { item: 'tea' })).toEqual({ status: 200, body: { user: '' } })
    const { methods } = (await (await fetch(`${server.url}/rpc`)).json()) as { methods: { method: string; anonymous: boolean }[] }
    expect(methods.map(({ method, anonymous }) => [method, anonymous])).toEqual([
      ['orders.place', false],
      ['orders.price', true],
    ])
  })

  test('[A71] an authorizer is not asked for strangers, who are refused with 103; one that says `anonymous` is', async () => {
    const { server } = await testServer(orders)
    const asked: string[] = []
    server.authorize('orders', ({ channel, user }) => {
      asked.push(user)
      return channel === `orders:${user}`
    })
    server.authorize('news', () => true, { anonymous: true })
    expect(await strangersStream(server.url, 'orders:')).toContain('"error":{"code":103')
    using raw = await RawClient.connect(`${server.url.replace('http', 'ws')}/connection/websocket`, {})
    for (const command of [
      { subscribe: { channel: 'orders:' } },
      { publish: { channel: 'orders:', data: 1 } },
      { history: { channel: 'orders:', limit: 1 } },
    ])
      expect((await raw.call(command)).error?.code).toBe(103)
    expect(asked).toEqual([])
    expect(await strangersStream(server.url, 'news:a')).not.toContain('"error"')
  })

  test('[A72] through a relay a stranger gets no answer that was for every user', async () => {
    const central = await startCentral({
      client: { allow_anonymous_connect_without_token: true },
      channel: { namespaces: [{ name: 'room' }] },
    })
    central.server.authorize('room', () => ({ forEveryone: true, data: { secret: 'for users' } }))
    central.server.command('whoami', z.object({}), (_input, { user }) => ({ user }))
    const edge = await startRelay([central])
    const alice = await RawClient.connect(edge.wsUrl, { token: await userToken('alice') })
    expect((await alice.call({ subscribe: { channel: 'room:1' } })).error).toBeUndefined()
    expect(await strangersStream(edge.url, 'room:1')).toContain('"error":{"code":103')
    expect(await (await fetch(`${edge.url}/rpc/whoami`, { method: 'POST', body: '{}' })).json()).toMatchObject({ error: { code: 101 } })
    alice[Symbol.dispose]()
  })
})
