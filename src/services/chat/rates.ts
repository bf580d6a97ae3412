import { type Clock, TokenBucket } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import { chatErrors } from './model/wire.ts'

/** How often each user may do something. Who has not done it for a while costs nothing. */
export class UserRates {
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(
    readonly clock: Clock,
    readonly rate: { readonly perSecond: number; readonly burst: number },
  ) {}

  /** @throws CommandError 429 that says when to try again */
  spend(user: string, count = 1): void {
    const now = this.clock.now()
    let bucket = this.#buckets.get(user)
    if (bucket === undefined) {
      bucket = new TokenBucket(this.rate.perSecond, this.rate.burst, now)
      this.#buckets.set(user, bucket)
    }
    if (bucket.take(now, count)) return
    const retryAfterMs = bucket.waitMs(now, count)
    throw new CommandError({ ...chatErrors.rateLimited, retryAfterMs }, `try again in ${retryAfterMs} ms`)
  }

  sweep(): void {
    const now = this.clock.now()
    for (const [user, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(user)
  }
}
