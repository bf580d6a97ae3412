import type { Peer, Service } from '../peer.ts'
import type { Stage } from '../stage.ts'
import { Posted } from './posted.ts'

/** The yardstick: a bare loop of epoll and send in C. */
export const limit: Peer = {
  name: 'limit (C)',
  missing: stage => (stage.tools.kind === 'missing' ? stage.tools.reason : undefined),
  async start(stage: Stage): Promise<Service> {
    if (stage.tools.kind === 'missing') throw new Error(stage.tools.reason)
    const port = stage.nextPort()
    return new Posted(await stage.startServer('limit', { command: [stage.tools.limit, String(port)], port }), wire => ({ wire, path: '/' }))
  },
}
