import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { CommandError, type ConfigInput, createServer, type Json, type LifecycleEvent } from '../../src/index.ts'
import { api, connect, connectAs, failureOf, post, RawClient, subscribeTo, testServer, until, userToken } from '../kit/api.ts'
import { metricsOf, sign } from '../kit/index.ts'

const orders: ConfigInput = { channel: { namespaces: [{ name: 'orders', delivery: 'stream', history_size: 100, history_ttl: '10m' }] } }
const OrderSchema = z.object({ item: z.string().min(1), count: z.int().min(1).default(1) })

/** The service of the documentation, word for word but for the port and where it saves. */
async function serveOrders() {
  const saves: Json[] = []
  const save = async (order: z.output<typeof OrderSchema>, user: string) => {
    const saved = { id: saves.length + 1, user, ...order }
    saves.push(saved)
    return saved
  }
  const { server } = await testServer(orders)
  server.command('orders.place', OrderSchema, async (order, { user }) => {
    const saved = await save(order, user)
    await server.publish(`orders:${user}`, saved)
    return saved
  })
  server.authorize('orders', ({ channel, user }) => channel === `orders:${user}`)
  return { server, saves }
}

const asAlice = async () => ({ Authorization: `Bearer ${await userToken('alice')}` })

describe('a service of one’s own', () => {
  test('[A30] a command called over the SDK answers its caller and reaches the owner’s channel alone', async () => {
    const { server } = await serveOrders()
    const alice = await connectAs(server, 'alice')
    const bob = await connectAs(server, 'bob')
    const hers = await subscribeTo(alice, 'orders:alice')
    const his = await subscribeTo(bob, 'orders:bob')
    const { data } = await alice.rpc('orders.place', { item: 'tea' })
    expect(data).toEqual({ id: 1, user: 'alice', item: 'tea', count: 1 })
    await until('the order came', () => hers.got.length === 1)
    expect(hers.got).toEqual([data])
    expect(his.got).toEqual([])
  })

  test('[A31] a command called as POST /rpc/<name> with a bearer token has the same body, answer and effect', async () => {
    const { server } = await serveOrders()
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'orders:alice')
    const headers = { Authorization: `Bearer ${await userToken('alice')}` }
    expect(await post(server, '/rpc/orders.place', { item: 'tea', count: 2 }, headers)).toEqual({
      status: 200,
      body: { id: 1, user: 'alice', item: 'tea', count: 2 },
    })
    await until('the order came', () => got.length === 1)
  })

  test('[A31] a bad or expired bearer token is a 401, not a stranger', async () => {
    const { server, saves } = await serveOrders()
    const expired = await sign({ sub: 'alice', exp: 1 })
    for (const [token, code] of [
      ['nonsense', 101],
      [expired, 109],
    ] as const) {
      const { status, body } = await post(server, '/rpc/orders.place', { item: 'tea' }, { Authorization: `Bearer ${token}` })
      expect({ status, body }).toMatchObject({ status: 401, body: { error: { code } } })
    }
    expect(saves).toEqual([])
  })

  test('[A32] authorize decides every subscribe of its namespace: another user is refused with 103, a stranger too', async () => {
    const { server } = await serveOrders()
    const bob = await connectAs(server, 'bob')
    const subscription = bob.newSubscription('orders:alice')
    const ended = new Promise<number>(resolve => subscription.on('unsubscribed', ({ code }) => resolve(code)))
    subscription.subscribe()
    expect(await ended).toBe(103)
    const stream = await fetch(`${server.url}/sse?channel=orders:alice`)
    const text = new TextDecoder().decode((await stream.body?.getReader().read())?.value)
    await stream.body?.cancel().catch(() => undefined)
    expect(text).toContain('"error":{"code":103')
  })

  test('[A33] input that does not pass the schema is error 107 with the path over the SDK, HTTP 400 over POST, and never reaches the code', async () => {
    const { server, saves } = await serveOrders()
    const alice = await connectAs(server, 'alice')
    expect(await failureOf(alice.rpc('orders.place', { item: 'tea', count: 0 }))).toMatchObject({
      code: 107,
      message: expect.stringContaining('count:'),
    })
    expect(await failureOf(alice.rpc('orders.place', null))).toMatchObject({ code: 107, message: expect.stringContaining('item:') })
    const { status, body } = await post(server, '/rpc/orders.place', { item: 7 }, await asAlice())
    expect(status).toBe(400)
    expect(body).toMatchObject({ error: { code: 107, message: expect.stringContaining('item:') } })
    expect((await post(server, '/rpc/orders.place', '{', await asAlice())).status).toBe(400)
    expect(saves).toEqual([])
    expect((await alice.rpc('orders.place', { item: 'tea' })).data).toMatchObject({ id: 1 })
  })

  test('[A34] a method that nobody has is error 104, HTTP 404', async () => {
    const { server } = await serveOrders()
    const alice = await connectAs(server, 'alice')
    expect((await failureOf(alice.rpc('orders.plaec', {}))).code).toBe(104)
    expect(await post(server, '/rpc/orders.plaec', {})).toMatchObject({ status: 404, body: { error: { code: 104 } } })
    for (const name of ['constructor', '__proto__', 'toString', '']) expect((await post(server, `/rpc/${name}`, {})).status).toBe(404)
  })

  test('[A35] GET /rpc lists the methods with the JSON schema of their input', async () => {
    const { server } = await serveOrders()
    const { methods } = (await (await fetch(`${server.url}/rpc`)).json()) as { methods: { method: string; input: object }[] }
    const place = methods.find(({ method }) => method === 'orders.place')
    expect(place?.input).toMatchObject({
      type: 'object',
      properties: { item: { type: 'string', minLength: 1 }, count: { type: 'integer', default: 1 } },
      required: ['item'],
    })
  })

  test('[A36] a command’s own errors reach the caller: code and message over the SDK, the code as HTTP status over POST', async () => {
    const { server } = await serveOrders()
    server.command('orders.cancel', z.object({ id: z.int() }), ({ id }) => {
      throw new CommandError({ code: 404, message: 'order_unknown' }, `there is no order ${id}`)
    })
    const alice = await connectAs(server, 'alice')
    const answer = { code: 404, message: 'order_unknown: there is no order 7' }
    expect(await failureOf(alice.rpc('orders.cancel', { id: 7 }))).toMatchObject(answer)
    expect(await post(server, '/rpc/orders.cancel', { id: 7 }, await asAlice())).toEqual({ status: 404, body: { error: answer } })
  })

  test('[A36] what a command throws unexpectedly is error 100 without its words, and the connection lives on', async () => {
    const { server } = await serveOrders()
    server.command('orders.break', z.object({}), () => {
      throw new Error('the password is hunter2')
    })
    const alice = await connectAs(server, 'alice')
    expect(await failureOf(alice.rpc('orders.break', {}))).toEqual({ code: 100, message: 'internal server error', temporary: true })
    const { status, body } = await post(server, '/rpc/orders.break', {}, await asAlice())
    expect({ status, body }).toMatchObject({ status: 500, body: { error: { code: 100 } } })
    expect(JSON.stringify(body)).not.toContain('hunter2')
    expect((await alice.rpc('orders.place', { item: 'tea' })).data).toMatchObject({ id: 1 })
  })

  test('[A37] history is read by the service as by a client that was allowed', async () => {
    const { server } = await serveOrders()
    const alice = await connectAs(server, 'alice')
    await alice.rpc('orders.place', { item: 'tea' })
    const { publications, position } = await server.history('orders:alice', { limit: -1 })
    expect(publications.map(({ data }) => data)).toEqual([{ id: 1, user: 'alice', item: 'tea', count: 1 }])
    expect(await alice.history('orders:alice', { limit: 10 })).toMatchObject({ offset: 1, epoch: position.epoch })
    expect((await failureOf(alice.history('orders:bob', { limit: 10 }))).code).toBe(103)
  })

  test('[A38] a route of one’s own answers beside the server’s', async () => {
    const { server } = await serveOrders()
    server.route('GET', '/orders/:id', (_request, { id }) => Response.json({ id }))
    expect(await (await fetch(`${server.url}/orders/a%20b`)).json()).toEqual({ id: 'a b' })
    expect((await fetch(`${server.url}/orders`)).status).toBe(404)
    expect((await fetch(`${server.url}/orders/1`, { method: 'DELETE' })).status).toBe(405)
  })
})

