import { CommandError, errors } from '../../protocol/index.ts'
import { credentialsOf } from '../../transport/index.ts'
import type { Config } from '../config/index.ts'
import { type CallerContext, hasApiKey } from '../identity/caller.ts'
import { sameSecret } from '../identity/same-secret.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Routing } from './routing.ts'

export interface MetricsContext extends Routing, CallerContext {
  readonly config: Pick<Config, 'development' | 'httpApi' | 'metrics'>
  readonly metrics: Metrics
}

/** `GET /metrics`, in Prometheus text. */
export function addMetricsRoute(context: MetricsContext): void {
  context.route('GET', '/metrics', request => {
    checkScraper(context, request)
    return context.metrics.answer()
  })
}

/** Figures tell strangers how a server is doing, and cost it more than they cost them. @throws CommandError 101 */
function checkScraper(context: MetricsContext, request: Request): void {
  const { development, metrics } = context.config
  if (development || hasApiKey(context, request)) return
  const given = credentialsOf(request, 'bearer') ?? request.headers.get('x-api-key')
  if (given !== null && metrics.key !== undefined && sameSecret(given, metrics.key)) return
  const reason = metrics.key === undefined ? 'metrics.key is not set' : 'neither metrics.key nor http_api.key was given'
  context.node.refusals.note('api key', reason, { path: '/metrics' })
  throw new CommandError(errors.unauthorized, 'metrics.key is expected as a bearer token, or http_api.key in X-API-Key')
}
