import { WebSocketPipe } from '../../sim/cluster/websocket-pipe.ts'
import { MachineClock, SimClock } from '../../sim/core/clock.ts'
import { Tally } from '../../sim/core/tally.ts'
import { websocketWire } from '../../src/hub/index.ts'
import { startServer, until } from '../kit/index.ts'
import { centralNode } from './relay-over-pipe.ts'
import { socketContract } from './socket.ts'

/** A client that notes what comes. */
class Reader {
  text = ''
  closedWith: number | undefined
  isOpen = false

  opened = () => {
    this.isOpen = true
  }

  received = (text: string) => {
    this.text += text
  }

  closed = (code: number) => {
    this.closedWith = code
  }
}

socketContract('a WebSocket', async () => {
  const server = await startServer()
  const reader = new Reader()
  const websocket = new WebSocket(server.wsUrl)
  websocket.onmessage = ({ data }) => reader.received(String(data))
  websocket.onclose = ({ code }) => reader.closed(code)
  const session = await until('the session is there', () => server.node.sessions.all()[0])
  return {
    socket: session.socket,
    received: () => reader.text,
    closedWith: () => reader.closedWith,
    until: async (what, isTrue) => {
      await until(what, isTrue)
    },
    close: async () => {
      websocket.close()
      await server[Symbol.asyncDispose]()
    },
  }
})

socketContract('a WebSocket of the simulation', async () => {
  const time = new SimClock()
  const { node } = centralNode(time)
  const wire = websocketWire()
  const machine = { time, clock: new MachineClock(time), process: { node, wire, pipes: new Set<{ reset(): void }>(), isListening: true } }
  const reader = new Reader()
  const socket = new WebSocketPipe(machine, { latencyMs: 3, bytesPerMs: 10_000 }, new Tally(), reader)
  time.advance(100)
  return {
    socket,
    received: () => reader.text,
    closedWith: () => reader.closedWith,
    until: async (what, isTrue) => {
      for (let turns = 0; turns < 10_000 && !isTrue(); turns++) time.advance(1)
      if (!isTrue()) throw new Error(`it never came to that ${what}`)
    },
    close: () => node.close(),
  }
})
