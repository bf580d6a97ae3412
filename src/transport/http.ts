import type { HTMLBundle, Server } from 'bun'
import type { Log } from '../hub/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import type { Origins } from './origins.ts'
import { type RouteHandler, Router } from './router.ts'
import { safetyHeaders } from './safety-headers.ts'
import { statusOf } from './status.ts'
import { limitUnsent } from './unsent-limit.ts'
import { type Upgraded, upgradedHandler } from './upgraded.ts'

export interface HttpOptions {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** Lets several processes listen on the port; the kernel spreads connections over them. */
  readonly reusePort: boolean
  readonly bodyBytesMax: number
  readonly frameBytesMax: number
  readonly idleMs: number
  readonly origins: Origins
  readonly log: Log
  /** Hears the code of every error that is answered. */
  refused?(code: number): void
  /** The address that a request is counted for. The peer's own where absent. */
  addressOf?(request: Request, peer: string): string
}

/** Upgrades a request, or answers why not; undefined when it was upgraded. */
export type Upgrade = (request: Request, server: Server<Upgraded>) => Response | undefined

const wrongHost = { code: 403, message: 'unknown host: this server answers to localhost and to the hosts of client.allowed_origins' }

/** The longest that Bun takes. */
const bunIdleMaxS = 255
/** Paths whose answers have no end. Their heartbeats find the dead. */
const endless: ReadonlySet<string> = new Set(['/sse'])

/** One port for everything: WebSocket, event streams, commands, pages. */
export class HttpTransport {
  readonly router: Router
  readonly #pages: Record<string, HTMLBundle> = {}
  readonly #upgrades = new Map<string, Upgrade>()
  #server: Server<Upgraded> | undefined

  constructor(
    readonly options: HttpOptions,
    router = new Router(),
  ) {
    this.router = router
  }

  get port(): number {
    return this.#server?.port ?? 0
  }

  upgrade(path: string, upgrade: Upgrade): void {
    this.#upgrades.set(path, upgrade)
  }

  route(method: string, path: string, handler: RouteHandler): void {
    this.router.add(method, path, handler)
    this.#server?.reload(this.#serving())
  }

  /** A page, bundled from its HTML file. Its path may have a parameter, as routes have. */
  page(path: string, html: HTMLBundle): void {
    this.#pages[path] = html
    this.#server?.reload(this.#serving())
  }

  listen(): void {
    this.#server = Bun.serve({
      ...this.#serving(),
      hostname: this.options.host,
      port: this.options.port,
      reusePort: this.options.reusePort,
    })
    limitUnsent(this.port, this.options.log)
  }

  /** Takes no new connections; what is open is cut if forced. */
  async stop(force: boolean): Promise<void> {
    await this.#server?.stop(force)
  }

  #serving() {
    // Bun serves pages before `fetch` is asked, and exact paths before patterns: so a page for `/games/:id` leaves `/games/list` to its route.
    const fetch = (request: Request, server: Server<Upgraded>) => this.#fetch(request, server)
    const exact = Object.fromEntries(this.router.exactPaths().map(path => [path, fetch]))
    return {
      idleTimeout: this.#idleS,
      development: false,
      maxRequestBodySize: this.options.bodyBytesMax,
      routes: { ...exact, ...this.#pages },
      fetch,
      websocket: upgradedHandler(this.options.frameBytesMax),
      error: (error: Error) => {
        this.options.log.error({ err: error }, 'a request failed unexpectedly')
        return Response.json({ error: errors.internal }, { status: 500 })
      },
    }
  }

  #fetch(request: Request, server: Server<Upgraded>): Response | undefined | Promise<Response> {
    if (!this.options.origins.admits(request)) return Response.json({ error: wrongHost }, { status: 403 })
    const asked = withHost(request)
    const pathname = pathOf(asked.url)
    const upgrade = this.#upgrades.get(pathname)
    if (upgrade !== undefined) return upgrade(request, server)
    const peer = server.requestIP(request)?.address ?? ''
    const address = this.options.addressOf?.(request, peer) ?? peer
    if (request.method !== 'GET' || !endless.has(pathname)) return this.#answer(asked, pathname, address)
    server.timeout(request, 0)
    return this.#answer(asked, pathname, address).then(response => {
      if (!response.ok) server.timeout(request, this.#idleS)
      return response
    })
  }

  get #idleS(): number {
    return Math.min(bunIdleMaxS, Math.ceil(this.options.idleMs / 1000))
  }

  async #answer(request: Request, pathname: string, address: string): Promise<Response> {
    const { origins } = this.options
    if (request.method === 'OPTIONS' && request.headers.has('access-control-request-method')) return origins.preflight(request)
    try {
      const response = await this.router.handle(request, pathname, address)
      // An event stream brings them along: whoever touches the headers of a response makes an object that lasts as long as it.
      if (response.ok && endless.has(pathname)) return response
      for (const [name, value] of Object.entries(safetyHeaders)) response.headers.set(name, value)
      return response
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      this.options.refused?.(error.code)
      const headers = { ...safetyHeaders, ...origins.headersFor(request), ...waitOf(error) }
      return Response.json({ error: error.toReply() }, { status: statusOf(error.code), headers })
    }
  }
}

/** In whole seconds, rounded up: earlier would be in vain. Rates are by the second, so that who asked too much has something again after one. */
function waitOf({
  code,
  retryAfterMs = statusOf(code) === 429 ? 1000 : undefined,
}: CommandError): { readonly 'Retry-After': string } | undefined {
  return retryAfterMs === undefined ? undefined : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }
}

/** A request of HTTP/1.0 may name no host, and its URL is then none: it gets one, so that whoever parses it need not know. */
function withHost(request: Request): Request {
  return request.url.startsWith('/') ? new Request(`http://localhost${request.url}`, request) : request
}

/** The path of an absolute URL without parsing all of it. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  if (start === -1) return '/'
  const query = url.indexOf('?', start)
  return query === -1 ? url.slice(start) : url.slice(start, query)
}
