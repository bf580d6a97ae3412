import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { backoffMs } from './backoff.ts'

const options = { baseMs: 500, capMs: 30_000 }
const at = (share: number) => ({ next: () => share, bytes: (count: number) => new Uint8Array(count) })

describe('backoffMs', () => {
  test('[U1] the longest wait doubles with every attempt up to the cap', () => {
    const longest = [0, 1, 2, 3, 6, 7, 1000].map(attempt => backoffMs(attempt, at(0.999999), options))
    expect(longest).toEqual([499, 999, 1999, 3999, 29_999, 29_999, 29_999])
  })

  test('[U1] any wait lies between nothing and the cap', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 0.9999999, noNaN: true }), (attempt, share) => {
        const wait = backoffMs(attempt, at(share), options)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThan(options.capMs)
      }),
    )
  })
})
