import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { StreamState } from '../../../web/index.ts'

/** A stream that was just lost is soon back; after this long its clocks stand still, since nobody knows what they would show. */
const graceMs = 5000
const tickMs = 250

/**
 * What time it is at the server, so that a clock which is wrong here still shows the right minute of the match.
 * A message is never received before it was sent, so the smallest difference seen is the best.
 */
export class ServerTime {
  /** How far this computer's clock is ahead, the time of travel included. */
  #aheadMs = Number.POSITIVE_INFINITY
  #lastLiveMs = Date.now()
  readonly #now: Signal<number> = signal(Date.now())
  /** This computer's time of the moment that is shown, while the clocks stand still; undefined while they run. */
  readonly heldSinceMs: Signal<number | undefined> = signal(undefined)

  constructor(readonly link: ReadonlySignal<StreamState>) {
    setInterval(() => this.#tick(), tickMs)
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
    if (document.visibilityState !== 'visible') return
    const nowMs = Date.now()
    if (this.link.value === 'live') this.#lastLiveMs = nowMs
    const isHeld = this.link.value === 'stale' || this.link.value === 'offline' || nowMs - this.#lastLiveMs > graceMs
    this.heldSinceMs.value = isHeld ? (this.heldSinceMs.value ?? nowMs) : undefined
    if (!isHeld) this.#now.value = nowMs - (Number.isFinite(this.#aheadMs) ? this.#aheadMs : 0)
  }
}
