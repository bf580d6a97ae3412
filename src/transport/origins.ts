/** `Cache-Control` and `X-Requested-With` are what stand-ins for EventSource and HTTP libraries add by themselves. */
const preflightHeaders = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Last-Event-ID, Cache-Control, X-Requested-With',
  'Access-Control-Max-Age': '7200',
} as const

/** A page of an origin that was named may come with its visitor's cookies, by which a connect hook may know them. */
const withCookies = { 'Access-Control-Allow-Credentials': 'true' } as const

/** Names that lead to this machine whoever asks, unlike those that a stranger can point here. */
const localName = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/

const localOrigin = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/

/**
 * Which web pages may use a user's credentials here. A request without `Origin` does not come from a page; one from our own host is ours;
 * any other must be on the list, which may hold `*` as a whole or in place of a host's first part (`https://*.example.org`).
 */
export class Origins {
  readonly #allowed: readonly string[]

  constructor(
    allowed: readonly string[],
    /** Everyone who reaches the server may use it, so only names of this machine and of allowed origins may lead to it. */
    readonly isOpen = false,
    /** Lets pages of this machine in from whatever port, as those that are being developed. */
    readonly allowsLocal = false,
  ) {
    this.#allowed = allowed.map(origin => origin.toLowerCase())
  }

  allows(request: Request): boolean {
    const origin = request.headers.get('origin')?.toLowerCase()
    return origin === undefined || this.#isOwn(origin, request) || this.#isListed(origin) || (this.allowsLocal && localOrigin.test(origin))
  }

  /**
   * Whether the request was meant for this server. A page can point a name of its own at 127.0.0.1 (DNS rebinding) and is then of the same
   * origin for its browser, so that nothing but the name tells it from our own. `*` stands for any page, and names no host.
   */
  admits(request: Request): boolean {
    const host = request.headers.get('host')?.toLowerCase()
    if (!this.isOpen || host === undefined || localName.test(host)) return true
    return ['http', 'https'].some(scheme => this.#isNamed(`${scheme}://${host}`))
  }

  /** Headers that let an allowed page of another origin read the answer. */
  headersFor(request: Request): Record<string, string> {
    const origin = request.headers.get('origin')
    if (origin === null || this.#isOwn(origin.toLowerCase(), request) || !this.allows(request)) return {}
    return { 'Access-Control-Allow-Origin': origin, ...(this.#isNamed(origin.toLowerCase()) ? withCookies : {}), Vary: 'Origin' }
  }

  /** Answers what a browser asks before it lets a page of another origin call with a token or a JSON body. */
  preflight(request: Request): Response {
    if (!this.allows(request)) return new Response(null, { status: 403 })
    return new Response(null, { status: 204, headers: { ...this.headersFor(request), ...preflightHeaders } })
  }

  #isListed(origin: string): boolean {
    return this.#allowed.includes('*') || this.#isNamed(origin)
  }

  #isNamed(origin: string): boolean {
    return this.#allowed.some(pattern => pattern !== '*' && isMatch(pattern, origin))
  }

  #isOwn(origin: string, request: Request): boolean {
    const host = request.headers.get('host')?.toLowerCase()
    return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
  }
}

function isMatch(pattern: string, origin: string): boolean {
  if (pattern === origin) return true
  const [before, after] = pattern.split('*.', 2)
  if (before === undefined || after === undefined) return false
  const host = origin.startsWith(before) ? origin.slice(before.length) : ''
  return host.endsWith(`.${after}`) && !host.includes('/')
}
