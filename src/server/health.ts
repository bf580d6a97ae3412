import type { FanfareServer } from './create-server.ts'

/** `/healthz`: the process lives and its event loop turns. `/readyz`: it takes new clients. */
export function addHealthRoutes(server: FanfareServer): void {
  server.route('GET', '/healthz', () => Response.json({ status: 'ok', node: server.node.id }))
  server.route('GET', '/readyz', () => {
    if (server.gate.isDraining) return Response.json({ status: 'draining', node: server.node.id }, { status: 503 })
    return Response.json({ status: 'ready', node: server.node.id })
  })
}
