import { fanOut } from './fan-out.ts'
import { bunLoop } from './peers/bun-loop.ts'
import { limit } from './peers/limit.ts'
import { socketIo, ws } from './peers/node-peers.ts'

export const wsFanout = fanOut({
  id: 'P2',
  name: 'ws-fanout',
  wire: 'ws',
  work: 'CPU per delivery: one message of 200 bytes to 10,000 WebSockets',
  beside: [{ peer: bunLoop }, { peer: limit, atMost: 1.3 }, { peer: ws, atMost: 0.75 }, { peer: socketIo, atMost: 0.5 }],
})
