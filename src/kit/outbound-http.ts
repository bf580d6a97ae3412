import type { Clock } from './clock.ts'
import { defined } from './defined.ts'
import type { Fetch } from './fetch.ts'

/** A request to somebody else's server, and how its connection is made. */
export interface OutboundRequest {
  readonly url: string
  /** POST unless said otherwise. */
  readonly method?: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly tls?: { readonly serverName: string; readonly ca?: string }
}

export interface OutboundAnswer {
  readonly status: number
  readonly retryAfter: string | null
  /** The whole body, or its beginning. */
  readonly text: string
  /** Whether the body is longer than what was read of it. */
  readonly isCut: boolean
}

/** The outcome of a request: an answer, or why there is none. A `refused` one would be refused again; `isClosing`: nobody will ask again. */
export type OutboundResult =
  | { readonly kind: 'answered'; readonly answer: OutboundAnswer }
  | { readonly kind: 'unanswered'; readonly reason: string; readonly isClosing: boolean }
  | { readonly kind: 'refused'; readonly reason: string }

export interface OutboundHttpOptions {
  readonly clock: Clock
  /** Bytes of an answer that are read. The rest is not waited for. */
  readonly answerBytesMax: number
  readonly fetch?: Fetch | undefined
}

/** Thrown while a request is prepared that must not be sent. */
export class UnsendableError extends Error {}

/** Asks other people's servers: bounded in time and in bytes read; redirects are never followed. */
export class OutboundHttp {
  readonly #underWay = new Set<AbortController>()
  #isClosed = false

  constructor(readonly options: OutboundHttpOptions) {}

  /**
   * Sends what `prepare` makes, which counts towards the time, as does the answer to its last byte. Several requests are the same one for several addresses: the first that can be sent is.
   */
  async send(timeoutMs: number, prepare: () => Promise<readonly OutboundRequest[]>): Promise<OutboundResult> {
    if (this.#isClosed) return { kind: 'unanswered', reason: 'the server is closing', isClosing: true }
    const controller = new AbortController()
    const { signal } = controller
    this.#underWay.add(controller)
    const timer = this.options.clock.after(timeoutMs, () => controller.abort())
    try {
      return { kind: 'answered', answer: await this.#first(await unlessAborted(prepare(), signal), signal) }
    } catch (error) {
      if (error instanceof UnsendableError) return { kind: 'refused', reason: error.message }
      const reason = signal.aborted && !this.#isClosed ? `no answer within ${timeoutMs} ms` : messageOf(error)
      return { kind: 'unanswered', reason, isClosing: this.#isClosed }
    } finally {
      timer.cancel()
      controller.abort()
      this.#underWay.delete(controller)
    }
  }

  /** Ends what is under way, and takes nothing more. */
  close(): void {
    this.#isClosed = true
    for (const controller of this.#underWay) controller.abort()
  }

  async #first(requests: readonly OutboundRequest[], signal: AbortSignal): Promise<OutboundAnswer> {
    let problem: unknown = new Error('there is no address')
    for (const request of requests) {
      try {
        return await this.#ask(request, signal)
      } catch (error) {
        if (signal.aborted) throw error
        problem = error
      }
    }
    throw problem
  }

  async #ask({ url, method = 'POST', headers, body, tls }: OutboundRequest, signal: AbortSignal): Promise<OutboundAnswer> {
    const { fetch = globalThis.fetch, answerBytesMax } = this.options
    const response = await fetch(url, { method, redirect: 'manual', signal, headers, ...defined({ body, tls }) })
    return { status: response.status, retryAfter: response.headers.get('retry-after'), ...(await beginningOf(response, answerBytesMax)) }
  }
}

async function beginningOf({ body }: Response, bytesMax: number): Promise<Pick<OutboundAnswer, 'text' | 'isCut'>> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    text += decoder.decode(size > bytesMax ? chunk.subarray(0, chunk.byteLength - (size - bytesMax)) : chunk, { stream: true })
    if (size > bytesMax) break
  }
  return { text: text + decoder.decode(), isCut: size > bytesMax }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
    promise.then(resolve, reject)
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
