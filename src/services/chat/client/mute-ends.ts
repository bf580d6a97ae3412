import type { Clock, Timer } from '../../../kit/index.ts'

/** No timer of a browser waits for much longer than this. */
const waitMaxMs = 24 * 60 * 60_000

/** Says when a conversation is no longer muted. */
export class MuteEnds {
  readonly #timers = new Map<string, { readonly until: number; readonly timer: Timer }>()

  constructor(
    readonly clock: Clock,
    readonly ended: (conversation: string) => void,
  ) {}

  /** Undefined where it is not muted, or for ever. */
  follow(conversation: string, until: number | undefined): void {
    const known = this.#timers.get(conversation)
    if (known?.until === until) return
    known?.timer.cancel()
    this.#timers.delete(conversation)
    const wait = (until ?? 0) - this.clock.now()
    if (until === undefined || wait <= 0) return
    const timer = this.clock.after(Math.min(wait, waitMaxMs), () => {
      this.#timers.delete(conversation)
      if (until <= this.clock.now()) this.ended(conversation)
      else this.follow(conversation, until)
    })
    this.#timers.set(conversation, { until, timer })
  }

  close(): void {
    for (const { timer } of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}
