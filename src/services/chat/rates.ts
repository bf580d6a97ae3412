import { type Clock, type KeyedRate, KeyedRateLimiter } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import { chatErrors } from './model/wire.ts'

/** How often each user may do something. */
export class UserRates {
  readonly #limiter: KeyedRateLimiter

  constructor(
    readonly clock: Clock,
    rate: KeyedRate,
  ) {
    this.#limiter = new KeyedRateLimiter(rate)
  }

  /** @throws CommandError 429 that says when to try again */
  spend(user: string, count = 1): void {
    const now = this.clock.now()
    if (this.#limiter.take(user, now, count)) return
    const retryAfterMs = this.#limiter.waitMs(user, now, count)
    throw new CommandError({ ...chatErrors.rateLimited, retryAfterMs }, `try again in ${retryAfterMs} ms`)
  }

  sweep(): void {
    this.#limiter.sweep(this.clock.now())
  }
}
