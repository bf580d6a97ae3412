import type { Node } from '../../hub/index.ts'
import { closes, sseRetry } from '../../protocol/index.ts'
import type { ConnectionGuard } from '../../transport/index.ts'

/** How long before the end of the window the last client is disconnected, so that its close frame still leaves. */
const marginMs = 500
/** Waves in which clients are sent away (common: 5 % a wave). */
const waves = 20

/**
 * Sends all clients away, a wave after the other over the window, so that they do not all come back at once elsewhere. Event streams are
 * told a wait of their own. Nobody new is let in meanwhile, and readiness fails at once.
 */
export function drain(node: Node, guard: ConnectionGuard, windowMs: number): Promise<void> {
  guard.drain()
  const everyMs = Math.max(0, windowMs - marginMs) / waves
  const encoder = new TextEncoder()
  return new Promise(resolve => {
    let left = waves
    const wave = () => {
      const sessions = [...node.sessions.all()]
      if (sessions.length === 0) {
        resolve()
        return
      }
      for (const session of sessions.slice(0, Math.ceil(sessions.length / left))) {
        if (session.wire.name === 'sse') session.socket.write(encoder.encode(sseRetry(500 + node.random.next() * Math.max(2000, windowMs))))
        session.close(closes.shutdown)
      }
      left = Math.max(1, left - 1)
      node.clock.after(everyMs, wave)
    }
    wave()
  })
}