const open: ConfigInput = {
  channel: {
    namespaces: [
      { name: 'room', allow_subscribe_for_client: true },
      { name: 'inbox', history_size: 10, history_ttl: '1m' },
    ],
  },
}

function record(server: { on: Awaited<ReturnType<typeof createServer>>['on'] }): string[] {
  const log: string[] = []
  const note = (event: LifecycleEvent) => {
    const who = 'client' in event ? event.client.user : ''
    const where = 'channel' in event ? event.channel : ''
    log.push([event.kind, who, where, 'code' in event ? event.code : ''].filter(part => part !== '').join(' '))
  }
  for (const kind of ['connect', 'disconnect', 'subscribe', 'unsubscribe', 'channel_occupied', 'channel_vacated'] as const)
    server.on(kind, note)
  return log
}

describe('lifecycle', () => {
  test('[A39] events come in the order in which things happened, from connect to disconnect', async () => {
    const { server } = await testServer(open)
    const log = record(server)
    const alice = await connectAs(server, 'alice')
    const { subscription } = await subscribeTo(alice, 'room:a')
    const bob = await connectAs(server, 'bob')
    await subscribeTo(bob, 'room:a')
    subscription.unsubscribe()
    await until('alice left', () => log.some(line => line.startsWith('unsubscribe alice')))
    bob.disconnect()
    await until('bob went', () => log.some(line => line.startsWith('disconnect bob')))
    expect(log).toEqual([
      'connect alice',
      'channel_occupied room:a',
      'subscribe alice room:a',
      'connect bob',
      'subscribe bob room:a',
      'unsubscribe alice room:a 0',
      'unsubscribe bob room:a 3000',
      'channel_vacated room:a',
      'disconnect bob 3000',
    ])
  })

  test('[A39] a connect comes before the subscribes that it brings, over WebSocket and as an event stream', async () => {
    const { server } = await testServer(open)
    const log = record(server)
    const token = await userToken('alice', { channels: ['inbox:1'] })
    const alice = await connect(server, { token })
    alice.disconnect()
    await until('alice went', () => log.length >= 6)
    const stream = new AbortController()
    await fetch(`${server.url}/sse?channel=room:a&token=${token}`, { signal: stream.signal })
    stream.abort()
    await until('the stream went', () => log.length >= 13)
    const begun = (channel: string) => [`channel_occupied ${channel}`, `subscribe alice ${channel}`]
    const ended = (channel: string) => [`unsubscribe alice ${channel} 3000`, `channel_vacated ${channel}`]
    expect(log.slice(0, 6)).toEqual(['connect alice', ...begun('inbox:1'), ...ended('inbox:1'), 'disconnect alice 3000'])
    const [first, ...rest] = log.slice(6)
    expect([first, rest.pop()]).toEqual(['connect alice', 'disconnect alice 3000'])
    // A stream is admitted to its channels at once, those of its token first, so they may end in any order, but only after all have begun.
    expect(rest.slice(0, 4)).toEqual([...begun('inbox:1'), ...begun('room:a')])
    expect(rest.slice(4).sort()).toEqual([...ended('room:a'), ...ended('inbox:1')].sort())
  })

  test('[A39] a connect that is refused is neither a connect nor a disconnect', async () => {
    const { server } = await testServer(open)
    const log = record(server)
    const raw = await RawClient.open(`${server.url.replace('http', 'ws')}/connection/websocket`)
    raw.send({ id: 1, connect: { token: 'nonsense' } })
    await raw.closes()
    await connectAs(server, 'alice')
    await until('alice came', () => log.length === 1)
    expect(log).toEqual(['connect alice'])
  })

  test('[A40] many that come and go at once make a channel occupied and vacated once', async () => {
    const { server } = await testServer(open)
    const log = record(server)
    const clients = await Promise.all(Array.from({ length: 10 }, (_, n) => connectAs(server, `user${n}`)))
    await Promise.all(clients.map(client => subscribeTo(client, 'room:a')))
    for (const client of clients) client.disconnect()
    await until('all went', () => log.filter(line => line.startsWith('disconnect')).length === 10)
    expect(log.filter(line => line.startsWith('channel_'))).toEqual(['channel_occupied room:a', 'channel_vacated room:a'])
  })

  test('[A41] what a listener publishes to a channel on subscribe reaches the one who subscribed', async () => {
    const { server } = await testServer(open)
    server.on('subscribe', ({ channel, client }) => void server.publish(channel, `welcome ${client.user}`))
    server.on('connect', ({ client }) => void server.publish(`inbox:${client.user}`, 'hello'))
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'room:a')
    await until('the welcome came', () => got.length === 1)
    expect(got).toEqual(['welcome alice'])
    const bob = await connect(server, { token: await userToken('bob', { channels: ['inbox:bob'] }) })
    const received: unknown[] = []
    bob.on('publication', ({ data }) => received.push(data))
    await until('both came', () => received.length === 2)
    expect(received).toEqual(['hello', 'welcome bob'])
  })

  test('[A42] a listener that fails, at once or later, harms nobody', async () => {
    const { server } = await testServer(open)
    server.on('connect', () => {
      throw new Error('at once')
    })
    server.on('connect', async () => {
      throw new Error('later')
    })
    const log = record(server)
    const alice = await connectAs(server, 'alice')
    await subscribeTo(alice, 'room:a')
    alice.disconnect()
    await until('alice went', () => log.includes('disconnect alice 3000'))
    expect(server.node.sessions.size).toBe(0)
    expect((await api(server, 'channels', {})).body).toEqual({ result: { channels: {} } })
  })
})

