import { type Signal, signal } from '@preact/signals'

/**
 * What time it is at the server, so that a clock which is wrong here still shows the right minute of the match.
 * A message is never received before it was sent, so the smallest difference seen is the best.
 */
export class ServerTime {
  /** How far this computer's clock is ahead, the time of travel included. */
  #aheadMs = Number.POSITIVE_INFINITY
  readonly #now: Signal<number> = signal(Date.now())

  constructor() {
    setInterval(() => this.#tick(), 250)
  }

  /** Unix milliseconds at the server; a component that reads it renders again as it ticks. */
  get nowMs(): number {
    return this.#now.value
  }

  /** A message says that it was this time when it was sent. */
  learn(serverUtcMs: number): void {
    this.#aheadMs = Math.min(this.#aheadMs, Date.now() - serverUtcMs)
    this.#tick()
  }

  /** Forgets what it learned, since the clock here may have been set meanwhile. */
  restart(): void {
    this.#aheadMs = Number.POSITIVE_INFINITY
  }

  #tick(): void {
    if (document.visibilityState === 'visible') this.#now.value = Date.now() - (Number.isFinite(this.#aheadMs) ? this.#aheadMs : 0)
  }
}
