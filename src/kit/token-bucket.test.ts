import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { TokenBucket } from './token-bucket.ts'

const uses = fc.array(fc.record({ afterMs: fc.nat(2000), count: fc.integer({ min: 1, max: 5 }) }), { maxLength: 100 })

describe('TokenBucket', () => {
  test('[U9] over any stretch gives at most the burst and what the rate adds', () => {
    fc.assert(
      fc.property(uses, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (steps, perSecond, burst) => {
        const bucket = new TokenBucket(perSecond, burst, 0)
        let now = 0
        let taken = 0
        for (const { afterMs, count } of steps) {
          now += afterMs
          if (bucket.take(now, count)) taken += count
          expect(taken).toBeLessThanOrEqual(burst + (now / 1000) * perSecond + 1e-6)
        }
      }),
    )
  })

  test('[U9] the wait that it names is enough and not a millisecond too long', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 10 }), fc.nat(10), (perSecond, burst, taken) => {
        const drained = () => {
          const bucket = new TokenBucket(perSecond, burst, 0)
          bucket.take(0, Math.min(taken, burst))
          return bucket
        }
        const wait = drained().waitMs(0, burst)
        expect(drained().take(wait + 1e-6, burst)).toBe(true)
        if (wait > 1) expect(drained().take(wait - 1.001, burst)).toBe(false)
      }),
    )
  })

  test('[U9] a take is whole or nothing', () => {
    const bucket = new TokenBucket(1, 3, 0)
    expect(bucket.take(0, 4)).toBe(false)
    expect(bucket.take(0, 3)).toBe(true)
    expect(bucket.take(0)).toBe(false)
  })

  test('[U9] is full again when time has given everything back', () => {
    const bucket = new TokenBucket(10, 5, 0)
    bucket.take(0, 5)
    expect([0, 400, 500].map(now => bucket.isFull(now))).toEqual([false, false, true])
  })

  test('[U9] a clock that is set back does not stop the tokens', () => {
    const hour = 3_600_000
    const bucket = new TokenBucket(10, 5, hour)
    bucket.take(hour, 5)
    expect(bucket.take(0)).toBe(false)
    expect(bucket.take(100)).toBe(true)
  })
})
