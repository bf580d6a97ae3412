import type { RouteHandler } from '../transport/index.ts'

/** How long the node upstream may take to answer. */
const answerMs = 30_000

/** Hands requests to the node upstream and its answers back, bodies as they flow. */
export function proxyTo(upstream: () => string): RouteHandler {
  return async (request, _params, address) => {
    const { pathname, search } = new URL(request.url)
    const headers = new Headers(request.headers)
    headers.set('X-Forwarded-For', address)
    headers.delete('connection')
    try {
      const answer = await fetch(`${upstream()}${pathname}${search}`, {
        method: request.method,
        headers,
        body: request.body,
        redirect: 'manual',
        decompress: false,
        signal: AbortSignal.timeout(answerMs),
      })
      return new Response(answer.body, answer)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      return Response.json(
        { error: { code: 503, message: 'the node upstream cannot be reached' } },
        { status: 503, headers: { 'Retry-After': '1' } },
      )
    }
  }
}
