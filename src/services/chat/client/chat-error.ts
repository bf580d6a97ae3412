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
}
