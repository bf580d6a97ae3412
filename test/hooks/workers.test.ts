import { expect, test } from 'bun:test'
import { api, connect, testServer, until } from '../kit/api.ts'
import { BackEnd } from './back-end.ts'

test('[K27] with workers the same clients are asked about and told of, once each, and the server API reaches them all', async () => {
  let users = 0
  const backEnd = new BackEnd()
    .on('connect', () => ({ result: { user: `user${users++}`, meta: { plan: 'gold' } } }))
    .on('rpc', ({ body }) => ({ result: { data: body.user } }))
  const hooks = backEnd.hooks(['connect', 'rpc', 'subscribe', 'disconnect', 'unsubscribe', 'channel_occupied', 'channel_vacated'])
  const server = await testServer({
    workers: 2,
    hooks,
    channel: { namespaces: [{ name: 'room', presence: true, subscribe_hook: true }] },
  })
  const clients = await Promise.all(Array.from({ length: 24 }, () => connect(server)))
  const got: unknown[] = []
  for (const client of clients) {
    const subscription = client.newSubscription('room:a')
    subscription.on('publication', ({ data }) => got.push(data))
    subscription.subscribe()
    await subscription.ready()
  }
  expect(server.node.sessions.size).toBeLessThan(24)
  expect(new Set(await Promise.all(clients.map(async client => (await client.rpc('who', {})).data))).size).toBe(24)

  await api(server, 'publish', { channel: 'room:a', data: 1 })
  await until('all got it', () => got.length === 24)
  expect((await api(server, 'presence_stats', { channel: 'room:a' })).body).toEqual({ result: { num_clients: 24, num_users: 24 } })
  expect((await api(server, 'channels', { pattern: 'room:*' })).body).toEqual({ result: { channels: { 'room:a': { num_clients: 24 } } } })
  expect((await api(server, 'channels', { pattern: 'other:*' })).body).toEqual({ result: { channels: {} } })
  const states: number[] = []
  for (const client of clients) client.on('disconnected', ({ code }) => states.push(code))
  for (let n = 0; n < 24; n++) await api(server, 'disconnect', { user: `user${n}` })
  await until('all were sent away', () => states.length === 24)
  await backEnd.gets('disconnect', 24)
  await backEnd.gets('channel_vacated')
  const count = (hook: string) => backEnd.of(hook).length
  expect(['connect', 'subscribe', 'unsubscribe', 'disconnect', 'channel_occupied', 'channel_vacated'].map(count)).toEqual([
    24, 24, 24, 24, 1, 1,
  ])
})
