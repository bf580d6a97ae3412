/** How often `burst` may be owed. */
const debtMax = 16

/**
 * A rate limit that allows bursts: holds at most `burst` tokens and gains `perSecond` of them each second.
 * Lazy: the arithmetic happens when it is asked, so an idle bucket costs nothing.
 */
export class TokenBucket {
  #tokens: number
  #at: number

  constructor(
    readonly perSecond: number,
    readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst
    this.#at = now
  }

  /** Takes `count` tokens if they are there. Never takes a part. */
  take(now: number, count = 1): boolean {
    this.#refill(now)
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
  }

  /** Takes `count` tokens, there or not. What is owed is bounded, so that no mistake elsewhere closes it for long. */
  charge(now: number, count: number): void {
    this.#refill(now)
    this.#tokens = Math.max(-debtMax * this.burst, this.#tokens - count)
  }

  /** Milliseconds until `count` tokens will be there. */
  waitMs(now: number, count = 1): number {
    this.#refill(now)
    return this.#tokens >= count ? 0 : Math.ceil(((count - this.#tokens) / this.perSecond) * 1000)
  }

  /** Whether nothing has been taken that was not given back by time: such a bucket can be forgotten. */
  isFull(now: number): boolean {
    this.#refill(now)
    return this.#tokens >= this.burst
  }

  #refill(now: number): void {
    // A clock that was set back gives nothing, and takes no longer to give again.
    if (now > this.#at) this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.perSecond)
    this.#at = now
  }
}
