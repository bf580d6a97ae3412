import type { Topology } from '../../cluster/index.ts'
import { type ApiRoutesContext, addApiRoutes } from './api/routes.ts'
import { type AuthContext, addAuthRoutes } from './auth.ts'
import { addHealthRoutes, type HealthContext } from './health.ts'
import { addMetricsRoute, type MetricsContext } from './metrics.ts'
import { addOpsRoutes, type OpsContext } from './ops.ts'
import { addRpcRoutes, type RpcContext } from './rpc.ts'
import { addStreamRoutes, type StreamsContext } from './streams.ts'

/** The context of all routes together. */
export type RoutesContext = ApiRoutesContext &
  AuthContext &
  HealthContext &
  MetricsContext &
  OpsContext &
  RpcContext &
  StreamsContext & { readonly topology: Pick<Topology, 'role' | 'isCentral'> }

/** Everything that a server answers by HTTP without a service. A relay answers what concerns its own connections and passes the rest on. */
export function addRoutes(context: RoutesContext): void {
  const { topology } = context
  addStreamRoutes(context)
  if (topology.role === 'worker') return
  addHealthRoutes(context)
  addMetricsRoute(context)
  if (!topology.isCentral) return
  addOpsRoutes(context)
  addAuthRoutes(context)
  addRpcRoutes(context)
  addApiRoutes(context)
}
