import { type Clock, every, type Timer, TokenBucket } from '../../kit/index.ts'
import type { Limits, Rate } from '../limits.ts'
import { isLoopbackAddress, networkOf, type Principal } from './principal.ts'

/** Who asks for something over a connection, and who pays for it. */
interface Asking {
  readonly user: string
  readonly principal: Principal
}

/** Buckets beyond this many are all forgotten at the next sweep: a flood of new keys must not grow memory without end. */
const bucketsMax = 200_000
const sweepMs = 60_000

/** Rate limits that span connections: by user or address for commands, by address and for the whole node for new sessions. */
export class Rates {
  /** What is asked by HTTP, and what known users ask over their connections. */
  readonly #principals: Buckets
  /** What all strangers of an address ask over their connections: many may share it. */
  readonly #crowds: Buckets
  readonly #addresses: Buckets
  readonly #failures: Buckets
  readonly #node: TokenBucket
  readonly #sweep: Timer

  constructor(
    readonly clock: Clock,
    limits: Limits,
  ) {
    this.#principals = new Buckets(limits.commandRatePerUser)
    this.#crowds = new Buckets(limits.commandRatePerAddress)
    this.#addresses = new Buckets(limits.connectRatePerAddress)
    this.#failures = new Buckets(limits.failedTokenRatePerAddress)
    this.#node = new TokenBucket(limits.connectRate.perSecond, limits.connectRate.burst, clock.now())
    this.#sweep = every(clock, sweepMs, () => {
      for (const buckets of [this.#principals, this.#crowds, this.#addresses, this.#failures]) buckets.sweep(clock.now())
    })
  }

  spend({ user, principal }: Asking, now: number, count: number): boolean {
    if (principal === nobody) return true
    return (user === '' ? this.#crowds : this.#principals).take(principal, now, count)
  }

  /** Commands that come by HTTP have no connection. */
  spendFor(principal: Principal, count = 1): boolean {
    return principal === nobody || this.#principals.take(principal, this.clock.now(), count)
  }

  /** Whether an address may open another session now. One that is not known, since a proxy did not say it, is not limited. */
  admitAddress(address: string): boolean {
    return address === '' || this.#addresses.take(networkOf(address), this.clock.now(), 1)
  }

  /** Counts a token that was no good. */
  tokenFailed(address: string): void {
    if (isCounted(address)) this.#failures.take(networkOf(address), this.clock.now(), 1)
  }

  /** Whether a token from there is looked at: one that guesses, or has nothing but bad ones, is not let spend the time of others. */
  mayShowToken(address: string): boolean {
    return !isCounted(address) || this.#failures.has(networkOf(address), this.clock.now())
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

/** A stranger behind a trusted proxy that did not say who it is: the proxy is no client, and is not limited as one. */
const nobody: Principal = 'address:'

/** Behind an address of this machine there may be a proxy with everybody behind it. */
function isCounted(address: string): boolean {
  return address !== '' && !isLoopbackAddress(address)
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

  /** Whether one would be there. */
  has(key: string, now: number): boolean {
    return (this.#byKey.get(key)?.waitMs(now) ?? 0) === 0
  }

  /** A full bucket says nothing that a new one would not. */
  sweep(now: number): void {
    if (this.#byKey.size > bucketsMax) this.#byKey.clear()
    for (const [key, bucket] of this.#byKey) if (bucket.isFull(now)) this.#byKey.delete(key)
  }
}
