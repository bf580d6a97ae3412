import { SimClock } from '../../sim/core/clock.ts'
import { connectByWebSocket } from '../../src/cluster/connector.ts'
import { upgradeLink } from '../../src/cluster/index.ts'
import { Link, type LinkSocket } from '../../src/cluster/link.ts'
import { systemClock } from '../../src/kit/index.ts'
import type { Upgraded } from '../../src/transport/index.ts'
import { NotingPeer, PipeSocket } from '../kit/fakes/link-pipe.ts'
import { until } from '../kit/index.ts'
import { type LinkSide, linkContract } from './link.ts'

interface Side extends LinkSide {
  readonly ended: { code: number; reason: string }[]
}

const endOf = (clock: ConstructorParameters<typeof Link>[0], socket: LinkSocket): Side => {
  const peer = new NotingPeer()
  return { link: new Link(clock, socket, peer), peer, ended: [] }
}

linkContract('over a pipe in memory', async () => {
  const clock = new SimClock()
  const [lower, upper] = PipeSocket.pair(clock).map(socket => {
    const side = endOf(clock, socket)
    socket.received = text => side.link.received(text)
    socket.ended = (code, reason) => {
      side.link.closed()
      side.ended.push({ code, reason })
    }
    return side
  })
  if (lower === undefined || upper === undefined) throw new Error('a pipe has two ends')
  return {
    lower,
    upper,
    until: async (what, isTrue) => {
      for (let turns = 0; turns < 1000 && !isTrue(); turns++) clock.advance(1)
      if (!isTrue()) throw new Error(`it never came to that ${what}`)
    },
    close: async () => undefined,
  }
})

linkContract('over a WebSocket', async () => {
  let upper: Side | undefined
  const listener = {
    refusal: () => undefined,
    accept: (socket: LinkSocket) => {
      const side = endOf(systemClock, socket)
      upper = side
      return { received: (text: string) => side.link.received(text), gone: () => side.link.closed() }
    },
  }
  const server = Bun.serve<Upgraded>({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, to) => upgradeLink(listener, request, to),
    websocket: {
      open: socket => socket.data.opened(socket),
      message: (socket, text) => socket.data.received(String(text)),
      close: socket => socket.data.gone(),
    },
  })
  let isOpen = false
  const ended: Side['ended'] = []
  const events = {
    opened: () => {
      isOpen = true
    },
    received: (text: string) => lower.link.received(text),
    ended: (code: number, reason: string) => {
      lower.link.closed()
      ended.push({ code, reason })
    },
  }
  const lower: LinkSide = { ...endOf(systemClock, connectByWebSocket(`ws://127.0.0.1:${server.port}`, 'secret', events)), ended }
  await until('the link is open', () => isOpen && upper !== undefined)
  if (upper === undefined) throw new Error('nobody took the connection')
  return {
    lower,
    upper,
    until: async (what, isTrue) => {
      await until(what, isTrue)
    },
    close: async () => {
      lower.link.terminate()
      await server.stop(true)
    },
  }
})
