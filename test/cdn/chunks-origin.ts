import { defineNamespace, defineService, type ServiceHost } from '../../src/service.ts'
import { addChunkRoutes } from '../../src/services/sports/chunk-routes.ts'
import type { Snapshot } from '../../src/services/sports/model/index.ts'
import { startServer } from '../kit/index.ts'
import { hurried } from '../kit/servers/tree.ts'

export const channel = 'sports:game_1'

/** A game in chunks, and what was asked of the origin by path. */
export async function startOrigin() {
  const asked = new Map<string, number>()
  const start = (server: ServiceHost) => {
    const counting = {
      clock: server.clock,
      follow: server.follow.bind(server),
      route: (method: string, path: string, handler: Parameters<ServiceHost['route']>[2]) =>
        server.route(method, path, (request, params, address) => {
          const { pathname } = new URL(request.url)
          asked.set(pathname, (asked.get(pathname) ?? 0) + 1)
          return handler(request, params, address)
        }),
    }
    const game = { id: '1', channel, snapshot: () => ({ board: { version: 1 } }) as Snapshot }
    const routes = addChunkRoutes(counting, id => (id === '1' ? game : undefined))
    server.onClose(() => routes.close())
  }
  const namespaces = [
    defineNamespace({
      name: 'sports',
      delivery: 'lanes',
      historySize: 512,
      historyTtlMs: 600_000,
      allowSubscribeForClient: true,
    }),
  ]
  const started = await startServer({}, { clock: hurried(2), services: [defineService({ name: 'games', namespaces, start })] })
  return { server: started, asked }
}
