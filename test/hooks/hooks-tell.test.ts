import { describe, expect, test } from 'bun:test'
import { createServer as createTcpServer } from 'node:net'
import { api, connect, connectAs, subscribeTo, until, userToken } from '../kit/api.ts'
import { metricsOf } from '../kit/index.ts'
import { BackEnd, failing, hookSecret, portOf, serveWith, status } from './back-end.ts'

describe('telling', () => {
  const tells = ['disconnect', 'unsubscribe', 'channel_occupied', 'channel_vacated']

  test('[K19] says what happened to whom, when, and why', async () => {
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(tells))
    const client = await connect(server, { token: await userToken('alice', { meta: { plan: 'gold' } }) })
    const id = server.node.sessions.of('alice')[0]?.id
    await subscribeTo(client, 'open:a')
    await api(server, 'disconnect', { user: 'alice', disconnect: { code: 4500, reason: 'bye' } })
    await backEnd.gets('disconnect')
    const who = { client: id, user: 'alice', transport: 'websocket', protocol: 'json', encoding: 'json', meta: { plan: 'gold' } }
    const time_ms = expect.any(Number)
    expect(backEnd.asked.map(({ body }) => body)).toEqual([
      { event: 'channel_occupied', time_ms, channel: 'open:a' },
      { event: 'unsubscribe', time_ms, ...who, channel: 'open:a', code: 4500, reason: 'bye' },
      { event: 'channel_vacated', time_ms, channel: 'open:a' },
      { event: 'disconnect', time_ms, ...who, code: 4500, reason: 'bye' },
    ])
  })

  test('[K20] keeps the order while the back end fails, and brings each event once it is back', async () => {
    const backEnd = new BackEnd()
      .on(
        'channel_occupied',
        failing(3, () => status(503)),
      )
      .on(
        'unsubscribe',
        failing(2, () => new Promise(() => undefined)),
      )
    const server = await serveWith(backEnd.hooks(tells, { timeout: '100ms' }))
    const client = await connectAs(server, 'alice')
    const { subscription } = await subscribeTo(client, 'open:a')
    subscription.unsubscribe()
    await backEnd.gets('channel_vacated')
    const hooks = backEnd.asked.map(({ hook }) => hook)
    const four = (hook: string, times: number) => Array.from({ length: times }, () => hook)
    expect(hooks).toEqual([...four('channel_occupied', 4), ...four('unsubscribe', 3), 'channel_vacated'])
    const keys = backEnd.of('channel_occupied').map(({ headers }) => headers.get('x-fanfare-idempotency-key'))
    expect(new Set(keys).size).toBe(1)
    const { tally } = server.server.hooks
    await until('all were delivered', () => tally.count('channel_vacated', 'delivered') === 1)
    expect(tally.count('channel_occupied', 'retried')).toBe(3)
    expect(tally.count('unsubscribe', 'dropped')).toBe(0)
  })

  test('[K21] drops what was tried in vain, counts it, and goes on with the next; a 4xx is not tried again', async () => {
    const backEnd = new BackEnd().on('channel_occupied', () => status(500)).on('unsubscribe', () => status(400))
    const server = await serveWith(backEnd.hooks(tells, { retries: 1 }))
    const { subscription } = await subscribeTo(await connectAs(server, 'alice'), 'open:a')
    subscription.unsubscribe()
    await backEnd.gets('channel_vacated')
    expect(backEnd.of('channel_occupied')).toHaveLength(2)
    expect(backEnd.of('unsubscribe')).toHaveLength(1)
    await until('it was counted', () => server.server.hooks.tally.count('channel_vacated', 'delivered') === 1)
    const metrics = await metricsOf(server)
    expect(metrics).toContain('fanfare_hooks_total{hook="channel_occupied",outcome="dropped"} 1')
    expect(metrics).toContain('fanfare_hooks_total{hook="unsubscribe",outcome="dropped"} 1')
    expect(metrics).toContain('fanfare_hooks_total{hook="channel_vacated",outcome="delivered"} 1')
    expect(metrics).toContain('fanfare_hooks_waiting 0')
  })

  test('[K22] a client never waits for a back end that is told', async () => {
    const backEnd = new BackEnd().on('channel_occupied', () => new Promise(() => undefined))
    const server = await serveWith(backEnd.hooks(tells, { timeout: '10s' }))
    const { subscription, got } = await subscribeTo(await connectAs(server, 'alice'), 'open:a')
    await backEnd.gets('channel_occupied')
    await server.publish('open:a', 1)
    await until('it came', () => got.length === 1)
    subscription.unsubscribe()
    expect(server.server.hooks.waiting).toBeLessThan(3)
    await backEnd.stop()
  })

  test('[K23] a server that closes tells the rest, that its clients went included', async () => {
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(tells))
    const clients = await Promise.all(Array.from({ length: 20 }, (_, n) => connectAs(server, `user${n}`)))
    await Promise.all(clients.map(client => subscribeTo(client, 'open:a')))
    for (const client of clients) client.on('connecting', () => client.disconnect())
    await server.server.close()
    expect(backEnd.of('disconnect').map(({ body }) => body.code)).toEqual(Array.from({ length: 20 }, () => 3001))
    expect(backEnd.of('unsubscribe')).toHaveLength(20)
    expect(backEnd.of('channel_vacated')).toHaveLength(1)
  })

  test('[K23] and does not wait long for a back end that is gone or hangs', async () => {
    const port = await portOf(createTcpServer(() => undefined))
    const target = { url: `http://127.0.0.1:${port}/`, timeout: '60s' }
    const server = await serveWith({ secret: hookSecret, allowed_hosts: [`127.0.0.1:${port}`], disconnect: target })
    await connectAs(server, 'alice')
    const before = server.server.clock.now()
    await server.server.close()
    expect(server.server.clock.now() - before).toBeLessThan(5000)
    expect(server.server.hooks.tally.count('disconnect', 'dropped')).toBe(1)
  })
})
