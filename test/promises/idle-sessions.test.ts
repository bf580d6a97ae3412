import { describe, expect, test } from 'bun:test'
import type { ConfigInput } from '../../src/index.ts'
import { type HeapByClass, ServerProcess, TcpClient, until } from '../kit/index.ts'

/** Sessions that are there before the first look, for what the server makes once, and those that are compared. */
const [before, more] = [50, 300]

const config: ConfigInput = {
  client: { insecure: true },
  channel: { namespaces: [{ name: 'room', delivery: 'stream', history_size: 10, history_ttl: '10m', allow_subscribe_for_client: true }] },
}

/** What an idle session may hold: objects of a class, and for our own classes the bytes of each. */
type Bounds = Readonly<Record<string, { readonly objects: number; readonly bytes?: number }>>

const session: Bounds = {
  Session: { objects: 1, bytes: 160 },
  Outbox: { objects: 1, bytes: 160 },
  Subscription: { objects: 1, bytes: 112 },
  SubscriptionMap: { objects: 1, bytes: 48 },
}

const overWebSocket: Bounds = {
  ...session,
  ClientConnection: { objects: 1, bytes: 64 },
  ServerWebSocket: { objects: 1 },
  TokenBucket: { objects: 1, bytes: 48 },
  // Its id and its address.
  string: { objects: 2 },
}

const overSse: Bounds = {
  ...session,
  EventStream: { objects: 1, bytes: 112 },
  // Its watchlist.
  Object: { objects: 1 },
  // Its id, its address and the id of its watchlist.
  string: { objects: 3 },
  // Bun's own, of a response that lasts: what sends its body waits until the stream ends.
  Response: { objects: 1 },
  ReadableStream: { objects: 1 },
  DirectStreamSource: { objects: 1 },
  ReadableHTTPResponseSinkController: { objects: 1 },
  NativePromiseContext: { objects: 1 },
  Promise: { objects: 2 },
  FullPromiseReaction: { objects: 2 },
  Function: { objects: 1 },
  JSLexicalEnvironment: { objects: 1 },
}

/** What the engine makes of code that runs often, however many sessions there are. */
const ofTheEngine = /CodeBlock$|Executable$|^Structure|^StrongRootBlock$|^Cell Butterfly$/

async function openWebSockets({ url, wsUrl }: ServerProcess, count: number): Promise<TcpClient[]> {
  const frames = [
    { id: 1, connect: {} },
    { id: 2, subscribe: { channel: 'room:all' } },
  ]
  const clients = await Promise.all(Array.from({ length: count }, () => TcpClient.upgrade(wsUrl, frames)))
  await until(`all are subscribed at ${url}`, () => clients.every(({ received }) => received.includes('"id":2')))
  return clients
}

async function openStreams({ url }: ServerProcess, count: number): Promise<TcpClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => TcpClient.open(url)))
  for (const client of clients) client.write(`GET /sse?channel=room:all HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`)
  await until(`all are subscribed at ${url}`, () => clients.every(({ received }) => received.includes('"connect":')))
  return clients
}

/** What each of many idle sessions adds. What is not made for every one of them is lost in the rounding. */
async function perSession(open: (server: ServerProcess, count: number) => Promise<TcpClient[]>): Promise<HeapByClass> {
  await using server = await ServerProcess.start(config)
  const first = await open(server, before)
  const few = await server.heap()
  const rest = await open(server, more)
  const many = await server.heap()
  for (const client of [...first, ...rest]) client[Symbol.dispose]()
  const each = Object.entries(many).map(([name, { objects, bytes }]) => {
    const known = few[name] ?? { objects: 0, bytes: 0 }
    const added = objects - known.objects
    return [name, { objects: Math.round(added / more), bytes: Math.round((bytes - known.bytes) / added) }] as const
  })
  return Object.fromEntries(each.filter(([name, { objects }]) => objects > 0 && !ofTheEngine.test(name)))
}

/** Where a session holds more than it may. */
function beyond(held: HeapByClass, bounds: Bounds): HeapByClass {
  return Object.fromEntries(
    Object.entries(held).filter(([name, { objects, bytes }]) => {
      const bound = bounds[name] ?? { objects: 0 }
      return objects > bound.objects || bytes > (bound.bytes ?? bytes)
    }),
  )
}

describe('an idle session', () => {
  test('[B270] with one subscription over a WebSocket holds these objects, and no more', async () => {
    const held = await perSession(openWebSockets)
    expect(held).toMatchObject({ Session: { objects: 1 }, Subscription: { objects: 1 } })
    expect(beyond(held, overWebSocket)).toEqual({})
  })

  test('[B270] with one subscription over SSE holds these objects, and no more', async () => {
    const held = await perSession(openStreams)
    expect(held).toMatchObject({ Session: { objects: 1 }, Subscription: { objects: 1 } })
    expect(beyond(held, overSse)).toEqual({})
  })
})
