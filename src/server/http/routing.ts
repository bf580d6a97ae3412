import type { RouteHandler } from '../../transport/index.ts'

/** The router that routes are added to. */
export interface Routing {
  route(method: string, path: string, handler: RouteHandler): void
}
