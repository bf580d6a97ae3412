import type { OutboundAnswer } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'
import type { PushNote } from './note.ts'
import type { PushSubscription } from './subscription.ts'

/**
 * What became of one try. `gone`: the device will never take anything there again. `later`: try again, after `afterMs` where the push service
 * said so, which then holds for all of its endpoints. `failed`: trying again would not help.
 */
export type PushOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs?: number }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'failed'; readonly reason: string }

/** One way to a device: Web Push, or a gateway that passes on to others. */
export interface PushSender {
  /** Whether subscriptions like this one are its own. */
  takes(subscription: PushSubscription): boolean
  /** The key of what shares one bottleneck and one time to wait: the origin of a push service, or a gateway. */
  originOf(subscription: PushSubscription): string
  /** Never rejects. */
  send(subscription: PushSubscription, note: PushNote): Promise<PushOutcome>
  /** Ends what is under way. */
  close(): void
}

/** Statuses below 500 that say "not now". */
const notNow: ReadonlySet<number> = new Set([408, 425, 429])

/** What an answer means, by RFC 8030 and RFC 8292, and by what push services do. */
export function outcomeOf({ status, retryAfter, text }: Omit<OutboundAnswer, 'isCut'>, nowMs: number): PushOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  if (status === 404 || status === 410) return { kind: 'gone' }
  if (status === 413) return { kind: 'too-large' }
  const redirect = status >= 300 && status < 400 ? ', and redirects are not followed' : ''
  const reason = `status ${status}${redirect}${text === '' ? '' : `: ${shown(text)}`}`
  if (status < 500 && !notNow.has(status)) return { kind: 'failed', reason }
  const afterMs = status === 429 || status === 503 ? retryAfterMs(retryAfter, nowMs) : undefined
  return afterMs === undefined ? { kind: 'later', reason } : { kind: 'later', reason, afterMs }
}

/** Reads seconds or an HTTP date; anything else is as if it were not there. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? ''
  if (text === '') return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), pushLimits.retryAfterMaxMs)
}

/** A stranger's text in one line of the log. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200))
}

/** What notes come to. `retried` counts tries, the others notes. */
export type PushResult = 'delivered' | 'gone' | 'retried' | 'failed' | 'expired' | 'dropped'

/** How often each came about. */
export class PushTally {
  readonly #counts = new Map<PushResult, number>()

  add(result: PushResult): void {
    this.#counts.set(result, this.count(result) + 1)
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }

  count(result: PushResult): number {
    return this.#counts.get(result) ?? 0
  }
}
