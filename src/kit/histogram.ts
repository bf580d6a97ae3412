const steps = 64
const smallBits = 6

/**
 * Counts of whole numbers from 0 up, in buckets that grow with the value: 64 to every power of two, so that any quantile
 * is at most 1.6 % below the true one, in a few kilobytes whatever the number of values.
 */
export class Histogram {
  readonly #counts: number[] = []
  #count = 0
  #max = 0

  add(value: number): void {
    const whole = Math.max(0, Math.floor(value))
    const bucket = bucketOf(whole)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    if (whole > this.#max) this.#max = whole
  }

  get count(): number {
    return this.#count
  }

  get max(): number {
    return this.#max
  }

  /** The value that a share of all values, such as 0.99, does not exceed, rounded down to its bucket; 0 when nothing was added. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count))
    let sum = 0
    for (const [bucket, count] of this.#counts.entries()) {
      sum += count ?? 0
      if (sum >= wanted) return lowestIn(bucket)
    }
    return 0
  }
}

/** Values below 64 have a bucket each; above, the six bits after the leading one choose among the 64 of its power. */
function bucketOf(value: number): number {
  if (value < steps) return value
  const power = Math.floor(Math.log2(value))
  return (power - smallBits + 1) * steps + Math.floor(value / 2 ** (power - smallBits)) - steps
}

function lowestIn(bucket: number): number {
  if (bucket < steps) return bucket
  return ((bucket % steps) + steps) * 2 ** (Math.floor(bucket / steps) - 1)
}
