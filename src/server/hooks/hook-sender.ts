import { type Clock, type Fetch, type OutboundAnswer, OutboundHttp, type OutboundRequest } from '../../kit/index.ts'
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

/** Sends hook requests to back ends: signed, bounded in time and size, to allowed hosts only. */
export class HookSender {
  readonly #http: OutboundHttp

  constructor(readonly options: HookSenderOptions) {
    const { clock, fetch } = options
    this.#http = new OutboundHttp({ clock, fetch, answerBytesMax: hookLimits.answerBytesMax })
  }

  async post(envelope: Envelope): Promise<PostOutcome> {
    const { url, timeoutMs } = envelope.target
    if (!isAllowedHost(new URL(url), this.options.allowedHosts)) return failed('the host is not in hooks.allowed_hosts', false)
    const result = await this.#http.send(timeoutMs, async () => [this.#requestOf(envelope)])
    if (result.kind === 'answered') return outcomeOf(result.answer)
    return failed(result.reason, result.kind === 'unanswered' && !result.isClosing)
  }

  /** Aborts requests under way, and takes no more. */
  close(): void {
    this.#http.close()
  }

  #requestOf({ name, target, key, body, headers }: Envelope): OutboundRequest {
    const { clock, secret } = this.options
    return {
      url: target.url,
      body,
      headers: {
        ...headers,
        'Content-Type': 'application/json',
        'X-Fanfare-Event': name,
        'X-Fanfare-Idempotency-Key': key,
        [signatureHeader]: sign(body, secret, clock.now()),
      },
    }
  }
}

function outcomeOf({ status, text, isCut }: OutboundAnswer): PostOutcome {
  if (isCut) return failed(`the body is larger than ${hookLimits.answerBytesMax} bytes`, false)
  if (status >= 200 && status < 300) return { kind: 'answered', body: text }
  const redirect = status >= 300 && status < 400
  return failed(`status ${status}${redirect ? ', and redirects are not followed' : ''}`, status >= 500 || notNow.has(status))
}

function failed(reason: string, mayRepeat: boolean): PostOutcome {
  return { kind: 'failed', reason, mayRepeat }
}
