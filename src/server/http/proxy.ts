import type { Clock } from '../../kit/index.ts'
import type { RouteHandler } from '../../transport/index.ts'

/**
 * How long the node upstream may take to begin its answer once it has the last of what was sent; the answer then flows for as long as it does.
 * A body that comes slowly is no reason to give up: a client that stalls is noticed by its own connection.
 */
const answerMs = 30_000
/** Belong to one connection, not to the request or its answer (RFC 9110, 7.6.1). */
const ofConnection = [
  'connection',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Shows that a request comes through a node, whose word on the client's address counts. */
const nodeHeader = 'X-Fanfare-Node'
const addressHeader = 'X-Forwarded-For'

export interface ProxyOptions {
  readonly clock: Clock
  readonly secret: string
  /** The target of requests, as `http://host:port`; undefined while there is no node upstream. */
  upstream(): string | undefined
}

/** Hands requests to the node upstream and its answers back, bodies as they flow. */
export function proxyTo({ clock, secret, upstream }: ProxyOptions): RouteHandler {
  return async (request, _params, address) => {
    const { pathname, search } = new URL(request.url)
    const origin = upstream()
    if (origin === undefined) return unreachable()
    const giveUp = new AbortController()
    let timer = clock.after(answerMs, () => giveUp.abort())
    const passOn = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        timer.cancel()
        timer = clock.after(answerMs, () => giveUp.abort())
        controller.enqueue(chunk)
      },
    })
    try {
      const answer = await fetch(`${origin}${pathname}${search}`, {
        method: request.method,
        headers: headersFor(request.headers, address, secret),
        body: request.body?.pipeThrough(passOn) ?? null,
        redirect: 'manual',
        decompress: false,
        signal: AbortSignal.any([giveUp.signal, request.signal]),
      })
      const headers = new Headers(answer.headers)
      for (const name of ofConnection) headers.delete(name)
      return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers })
    } catch (error) {
      if (!(error instanceof Error)) throw error
      return unreachable()
    } finally {
      timer.cancel()
    }
  }
}

function unreachable(): Response {
  const error = { code: 503, message: 'the node upstream cannot be reached' }
  return Response.json({ error }, { status: 503, headers: { 'Retry-After': '1' } })
}

function headersFor(given: Headers, address: string, secret: string): Headers {
  const headers = new Headers(given)
  for (const name of ofConnection) headers.delete(name)
  headers.set(addressHeader, address)
  headers.set(nodeHeader, secret)
  return headers
}

/** Whether a node of this cluster passes the request on. */
export function isFromNode(headers: Headers, isSecret: (given: string) => boolean): boolean {
  const secret = headers.get(nodeHeader)
  return secret !== null && isSecret(secret)
}

/** The client's address where the peer is a node that speaks for a client; it has read the client's own headers. */
export function addressOf(headers: Headers, isSecret: (given: string) => boolean): string | undefined {
  return isFromNode(headers, isSecret) ? (headers.get(addressHeader) ?? '') : undefined
}
