const preflightHeaders = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Last-Event-ID',
  'Access-Control-Max-Age': '7200',
} as const

/**
 * Which web pages may use a user's credentials here. A request without `Origin` does not come from a page; one from our own host is ours;
 * any other must be on the list, which may hold `*` as a whole or in place of a host's first part (`https://*.example.org`).
 */
export class Origins {
  readonly #allowed: readonly string[]

  constructor(allowed: readonly string[]) {
    this.#allowed = allowed.map(origin => origin.toLowerCase())
  }

  allows(request: Request): boolean {
    const origin = request.headers.get('origin')?.toLowerCase()
    if (origin === undefined || this.#isOwn(origin, request)) return true
    return this.#allowed.some(pattern => pattern === '*' || pattern === origin || matchesWildcard(pattern, origin))
  }

  /** What lets an allowed page of another origin read the answer. */
  headersFor(request: Request): Record<string, string> {
    const origin = request.headers.get('origin')
    if (origin === null || this.#isOwn(origin.toLowerCase(), request) || !this.allows(request)) return {}
    return { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' }
  }

  /** Answers what a browser asks before it lets a page of another origin call with a token or a JSON body. */
  preflight(request: Request): Response {
    if (!this.allows(request)) return new Response(null, { status: 403 })
    return new Response(null, { status: 204, headers: { ...this.headersFor(request), ...preflightHeaders } })
  }

  #isOwn(origin: string, request: Request): boolean {
    const host = request.headers.get('host')?.toLowerCase()
    return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
  }
}

function matchesWildcard(pattern: string, origin: string): boolean {
  const [before, after] = pattern.split('*.', 2)
  if (before === undefined || after === undefined) return false
  const host = origin.startsWith(before) ? origin.slice(before.length) : ''
  return host.endsWith(`.${after}`) && !host.includes('/')
}
