import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { closeCodeIn, startServer, TcpClient, textFrame, until } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const strangers = { allow_anonymous_connect_without_token: true, queue_max_size: 131_072, ping_interval: '1h', pong_timeout: '1m' } as const
const namespaces = [{ name: 'feed', ...open }]
const commands = [
  { id: 1, connect: {} },
  { id: 2, subscribe: { channel: 'feed:bulk' } },
]
const bulk = { text: 'x'.repeat(20_000) }

test('[B210] a client that reads 8 KB a second is closed with 3008, and reads the code behind all that had been sent to it', async () => {
  await using server = await startServer({ client: strangers, channel: { namespaces } })
  const lines = [
    'GET /connection/websocket HTTP/1.1',
    `Host: 127.0.0.1:${server.server.http.port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
  ]
  const keys = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', '']
  const frames = commands.map(command => textFrame(JSON.stringify(command)))
  const program = join(import.meta.dir, '../kit/clients/slow-reader.ts')
  const reader = Bun.spawn([process.execPath, program, String(server.server.http.port), '8192', '0'], {
    stdin: new Blob([[...lines, ...keys].join('\r\n'), ...frames.map(frame => new Uint8Array(frame))]),
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const received = new Response(reader.stdout).bytes()
  await until('it is subscribed', () => server.node.hub.get('feed:bulk')?.live === 1)
  await until('it is closed', async () => {
    await server.publish('feed:bulk', bulk)
    return server.node.counters.closes.get(3008) === 1
  })
  expect(closeCodeIn(Buffer.from(await received).toString('latin1'))).toBe(3008)
})

test('[B211] what waits behind a close counts among the bytes that wait, and a client that takes none of it is cut', async () => {
  await using server = await startServer({ client: { ...strangers, stalled_close_delay: '1s' }, channel: { namespaces } })
  using stuck = await TcpClient.upgrade(server.wsUrl, commands)
  await until('it is subscribed', () => server.node.hub.get('feed:bulk')?.live === 1)
  stuck.pause()
  await until('it is closed', async () => {
    await server.publish('feed:bulk', bulk)
    return server.node.counters.closes.get(3008) === 1
  })
  expect(server.node.unsent.total).toBeGreaterThan(0)
  await until('it is cut', () => server.node.unsent.total === 0)
  stuck.resume()
  await stuck.closes()
  expect(closeCodeIn(stuck.received)).toBeUndefined()
})

test('[F161] a connection that has ended and is still being read takes the place of one, until it is gone', async () => {
  await using server = await startServer({ client: { ...strangers, connection_limit: 2 }, channel: { namespaces } })
  using stuck = await TcpClient.upgrade(server.wsUrl, commands)
  await until('it is subscribed', () => server.node.hub.get('feed:bulk')?.live === 1)
  stuck.pause()
  await until('it is closed', async () => {
    await server.publish('feed:bulk', bulk)
    return server.node.counters.closes.get(3008) === 1
  })
  expect(server.node.sessions.size).toBe(0)
  using other = await TcpClient.upgrade(server.wsUrl)
  const third = () => fetch(`${server.url}/sse?channel=feed:other`)
  expect([other.isClosed, (await third()).status]).toEqual([false, 503])
  stuck.resume()
  await stuck.closes()
  await until('its place is free', async () => (await third()).status === 200)
})
