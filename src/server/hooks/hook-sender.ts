import type { Clock, Fetch } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import { readText } from '../../transport/index.ts'
import { type HookName, type HookTarget, isAllowedHost } from '../config/index.ts'
import { hookLimits } from './limits.ts'
import { sign, signatureHeader } from './signature.ts'

/** One hook request: its body, and its idempotency key, which stays the same for every attempt. */
export interface Envelope {
  readonly name: HookName
  readonly target: HookTarget
  readonly key: string
  readonly body: string
  /** Headers of the client's own request. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The outcome of one attempt. */
export type PostOutcome =
  | { readonly kind: 'answered'; readonly body: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly mayRepeat: boolean }

export interface HookSenderOptions {
  readonly clock: Clock
  readonly fetch: Fetch
  readonly secret: string
  readonly allowedHosts: readonly string[]
}

/** Statuses below 500 that say "not now". */
const notNow: ReadonlySet<number> = new Set([408, 425, 429])

/** Sends hook requests to back ends: signed, bounded in time and size, to allowed hosts only; redirects are not followed. */
export class HookSender {
  readonly #underWay = new Set<AbortController>()
  #isClosed = false

  constructor(readonly options: HookSenderOptions) {}

  async post(envelope: Envelope): Promise<PostOutcome> {
    const { url, timeoutMs } = envelope.target
    if (this.#isClosed) return failed('the server is closing', false)
    if (!isAllowedHost(new URL(url), this.options.allowedHosts)) return failed('the host is not in hooks.allowed_hosts', false)
    const controller = new AbortController()
    this.#underWay.add(controller)
    const timer = this.options.clock.after(timeoutMs, () => controller.abort())
    try {
      return await this.#send(envelope, controller.signal)
    } catch (error) {
      if (error instanceof CommandError) return failed(error.message, false)
      if (controller.signal.aborted) return failed(`no answer within ${timeoutMs} ms`, !this.#isClosed)
      return failed(error instanceof Error ? error.message : String(error), true)
    } finally {
      timer.cancel()
      this.#underWay.delete(controller)
    }
  }

  /** Aborts requests under way, and takes no more. */
  close(): void {
    this.#isClosed = true
    for (const controller of this.#underWay) controller.abort()
  }

  async #send({ name, target, key, body, headers }: Envelope, signal: AbortSignal): Promise<PostOutcome> {
    const { clock, secret, fetch } = this.options
    const response = await fetch(target.url, {
      method: 'POST',
      redirect: 'manual',
      signal,
      body,
      headers: {
        ...headers,
        'Content-Type': 'application/json',
        'X-Fanfare-Event': name,
        'X-Fanfare-Idempotency-Key': key,
        [signatureHeader]: sign(body, secret, clock.now()),
      },
    })
    const answer = await readText(response, hookLimits.answerBytesMax)
    if (response.ok) return { kind: 'answered', body: answer }
    const redirect = response.status >= 300 && response.status < 400
    const reason = `status ${response.status}${redirect ? ', and redirects are not followed' : ''}`
    return failed(reason, response.status >= 500 || notNow.has(response.status))
  }
}

function failed(reason: string, mayRepeat: boolean): PostOutcome {
  return { kind: 'failed', reason, mayRepeat }
}
