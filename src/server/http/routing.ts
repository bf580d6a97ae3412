import type { RouteHandler } from '../../transport/index.ts'

/** What routes are added to. */
export interface Routing {
  route(method: string, path: string, handler: RouteHandler): void
}