describe('several servers', () => {
  test('[A43] two servers in one process have channels, users, keys and events of their own', async () => {
    const one = await testServer(open)
    const two = await testServer({ ...open, http_api: { key: 'a-key-of-the-second-server-32-bytes' } })
    expect(one.url).not.toBe(two.url)
    const logs = [record(one.server), record(two.server)]
    const { got: first } = await subscribeTo(await connectAs(one, 'alice'), 'room:a')
    const { got: second } = await subscribeTo(await connectAs(two, 'alice'), 'room:a')
    await one.publish('room:a', 'one')
    await two.publish('room:a', 'two')
    await until('both came', () => first.length === 1 && second.length === 1)
    expect([first, second]).toEqual([['one'], ['two']])
    expect((await api(two, 'info', {})).status).toBe(401)
    await one.server.close()
    await two.publish('room:a', 'still here')
    await until('the second goes on', () => second.length === 2)
    for (const log of logs) expect(log.filter(line => line === 'subscribe alice room:a')).toHaveLength(1)
    expect(await metricsOf(two, 'a-key-of-the-second-server-32-bytes')).toContain('fanfare_sessions')
  })

  test('[A44] close is idempotent, ends every connection with 3001 and frees the port', async () => {
    const { server } = await testServer(open)
    const { port } = new URL(server.url)
    const raw = await RawClient.connect(`${server.url.replace('http', 'ws')}/connection/websocket`, { token: await userToken('alice') })
    const log = record(server)
    await Promise.all([server.close(), server.close()])
    await server.close()
    expect(await raw.closes()).toMatchObject({ code: 3001 })
    expect(log).toEqual(['disconnect alice 3001'])
    const again = await testServer({ ...open, port: Number(port) })
    expect(new URL(again.url).port).toBe(port)
  })

  test('[A45] what is wrong with a configuration is told with its path before anything listens', () => {
    expect(createServer({ channel: { namespaces: [{ name: 'a', history_size: 5 }] } })).rejects.toThrow(
      'channel.namespaces[0].history_size: needs history_ttl',
    )
  })
})
