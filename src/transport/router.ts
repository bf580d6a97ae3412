/** Answers a request whose path matched; `params` holds the parts of the path that the pattern named. */
export type RouteHandler = (request: Request, params: Readonly<Record<string, string>>, address: string) => Response | Promise<Response>

interface Route {
  readonly segments: readonly string[]
  readonly byMethod: Map<string, RouteHandler>
}

/** Finds the handler of a path such as `/sports/games/:id/board` or `/games/:id/snapshot@:version`; a last segment `*` takes whatever follows. */
export class Router {
  readonly #exact = new Map<string, Route>()
  readonly #patterns: Route[] = []

  add(method: string, path: string, handler: RouteHandler): void {
    const route = this.#routeOf(path)
    route.byMethod.set(method, handler)
    if (method === 'GET') route.byMethod.set('HEAD', handler)
  }

  /** Answers what no route matches. */
  fallback: RouteHandler | undefined

  async handle(request: Request, pathname: string, address: string): Promise<Response> {
    const found = this.#find(pathname)
    if (found === undefined && this.fallback !== undefined) return this.fallback(request, {}, address)
    if (found === undefined) return Response.json({ error: { code: 404, message: 'not found' } }, { status: 404 })
    const handler = found.route.byMethod.get(request.method)
    if (handler !== undefined) return handler(request, found.params, address)
    const allowed = [...found.route.byMethod.keys()].join(', ')
    return Response.json(
      { error: { code: 405, message: `method not allowed, use ${allowed}` } },
      { status: 405, headers: { Allow: allowed } },
    )
  }

  #routeOf(path: string): Route {
    const known = this.#exact.get(path)
    if (known !== undefined) return known
    const route: Route = { segments: path.split('/'), byMethod: new Map() }
    this.#exact.set(path, route)
    if (isPattern(path)) this.#patterns.push(route)
    return route
  }

  #find(pathname: string): { route: Route; params: Record<string, string> } | undefined {
    const exact = this.#exact.get(pathname)
    if (exact !== undefined) return { route: exact, params: {} }
    const segments = pathname.split('/')
    for (const route of this.#patterns) {
      const params = match(route.segments, segments)
      if (params !== undefined) return { route, params }
    }
    return undefined
  }
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const open = pattern.at(-1) === '*'
  if (open ? segments.length < pattern.length : segments.length !== pattern.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (part === '*' && index === pattern.length - 1) params['*'] = segments.slice(index).join('/')
    else if (part.includes(':')) {
      const [before = '', name = ''] = part.split(':')
      const value = segment.startsWith(before) ? decode(segment.slice(before.length)) : undefined
      if (value === undefined || value === '') return undefined
      params[name] = value
    } else if (part !== segment) return undefined
  }
  return params
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

function isPattern(path: string): boolean {
  return path.includes(':') || path.endsWith('/*')
}
