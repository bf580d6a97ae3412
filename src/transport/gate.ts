import type { Node } from '../hub/index.ts'
import type { Origins } from './origins.ts'

/** Turns away new connections before they cost anything; undefined lets one through. */
export class Gate {
  #draining = false

  constructor(
    readonly node: Node,
    readonly origins: Origins,
  ) {}

  /** From now on nobody new is let in. */
  drain(): void {
    this.#draining = true
  }

  get isDraining(): boolean {
    return this.#draining
  }

  refuse(request: Request, address: string): Response | undefined {
    const { node } = this
    if (!this.origins.allows(request)) return refusal(403, 'origin not allowed')
    if (this.#draining) return refusal(503, 'shutting down', 1 + node.random.next() * 4)
    if (node.sessions.size >= node.limits.sessionsMax) return refusal(503, 'connection limit', 5 + node.random.next() * 10)
    if (!node.rates.admitAddress(address)) return refusal(429, 'too many connections from this address', 1 + node.random.next() * 2)
    const waitMs = node.rates.admitSession()
    if (waitMs > 0) return refusal(503, 'too many new connections', waitMs / 1000 + node.random.next() * 5)
    return undefined
  }
}

function refusal(status: number, message: string, retryAfterS?: number): Response {
  const headers: Record<string, string> = retryAfterS === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterS)) }
  return Response.json({ error: { code: status, message } }, { status, headers })
}
