import { generateHeapSnapshot } from 'bun'
import { createServer } from '../../../src/index.ts'
import type { FanfareServer } from '../../../src/server/index.ts'

/** A server in a process of its own, told what to do by its parent. Ends by SIGTERM as the command line does: drained, with code 0. */
const server = (await createServer(JSON.parse(process.argv[2] ?? '{}'), {
  log: { debug() {}, info() {}, warn: say, error: say },
})) as FanfareServer

function say(fields: object, message: string): void {
  const error: unknown = Reflect.get(fields, 'err')
  process.stderr.write(`${message} ${error instanceof Error ? error.stack : JSON.stringify(fields)}\n`)
}

/** A wish of the parent: what, and with what. */
interface Wish {
  readonly id: number
  readonly what: 'publish' | 'storm' | 'top' | 'remove-history' | 'stats' | 'collect' | 'heap'
  readonly channel: string
  readonly data: never
  readonly options: object
}

async function grant({ what, channel, data, options }: Wish): Promise<unknown> {
  switch (what) {
    case 'publish':
      return server.publish(channel, data, options)
    case 'storm':
      // Many publications at once: `data` is a list of channel and data.
      return Promise.all((data as [string, never][]).map(([name, item]) => server.publish(name, item)))
    case 'top':
      return (await server.history(channel, { limit: 0 })).position.offset
    case 'remove-history':
      return server.node.broker.removeHistory(channel)
    case 'collect':
      Bun.gc(true)
      return undefined
    case 'heap':
      return heapByClass()
    case 'stats': {
      const { sessions, counters, hub } = server.node
      return {
        rssMb: process.memoryUsage.rss() / 1024 / 1024,
        heapMb: process.memoryUsage().heapUsed / 1024 / 1024,
        sessions: sessions.size,
        channels: hub.size,
        closes: Object.fromEntries(counters.closes),
        errors: Object.fromEntries(counters.errors),
        users: sessions.all().map(({ user, outbox, socket }) => [user, outbox.queuedBytes, socket.bufferedBytes()]),
      }
    }
  }
}

/** What is alive, by the name of its class: how many objects, and the bytes of their cells. */
function heapByClass(): Record<string, { objects: number; bytes: number }> {
  Bun.gc(true)
  const { nodes, nodeClassNames } = generateHeapSnapshot()
  const byClass: Record<string, { objects: number; bytes: number }> = {}
  // A node is its number, its size, its class and its flags.
  for (let at = 0; at + 3 < nodes.length; at += 4) {
    const name = nodeClassNames[nodes[at + 2] ?? 0] ?? ''
    const { objects, bytes } = byClass[name] ?? { objects: 0, bytes: 0 }
    byClass[name] = { objects: objects + 1, bytes: bytes + (nodes[at + 1] ?? 0) }
  }
  return byClass
}

/** A page that follows a stream with nothing but the browser's own EventSource, and keeps what came. */
const page = `<!doctype html><meta charset="utf-8"><title>stream</title><script>
  const seen = [], opened = [], states = []
  const source = new EventSource('/sse' + location.search)
  source.onopen = () => states.push('open')
  source.onerror = () => states.push(source.readyState === 2 ? 'closed' : 'connecting')
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data)
    if (event.connect) opened.push(event.connect)
    const recovered = Object.values(event.connect?.subs ?? {}).flatMap(sub => sub.publications ?? [])
    const pushed = (event.batch ?? [event]).flatMap(push => push.pub ?? [])
    for (const { data } of [...recovered, ...pushed]) seen.push(data)
  }
  Object.assign(globalThis, { seen, opened, states, source })
</script>`
server.route('GET', '/page', () => new Response(page, { headers: { 'Content-Type': 'text/html' } }))

process.on('message', async (wish: Wish) => {
  try {
    process.send?.({ id: wish.id, value: await grant(wish) })
  } catch (error) {
    process.send?.({ id: wish.id, error: String(error) })
  }
})
process.on('SIGTERM', async () => {
  await server.drain()
  process.exit(0)
})
process.on('disconnect', () => process.exit(3))
process.send?.({ url: server.url })
