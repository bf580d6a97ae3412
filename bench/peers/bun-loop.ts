import { join } from 'node:path'
import type { Peer, Service } from '../peer.ts'
import type { Stage } from '../stage.ts'
import { Posted } from './posted.ts'

/** What the runtime takes by itself: a loop that does nothing but write. Nothing on Bun can be cheaper. */
export const bunLoop: Peer = {
  name: 'a bare loop (Bun)',
  missing: () => undefined,
  async start(stage: Stage): Promise<Service> {
    const port = stage.nextPort()
    const command = [process.execPath, join(import.meta.dir, 'bun-broadcast.ts'), String(port)]
    return new Posted(await stage.startServer('bun-loop', { command, port }), wire => ({ wire, path: '/' }))
  },
}
