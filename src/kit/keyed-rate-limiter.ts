import { TokenBucket } from './token-bucket.ts'

export interface KeyedRate {
  readonly perSecond: number
  readonly burst: number
}

/** A rate limit for each key. A key that has been idle for a while costs nothing once it is swept. */
export class KeyedRateLimiter {
  readonly #buckets = new Map<string, TokenBucket>()
  /** What was taken since it was last asked, by key, where somebody asks. */
  #counts: Map<string, number> | undefined

  /** @param keysMax keys beyond this many are all forgotten at the next sweep: a flood of new ones must not grow memory without end */
  constructor(
    readonly rate: KeyedRate,
    readonly keysMax: number = Number.POSITIVE_INFINITY,
  ) {}

  /** Keys that are remembered. */
  get size(): number {
    return this.#buckets.size
  }

  /** Takes `count` if they are there. Never takes a part. */
  take(key: string, now: number, count = 1): boolean {
    if (!this.#bucketOf(key, now).take(now, count)) return false
    // Beyond so many the account is not complete, as the limits themselves are not.
    if (this.#counts !== undefined && this.#counts.size < this.keysMax) this.#counts.set(key, (this.#counts.get(key) ?? 0) + count)
    return true
  }

  /** What was taken since the last call, by key; nothing at the first, from which on it is counted. */
  takeCounts(): readonly (readonly [key: string, count: number])[] {
    if (this.#counts?.size === 0) return []
    const counts = [...(this.#counts ?? [])]
    this.#counts = new Map()
    return counts
  }

  /** Takes `count` that were spent elsewhere, whether they are there or not: what is missing is gained before anything else. */
  charge(key: string, now: number, count: number): void {
    this.#bucketOf(key, now).charge(now, count)
  }

  /** Milliseconds until `count` could be taken; 0 for now. */
  waitMs(key: string, now: number, count = 1): number {
    return this.#buckets.get(key)?.waitMs(now, count) ?? 0
  }

  /** Forgets full buckets, which say nothing that a new one would not. */
  sweep(now: number): void {
    if (this.#buckets.size > this.keysMax) this.#buckets.clear()
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key)
  }

  #bucketOf(key: string, now: number): TokenBucket {
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      bucket = new TokenBucket(this.rate.perSecond, this.rate.burst, now)
      this.#buckets.set(key, bucket)
    }
    return bucket
  }
}
