import type { Audience, Peer, Service, Wire } from '../peer.ts'
import type { ServerProcess, Stage } from '../stage.ts'
import { post } from './post.ts'

/** The yardstick: a bare loop of epoll and send in C. */
export const limit: Peer = {
  name: 'limit (C)',
  missing: stage => (stage.tools.kind === 'missing' ? stage.tools.reason : undefined),
  async start(stage: Stage): Promise<Service> {
    if (stage.tools.kind === 'missing') throw new Error(stage.tools.reason)
    const port = stage.nextPort()
    return new LimitService(await stage.startServer('limit', { command: [stage.tools.limit, String(port)], port }))
  },
}

class LimitService implements Service {
  readonly process: ServerProcess

  constructor(process: ServerProcess) {
    this.process = process
  }

  audience(wire: Wire): Audience {
    return { wire, path: '/' }
  }

  async publish(messages: readonly string[]): Promise<number> {
    await post(`${this.process.url}/publish`, messages.join('\n'))
    return messages.length
  }
}
