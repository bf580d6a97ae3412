import { type Clock, every, KeyedRateLimiter, type Timer, TokenBucket } from '../../kit/index.ts'
import type { Limits } from '../limits.ts'
import { isLoopbackAddress, networkOf, type Principal, principalOf } from './principal.ts'

/** A caller over a connection, and the principal that is charged. */
interface Asking {
  readonly user: string
  readonly address: string
}

/** Keys beyond this many are all forgotten at the next sweep: a flood of new ones must not grow memory without end. */
const keysMax = 200_000
const sweepMs = 60_000

/** Rate limits that span connections: by user or address for commands, by address and for the whole node for new sessions. */
export class Rates {
  /** Requests over HTTP, and requests of known users over their connections. */
  readonly principals: KeyedRateLimiter
  /** Requests of all strangers of an address over their connections: many may share it. */
  readonly #crowds: KeyedRateLimiter
  readonly #addresses: KeyedRateLimiter
  readonly #failures: KeyedRateLimiter
  readonly #node: TokenBucket
  readonly #sweep: Timer

  constructor(
    readonly clock: Clock,
    limits: Limits,
  ) {
    this.principals = new KeyedRateLimiter(limits.commandRatePerUser, keysMax)
    this.#crowds = new KeyedRateLimiter(limits.commandRatePerAddress, keysMax)
    this.#addresses = new KeyedRateLimiter(limits.connectRatePerAddress, keysMax)
    this.#failures = new KeyedRateLimiter(limits.failedTokenRatePerAddress, keysMax)
    this.#node = new TokenBucket(limits.connectRate.perSecond, limits.connectRate.burst, clock.now())
    this.#sweep = every(clock, sweepMs, () => {
      for (const limiter of [this.principals, this.#crowds, this.#addresses, this.#failures]) limiter.sweep(clock.now())
    })
  }

  spend({ user, address }: Asking, now: number, count: number): boolean {
    if (user !== '') return this.principals.take(principalOf(user, address), now, count)
    return address === '' || this.#crowds.take(networkOf(address), now, count)
  }

  /** Commands that come by HTTP have no connection. */
  spendFor(principal: Principal, count = 1): boolean {
    return principal === nobody || this.principals.take(principal, this.clock.now(), count)
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
    return !isCounted(address) || this.#failures.waitMs(networkOf(address), this.clock.now()) === 0
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
