import { CommandError, errors } from '../../protocol/index.ts'
import opsPage from '../../web/ops/index.html'
import type { Config } from '../config/index.ts'
import { hasApiKey } from '../identity/caller.ts'
import type { Ops } from '../ops/ops.ts'
import type { Routing } from './routing.ts'

export interface OpsContext extends Routing {
  readonly config: Pick<Config, 'development' | 'httpApi'>
  readonly ops: Ops
  page(path: string, html: typeof opsPage): void
}

/** `/ops/stats` and `/ops/tree`: open in development mode, else by API key, since they name users and channels. The page asks for the key. */
export function addOpsRoutes(context: OpsContext): void {
  const { config, ops } = context
  context.page('/ops', opsPage)
  const guarded = (answer: () => object | Promise<object>) => async (request: Request) => {
    if (!config.development && !hasApiKey(context, request)) throw new CommandError(errors.unauthorized, 'an API key is needed')
    return Response.json(await answer(), { headers: { 'Cache-Control': 'no-store' } })
  }
  context.route(
    'GET',
    '/ops/stats',
    guarded(() => ops.stats()),
  )
  context.route(
    'GET',
    '/ops/tree',
    guarded(() => ops.tree()),
  )
}
