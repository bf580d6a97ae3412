import type { FanfareServer } from '../host/create-server.ts'
import { addMetricsRoute } from '../ops/metrics.ts'
import { addOpsRoutes } from '../ops/ops.ts'
import { addApiRoutes } from './api/routes.ts'
import { addAuthRoutes } from './auth.ts'
import { addHealthRoutes } from './health.ts'
import { addRpcRoutes } from './rpc.ts'
import { addStreamRoutes } from './streams.ts'

/** Everything that a server answers by HTTP without a service. A relay answers what concerns its own connections and passes the rest on. */
export function addRoutes(server: FanfareServer): void {
  addStreamRoutes(server)
  if (server.tree.isWorker) return
  addHealthRoutes(server)
  addMetricsRoute(server)
  if (!server.tree.isCentral) return
  addOpsRoutes(server)
  addAuthRoutes(server)
  addRpcRoutes(server)
  addApiRoutes(server)
}
