import { fileURLToPath } from 'node:url'
import { type Answers, HttpTransport, WebSocketTransport } from '../../transport/index.ts'
import type { Application } from '../application/application.ts'
import { type Config, Networks } from '../config/index.ts'
import { clientAddress } from '../http/client-address.ts'
import { misledReasons } from '../http/origins-of.ts'
import { addressOf, isFromNode, proxyTo } from '../http/proxy.ts'
import type { Page } from '../server-calls.ts'

export interface HttpContext {
  readonly config: Config
  readonly application: Application
  readonly answers: Answers
}

/** The port of an application: its routes, WebSockets of clients, and on a relay everything else as its parent answers it. */
export function createHttp({ config, application, answers }: HttpContext): HttpTransport {
  const { host, port, workers, limits, bodyBytesMax } = config
  const { node, guard, topology, router, clock, log } = application
  const { upstream } = topology
  const trusted = new Networks(config.client.trustedProxies)
  const isSecret = (given: string) => topology.children.context.isSecret(given)
  const http = new HttpTransport(
    {
      host,
      port,
      reusePort: workers > 1 || topology.role === 'worker',
      // Whoever takes less says so itself, before it reads.
      bodyBytesMax,
      frameBytesMax: limits.frameBytesMax,
      headBytesMax: limits.headBytesMax,
      idleMs: limits.idleMs,
      origins: guard.origins,
      log,
      answers,
      isFromNode: ({ headers }) => isFromNode(headers, isSecret),
      misled: (by, shown) => void node.refusals.note(by, misledReasons[by], { [by]: shown.slice(0, 256) }),
      refused: code => node.counters.countError(code),
      navigation: () => application.navigation,
      addressOf: ({ headers }, peer) => addressOf(headers, isSecret) ?? clientAddress(headers, peer, trusted),
    },
    router,
  )
  const websocket = new WebSocketTransport(node, guard)
  http.upgrade('/connection/websocket', (request, upgrader, address) => websocket.upgrade(request, upgrader, address))
  if (upstream !== undefined) router.fallback = proxyTo({ clock, secret: upstream.secret, upstream: () => topology.upstream?.http })
  return http
}

export function fileOf(page: Page): string {
  return page instanceof URL ? fileURLToPath(page) : page.index
}
