import { full, type Node } from '../hub/index.ts'
import { type Close, CloseError, CommandError, closes, errors, push, sseEvent, sseRetry } from '../protocol/index.ts'
import type { Origins } from './origins.ts'
import { eventStreamHeaders } from './safety-headers.ts'

/** Characters of a stranger’s origin in the log. */
const originShownMax = 256

/** Turns away new connections before they cost anything; undefined lets one through. */
export class ConnectionGuard {
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

  refuse(request: Request, address: string): ConnectionRefusal | undefined {
    const { node } = this
    if (!this.origins.allows(request)) return new ConnectionRefusal(403, { code: 403, reason: this.#whyOrigin(request) })
    if (this.#draining) return new ConnectionRefusal(503, closes.shutdown, 1000 + node.random.next() * 4000)
    const room = node.sessions.room.admits(address, node.sessions.size)
    if (room === 'full') return this.#full()
    if (room === 'address') return new ConnectionRefusal(429, closes.tooManyRequests, 5000 + node.random.next() * 10_000)
    if (!node.rates.admitAddress(address)) return new ConnectionRefusal(429, closes.tooManyRequests, 1000 + node.random.next() * 2000)
    const waitMs = node.rates.admitSession()
    if (waitMs > 0) return new ConnectionRefusal(503, closes.tooManyRequests, waitMs + node.random.next() * 5000)
    return undefined
  }

  #full(): ConnectionRefusal {
    return new ConnectionRefusal(503, full, 5000 + this.node.random.next() * 10_000)
  }

  /** @throws CommandError 103 for a page of an origin that may not call this server */
  checkOrigin(request: Request): void {
    if (!this.origins.allows(request)) throw new CommandError(errors.permissionDenied, this.#whyOrigin(request))
  }

  #whyOrigin(request: Request): string {
    const origin = (request.headers.get('origin') ?? '').slice(0, originShownMax)
    const told = this.node.refusals.note('origin', 'client.allowed_origins does not name it', { origin })
    return told === undefined ? 'origin not allowed' : `origin not allowed: ${told}`
  }

  /** A refusal for the moment: a back end does not answer, or is asked too much. */
  notNow(error: unknown): ConnectionRefusal {
    if (error instanceof CloseError && error.close === full) return this.#full()
    const isBusy = error instanceof CommandError && error.code === errors.tooManyRequests.code
    const retryMs = 1000 + this.node.random.next() * 4000
    return isBusy ? new ConnectionRefusal(429, closes.tooManyRequests, retryMs) : new ConnectionRefusal(503, closes.internal, retryMs)
  }
}

/** Why a connection was not let in, and when to try again. */
export class ConnectionRefusal {
  constructor(
    readonly status: number,
    readonly close: Close,
    /** Absent where it would be refused again. */
    readonly retryMs?: number,
  ) {}

  toResponse(origins: Readonly<Record<string, string>> = {}): Response {
    const { status, close, retryMs } = this
    // A refused client must not hold a connection that others wait for.
    const leave = status === 503 ? { Connection: 'close' } : {}
    const headers = { ...origins, ...leave, ...(retryMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryMs / 1000)) }) }
    return Response.json({ error: { code: status, message: close.reason } }, { status, headers })
  }

  /**
   * For a browser's EventSource, which any status but 200 would end for good: a stream that says when to come back, and is over.
   * The cursor stays as it was.
   */
  toEventStream(headers: Readonly<Record<string, string>>): Response | undefined {
    if (this.retryMs === undefined) return undefined
    return new Response(sseRetry(this.retryMs) + sseEvent(push.disconnect(this.close, true)), {
      headers: { ...eventStreamHeaders, ...headers, Connection: 'close' },
    })
  }
}
