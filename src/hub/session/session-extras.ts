import { TokenBucket } from '../../kit/index.ts'
import type { CursorWatchlist, Position } from '../../protocol/index.ts'
import type { PendingGrants } from '../channel/pending-grants.ts'
import type { Rate } from '../limits.ts'

/**
 * What few sessions have at a time. It is made for the first of it and dropped with the last: a node holds thousands of idle sessions, and every
 * field of a session costs all of them eight bytes.
 */
export class SessionExtras {
  headers: Readonly<Record<string, string>> | undefined
  watchlist: CursorWatchlist | undefined
  awaited: ReadonlyMap<string, Position> | undefined
  pending: PendingGrants | undefined
  #withheld: Set<string> | undefined
  #malformed: TokenBucket | undefined

  get isEmpty(): boolean {
    const { headers, watchlist, awaited, pending } = this
    return (pending?.size ?? 0) === 0 && (headers ?? watchlist ?? awaited ?? this.#withheld ?? this.#malformed) === undefined
  }

  withhold(channel: string): void {
    this.#withheld ??= new Set()
    this.#withheld.add(channel)
  }

  isWithheld(channel: string): boolean {
    return this.#withheld?.has(channel) === true
  }

  /** Counts bad input; false where it is too much. */
  takeMalformed({ perSecond, burst }: Rate, now: number): boolean {
    this.#malformed ??= new TokenBucket(perSecond, burst, now)
    return this.#malformed.take(now)
  }
}
