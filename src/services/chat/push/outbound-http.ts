import type { Clock } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'
import type { PushAnswer } from './push-answer.ts'

/** One POST request, and how its connection is made. */
export interface OutboundRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly tls?: { readonly serverName: string; readonly ca?: string }
}

/** The outcome of a request: an answer, or why there is none. A `refused` one would be refused again. */
export type OutboundResult =
  | { readonly kind: 'answered'; readonly answer: PushAnswer }
  | { readonly kind: 'unanswered'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** Thrown while a request is prepared that must not be sent. */
export class UnsendableError extends Error {}

/** Sends POST requests to other people's servers: bounded in time and in bytes read; redirects are not followed. */
export class OutboundHttp {
  readonly #underWay = new Set<AbortController>()
  #isClosed = false

  constructor(
    readonly clock: Clock,
    readonly timeoutMs: number = pushLimits.answerMs,
  ) {}

  /** Posts what `prepare` makes, which counts towards the time. */
  async send(prepare: () => Promise<readonly OutboundRequest[]>): Promise<OutboundResult> {
    if (this.#isClosed) return { kind: 'unanswered', reason: 'the server is closing' }
    const controller = new AbortController()
    this.#underWay.add(controller)
    const timer = this.clock.after(this.timeoutMs, () => controller.abort())
    try {
      return { kind: 'answered', answer: await this.#first(await unlessAborted(prepare(), controller.signal), controller.signal) }
    } catch (error) {
      if (error instanceof UnsendableError) return { kind: 'refused', reason: error.message }
      const late = controller.signal.aborted && !this.#isClosed
      return { kind: 'unanswered', reason: late ? `no answer within ${this.timeoutMs} ms` : messageOf(error) }
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

  /** The answer to the first request that could be sent: they are the same request for several addresses. */
  async #first(requests: readonly OutboundRequest[], signal: AbortSignal): Promise<PushAnswer> {
    let problem: unknown = new Error('there is no address')
    for (const request of requests) {
      try {
        return await post(request, signal)
      } catch (error) {
        if (signal.aborted) throw error
        problem = error
      }
    }
    throw problem
  }
}

async function post({ url, headers, body, tls }: OutboundRequest, signal: AbortSignal): Promise<PushAnswer> {
  const response = await fetch(url, { method: 'POST', redirect: 'manual', signal, headers, body, ...(tls && { tls }) })
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await beginningOf(response) }
}

/** As much of an answer as is worth reading. The rest is not waited for. */
async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size >= pushLimits.answerBytesMax) break
  }
  return Buffer.concat(chunks).toString('utf8', 0, pushLimits.answerBytesMax)
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
