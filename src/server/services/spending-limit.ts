import { type Clock, type KeyedRate, KeyedRateLimiter } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import type { RateLimit } from './service.ts'

/** Keys beyond this many are all forgotten at the next sweep: a flood of new ones must not grow memory without end. */
const keysMax = 200_000

/** A rate limit that refuses by an error, as commands do. */
export class SpendingLimit implements RateLimit {
  readonly limiter: KeyedRateLimiter

  constructor(
    readonly clock: Clock,
    rate: KeyedRate,
  ) {
    this.limiter = new KeyedRateLimiter(rate, keysMax)
  }

  spend(key: string, count = 1): void {
    const now = this.clock.now()
    if (this.limiter.take(key, now, count)) return
    const retryAfterMs = this.limiter.waitMs(key, now, count)
    throw new CommandError({ code: 429, message: 'rate_limited', temporary: true, retryAfterMs }, `try again in ${retryAfterMs} ms`)
  }

  sweep(): void {
    this.limiter.sweep(this.clock.now())
  }
}
