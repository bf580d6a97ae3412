import { type Clock, every, type Timer, TokenBucket } from '../kit/index.ts'
import type { Limits, Rate } from './limits.ts'
import type { Session } from './session.ts'

/** Buckets beyond this many are all forgotten at the next sweep: a flood of new keys must not grow memory without end. */
const bucketsMax = 200_000
const sweepMs = 60_000

/** Rate limits that span connections: by user for commands, by address and for the whole node for new sessions. */
export class Rates {
  readonly #users: Buckets
  readonly #addresses: Buckets
  readonly #node: TokenBucket
  readonly #sweep: Timer

  constructor(
    readonly clock: Clock,
    limits: Limits,
  ) {
    this.#users = new Buckets(limits.commandRatePerUser)
    this.#addresses = new Buckets(limits.connectRatePerAddress)
    this.#node = new TokenBucket(limits.connectRate.perSecond, limits.connectRate.burst, clock.now())
    this.#sweep = every(clock, sweepMs, () => {
      this.#users.sweep(clock.now())
      this.#addresses.sweep(clock.now())
    })
  }

  spend(session: Session, now: number, count: number): boolean {
    return session.user === '' || this.#users.take(session.user, now, count)
  }

  /** Commands that come by HTTP have no connection: they count by user, or by address for strangers. */
  spendFor(key: string): boolean {
    return this.#users.take(key, this.clock.now(), 1)
  }

  /** Whether an address may open another session now. */
  admitAddress(address: string): boolean {
    return this.#addresses.take(address, this.clock.now(), 1)
  }

  /** Milliseconds until the node takes another session; 0 for now, which then counts. */
  admitSession(): number {
    const now = this.clock.now()
    return this.#node.take(now) ? 0 : Math.max(1, this.#node.waitMs(now))
  }

  close(): void {
    this.#sweep.cancel()
  }
}

class Buckets {
  readonly #byKey = new Map<string, TokenBucket>()

  constructor(readonly rate: Rate) {}

  take(key: string, now: number, count: number): boolean {
    let bucket = this.#byKey.get(key)
    if (bucket === undefined) {
      bucket = new TokenBucket(this.rate.perSecond, this.rate.burst, now)
      this.#byKey.set(key, bucket)
    }
    return bucket.take(now, count)
  }

  /** A full bucket says nothing that a new one would not. */
  sweep(now: number): void {
    if (this.#byKey.size > bucketsMax) this.#byKey.clear()
    for (const [key, bucket] of this.#byKey) if (bucket.isFull(now)) this.#byKey.delete(key)
  }
}
