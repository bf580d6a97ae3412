import type { Clock } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'
import type { PushAnswer } from './push-answer.ts'

/** One POST, and how its connection is made. */
export interface Parcel {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly tls?: { readonly serverName: string; readonly ca?: string }
}

/** What became of it: an answer, or why there is none. What is `refused` would be so again. */
export type Carried =
  | { readonly kind: 'answered'; readonly answer: PushAnswer }
  | { readonly kind: 'unanswered'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** Why nothing may be posted, thrown while it is prepared. */
export class Refusal extends Error {}

/** Posts to strangers: bounded in time and in what is read, and never on to where a redirect points. */
export class Courier {
  readonly #underWay = new Set<AbortController>()
  #isClosed = false

  constructor(
    readonly clock: Clock,
    readonly timeoutMs: number = pushLimits.answerMs,
  ) {}

  /** Posts what `prepare` makes, which counts towards the time. */
  async carry(prepare: () => Promise<readonly Parcel[]>): Promise<Carried> {
    if (this.#isClosed) return { kind: 'unanswered', reason: 'the server is closing' }
    const controller = new AbortController()
    this.#underWay.add(controller)
    const timer = this.clock.after(this.timeoutMs, () => controller.abort())
    try {
      return { kind: 'answered', answer: await this.#first(await unlessAborted(prepare(), controller.signal), controller.signal) }
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'refused', reason: error.message }
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

  /** The answer to the first of the parcels, the same at several addresses, that could be handed over. */
  async #first(parcels: readonly Parcel[], signal: AbortSignal): Promise<PushAnswer> {
    let problem: unknown = new Error('there is no address')
    for (const parcel of parcels) {
      try {
        return await post(parcel, signal)
      } catch (error) {
        if (signal.aborted) throw error
        problem = error
      }
    }
    throw problem
  }
}

async function post({ url, headers, body, tls }: Parcel, signal: AbortSignal): Promise<PushAnswer> {
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
