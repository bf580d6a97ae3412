// A broadcast server that is nothing but Bun and a loop: every line of a POST goes to every WebSocket and every event stream.
import type { ServerWebSocket } from 'bun'

interface Sink {
  write(bytes: Uint8Array): unknown
  flush(): unknown
}

const websockets: ServerWebSocket[] = []
const sinks: Sink[] = []
const encoder = new TextEncoder()

/** A body that never ends, of the kind of stream that writes in the caller's turn; the web's types do not know it. */
function endless(): ReadableStream {
  const source: unknown = {
    type: 'direct',
    pull(sink: Sink) {
      sinks.push(sink)
      sink.write(encoder.encode(':\n\n'))
      sink.flush()
      return new Promise(() => {})
    },
  }
  return new ReadableStream(source as UnderlyingDefaultSource)
}

function broadcast(line: string): void {
  for (const websocket of websockets) websocket.sendText(line)
  const event = encoder.encode(`data: ${line}\n\n`)
  for (const sink of sinks) {
    sink.write(event)
    sink.flush()
  }
}

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  idleTimeout: 0,
  async fetch(request, server) {
    if (request.method === 'POST') {
      for (const line of (await request.text()).split('\n')) broadcast(line)
      return new Response(null, { status: 204 })
    }
    if (server.upgrade(request)) return undefined
    return new Response(endless(), { headers: { 'Content-Type': 'text/event-stream' } })
  },
  websocket: {
    idleTimeout: 0,
    perMessageDeflate: false,
    open: websocket => void websockets.push(websocket),
    message: () => {},
  },
})
