import * as z from 'zod/mini'
import type { Refusal } from './view.ts'

/** An answer that was not given: `reason` is the server's stable token, or `offline` where it could not be asked. */
export class ChatError extends Error implements Refusal {
  readonly code: number
  readonly reason: string
  readonly text: string
  /** Whether the same call may succeed later. */
  readonly temporary: boolean
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined

  constructor(refusal: Refusal, temporary: boolean, retryAfterMs?: number) {
    super(refusal.text === '' ? refusal.reason : `${refusal.reason}: ${refusal.text}`)
    this.code = refusal.code
    this.reason = refusal.reason
    this.text = refusal.text
    this.temporary = temporary
    this.retryAfterMs = retryAfterMs
  }

  get refusal(): Refusal {
    const { code, reason, text } = this
    return { code, reason, text }
  }
}

/** What the SDK rejects with. Codes below 100 are its own: the question did not get through, or its answer did not. */
const sdkErrorSchema = z.object({ code: z.number(), message: z.string(), temporary: z.optional(z.boolean()) })

/** Codes after which the same may succeed: internal error, an expired token, too many requests. */
const temporaryCodes: readonly number[] = [100, 109, 111, 429]

/** An error's message is a token, then prose: `rate_limited: try again in 1200 ms`. */
export function readError(error: unknown): ChatError {
  if (error instanceof ChatError) return error
  const parsed = sdkErrorSchema.safeParse(error)
  if (!parsed.success) return new ChatError({ code: 0, reason: 'unreadable', text: error instanceof Error ? error.message : '' }, false)
  const { code, message, temporary = false } = parsed.data
  if (code < 100) return new ChatError({ code, reason: 'offline', text: message }, true)
  const split = message.indexOf(': ')
  const reason = split < 0 ? message : message.slice(0, split)
  const text = split < 0 ? '' : message.slice(split + 2)
  const wait = /(?:try again in |retry_after_ms\W{1,3})(\d{1,9})/.exec(text)?.[1]
  return new ChatError({ code, reason, text }, temporary || temporaryCodes.includes(code), wait === undefined ? undefined : Number(wait))
}
