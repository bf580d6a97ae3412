import { fanOut } from './fan-out.ts'
import { bunLoop } from './peers/bun-loop.ts'
import { limit } from './peers/limit.ts'
import { nchan } from './peers/nchan.ts'

export const sseFanout = fanOut({
  id: 'P1',
  name: 'sse-fanout',
  wire: 'sse',
  work: 'CPU per delivery: one SSE event of 200 bytes to 10,000 streams',
  beside: [{ peer: bunLoop }, { peer: limit, atMost: 1.35 }, { peer: nchan, atMost: 0.75 }],
})
