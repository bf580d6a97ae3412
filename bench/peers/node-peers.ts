import { join } from 'node:path'
import type { Audience, Peer, Service } from '../peer.ts'
import type { Stage } from '../stage.ts'
import { Posted } from './posted.ts'

/** A broadcast server on the `ws` package, under Node. */
export const ws = nodePeer('ws', 'ws.mjs', { wire: 'ws', path: '/' })

/** A broadcast server on Socket.IO, under Node. Engine.IO's handshake: the client's `40` joins, the server's ping `2` wants a `3`. */
export const socketIo = nodePeer('socket.io', 'socket-io.mjs', {
  wire: 'ws',
  path: '/socket.io/?EIO=4&transport=websocket',
  greetings: ['40'],
  openText: '40{',
  match: '42[',
  answers: ['2=3'],
})

function nodePeer(packageName: string, file: string, audience: Audience): Peer {
  return {
    name: packageName === 'ws' ? 'ws (Node)' : 'Socket.IO (Node)',
    missing() {
      if (Bun.which('node') === null) return 'no Node'
      return installed(packageName) ? undefined : `the ${packageName} package is not installed`
    },
    async start(stage: Stage): Promise<Service> {
      const port = stage.nextPort()
      const command = [Bun.which('node') ?? 'node', join(import.meta.dir, file), String(port)]
      return new Posted(await stage.startServer(packageName, { command, port }), () => audience)
    },
  }
}

function installed(packageName: string): boolean {
  try {
    Bun.resolveSync(packageName, import.meta.dir)
    return true
  } catch {
    return false
  }
}
