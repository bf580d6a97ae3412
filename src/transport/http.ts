import http from 'node:http'
import type { Server } from 'bun'
import type { Log } from '../hub/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import type { Answers } from './answers.ts'
import type { Origins } from './origins.ts'
import { assetsPath, Pages } from './pages.ts'
import { proxySignOf } from './proxy-signs.ts'
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
  readonly headBytesMax: number
  readonly idleMs: number
  readonly origins: Origins
  readonly log: Log
  /** Counts what is answered and not read. */
  readonly answers: Answers
  /** Whether a node of this cluster passes the request on. */
  isFromNode?(request: Request): boolean
  /** Hears of a request that was not meant for this server, with the name or header that shows it. */
  misled?(by: 'host' | 'proxy', shown: string): void
  /** Hears the code of every error that is answered. */
  refused?(code: number): void
  /** The places that pages of this server lead to. */
  navigation?(): readonly object[]
  /** The address that a request is counted for. The peer's own where absent. */
  addressOf?(request: Request, peer: string): string
}

/** Upgrades a request, or answers why not; undefined when it was upgraded. */
export type Upgrade = (request: Request, server: Server<Upgraded>, address: string) => Response | undefined

const wrongHost = { code: 403, message: 'unknown host: this server answers to localhost and to the hosts of client.allowed_origins' }

const openIsLocal =
  'without a token secret, and with client.insecure or http_api.insecure, this server is for its own machine alone: behind a proxy give it client.token.hmac_secret_key'

/** The longest that Bun takes. */
const bunIdleMaxS = 255
/** Paths whose answers have no end. Their heartbeats find the dead. */
const endless: ReadonlySet<string> = new Set(['/sse'])

/** Paths that are there before clients are let in. A node is ready when they are. */
const ofNodes: ReadonlySet<string> = new Set(['/connection/node', '/healthz'])

/** One port for everything: WebSocket, event streams, commands, pages. */
export class HttpTransport {
  readonly router: Router
  readonly #pages: Pages
  readonly #upgrades = new Map<string, Upgrade>()
  #server: Server<Upgraded> | undefined
  #isOpen = true

  constructor(
    readonly options: HttpOptions,
    router = new Router(),
  ) {
    this.router = router
    this.#pages = new Pages(() => options.navigation?.() ?? [])
  }

  get port(): number {
    return this.#server?.port ?? 0
  }

  upgrade(path: string, upgrade: Upgrade): void {
    this.#upgrades.set(path, upgrade)
  }

  route(method: string, path: string, handler: RouteHandler): void {
    this.router.add(method, path, handler)
  }

  /** A page, bundled from its HTML file. Its path may have a parameter, as routes have. */
  page(path: string, file: string): void {
    this.route('GET', path, request => this.#pages.answer(file, pathOf(request.url)))
    this.route('GET', `${assetsPath}/:name`, (_request, { name = '' }) => {
      const asset = this.#pages.asset(name)
      if (asset === undefined) throw new CommandError({ code: 404, message: 'not found' })
      return asset
    })
  }

  /** @param isOpen false to answer nothing before `open` but what other nodes ask, and that this one is not ready */
  listen(isOpen = true): void {
    this.#isOpen = isOpen
    // Bun has one bound for the process, which `node:http` shows and, in Bun, sets.
    Reflect.set(http, 'maxHeaderSize', Math.max(http.maxHeaderSize, this.options.headBytesMax))
    this.#server = Bun.serve({
      ...this.#serving(),
      hostname: this.options.host,
      port: this.options.port,
      reusePort: this.options.reusePort,
    })
    limitUnsent(this.port, this.options.log)
  }

  /** Lets clients in. */
  open(): void {
    this.#isOpen = true
  }

  /** Takes no new connections; what is open is cut if forced. */
  async stop(force: boolean): Promise<void> {
    await this.#server?.stop(force)
  }

  #serving() {
    return {
      idleTimeout: this.#idleS,
      development: false,
      maxRequestBodySize: this.options.bodyBytesMax,
      fetch: (request: Request, server: Server<Upgraded>) => this.#fetch(request, server),
      websocket: upgradedHandler(this.options.frameBytesMax),
      error: (error: Error) => {
        this.options.log.error({ err: error }, 'a request failed unexpectedly')
        return Response.json({ error: errors.internal }, { status: 500 })
      },
    }
  }

  #fetch(request: Request, server: Server<Upgraded>): Response | undefined | Promise<Response> {
    const misled = this.#misled(request)
    if (misled !== undefined) return Response.json({ error: misled }, { status: 403, headers: safetyHeaders })
    const asked = withHost(request)
    // Whoever asks may write anything into Host, and routes parse the URL that Bun makes of it.
    if (!URL.canParse(asked.url)) return Response.json({ error: noHost.toReply() }, { status: 400, headers: safetyHeaders })
    const pathname = pathOf(asked.url)
    if (!this.#isOpen && !ofNodes.has(pathname)) return Response.json({ error: starting.toReply() }, soon)
    const peer = server.requestIP(request)?.address ?? ''
    const address = this.options.addressOf?.(request, peer) ?? peer
    const upgrade = this.#upgrades.get(pathname)
    if (upgrade !== undefined) return upgrade(request, server, address)
    if (request.method !== 'GET' || !endless.has(pathname)) return this.#answer(asked, pathname, address)
    server.timeout(request, 0)
    return this.#answer(asked, pathname, address).then(response => {
      if (response.status !== 200) server.timeout(request, this.#idleS)
      return response
    })
  }

  /** Why a request was not meant for this server, if so: while whoever reaches it may use it, it is for this machine alone. */
  #misled(request: Request): { code: number; message: string } | undefined {
    const { origins, isFromNode, misled } = this.options
    if (!origins.admits(request)) {
      misled?.('host', request.headers.get('host') ?? '')
      return wrongHost
    }
    const sign = origins.isOpen ? proxySignOf(request.headers) : undefined
    if (sign === undefined || isFromNode?.(request) === true) return undefined
    misled?.('proxy', sign)
    return { code: 403, message: `proxied request (${sign}): ${openIsLocal}` }
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
      return request.method === 'HEAD' ? response : await this.options.answers.send(response, address)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      this.options.refused?.(error.code)
      const headers = { ...safetyHeaders, ...origins.headersFor(request), ...waitOf(error) }
      return Response.json({ error: error.toReply() }, { status: statusOf(error.code), headers })
    }
  }
}

const starting = new CommandError({ code: 503, message: 'this server is starting', temporary: true })
const soon = { status: 503, headers: { ...safetyHeaders, 'Retry-After': '1' } }

const noHost = new CommandError(errors.badRequest, 'Host: expected the name or address of a host')

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
