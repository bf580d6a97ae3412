import { describe, expect, test } from 'bun:test'
import { atEnd, RawClient, SteppedSocket, startServer, type TestServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true, allow_history_for_subscriber: true } as const
const namespaces = [{ name: 'news', history_size: 1000, history_ttl: '10m', ...open }]

/** Far more turns of the loop than all of it takes. */
const turnsMax = 1_000_000

/** A channel with more history than the buffers of a connection hold. Nothing is sent by the clock. */
async function start(): Promise<TestServer> {
  const server = await startServer({
    channel: { namespaces },
    client: { history_max_size: 8_000_000, ping_interval: '1h', pong_timeout: '1m', allow_anonymous_connect_without_token: true },
  })
  atEnd(() => server[Symbol.asyncDispose]())
  for (let count = 0; count < 300; count++) await server.publish('news:today', 'x'.repeat(20_000))
  return server
}

/** It waits for the client, which then reads all of it and is sent nothing else. */
async function readsLate({ node }: TestServer, socket: SteppedSocket): Promise<void> {
  await until('it is counted', () => node.unsent.total > 0)
  for (let turns = 0; node.unsent.total > 0; turns++) {
    expect(turns, 'turns until nothing is counted any more').toBeLessThan(turnsMax)
    socket.read(262_144)
    await new Promise(resolve => setImmediate(resolve))
  }
}

describe('bytes that were read late', () => {
  test('[B250] of an answer are not counted any more, though nothing else is sent', async () => {
    const server = await start()
    using socket = SteppedSocket.websocket(server.wsUrl)
    socket.send({ id: 1, connect: { token: await userToken('alice') } }, { id: 2, subscribe: { channel: 'news:today' } })
    await until('it is subscribed', () => server.node.hub.get('news:today')?.live === 1)
    socket.send({ id: 3, history: { channel: 'news:today', limit: 300 } })
    await readsLate(server, socket)
    expect([server.node.sessions.size, socket.isClosed]).toEqual([1, false])
  })

  test('[B250] of a recovery of an event stream are not counted any more, though nothing else is sent', async () => {
    const server = await start()
    using probe = await RawClient.connect(server.wsUrl)
    await probe.call({ subscribe: { channel: 'news:today' } })
    const first = new AbortController()
    const stream = await fetch(`${server.url}/sse?channel=news:today`, { signal: first.signal })
    const chunk = await stream.body?.getReader().read()
    const id = /^id: *(.*)$/m.exec(Buffer.from(chunk?.value ?? new Uint8Array()).toString())?.[1] ?? ''
    first.abort()
    for (let count = 0; count < 300; count++) await server.publish('news:today', 'x'.repeat(20_000))
    using socket = SteppedSocket.events(`${server.url}/sse?channel=news:today`, id)
    await readsLate(server, socket)
    expect(server.node.sessions.size).toBe(2)
  })
})
