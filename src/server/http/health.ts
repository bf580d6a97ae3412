import type { FanfareServer } from '../host/create-server.ts'

/**
 * `/healthz`: the process lives and its event loop turns. `/readyz`: new clients are well served here. A relay that has been without a
 * parent for some seconds goes on for the clients that it has, but others had better go elsewhere. So does a node that cannot keep anything.
 */
export function addHealthRoutes(server: FanfareServer): void {
  server.route('GET', '/healthz', () => Response.json({ status: 'ok', node: server.node.id }))
  server.route('GET', '/readyz', () => {
    if (server.guard.isDraining) return Response.json({ status: 'draining', node: server.node.id }, { status: 503 })
    if (server.tree.isOrphan)
      return Response.json({ status: 'degraded', reason: 'no node upstream', node: server.node.id }, { status: 503 })
    const reason = server.disk?.trouble()
    if (reason !== undefined) return Response.json({ status: 'degraded', reason, node: server.node.id }, { status: 503 })
    return Response.json({ status: 'ready', node: server.node.id })
  })
}
