import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { between, randomId, randomUuid, seededRandom, systemRandom } from './random.ts'

describe('random', () => {
  test('[U5] a seed gives the same sequence every time, another seed another', () => {
    const drawn = (seed: number) => Array.from({ length: 20 }, seededRandom(seed).next)
    expect(drawn(7)).toEqual(drawn(7))
    expect(drawn(7)).not.toEqual(drawn(8))
  })

  test('[U5] numbers are even over [0, 1)', () => {
    const random = seededRandom(1)
    const tenths = new Array<number>(10).fill(0)
    for (let left = 20_000; left > 0; left--) {
      const tenth = Math.floor(random.next() * 10)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(250)
  })

  test('[U5] between gives every whole number from low to high and no other', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -50, max: 50 }), fc.nat(5), (seed, low, span) => {
        const random = seededRandom(seed)
        const drawn = new Set(Array.from({ length: 300 }, () => between(random, low, low + span)))
        expect([...drawn].sort((a, b) => a - b)).toEqual(Array.from({ length: span + 1 }, (_, index) => low + index))
      }),
    )
  })

  test('[U5] ids are as long as their bytes ask and safe in a URL', () => {
    expect(randomId(systemRandom)).toMatch(/^[\w-]{22}$/)
    expect(randomId(systemRandom, 3)).toMatch(/^[\w-]{4}$/)
    expect(new Set(Array.from({ length: 1000 }, () => randomId(systemRandom))).size).toBe(1000)
  })

  test('[U5] a UUID has its version and its variant', () => {
    const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
    const random = seededRandom(3)
    for (let left = 200; left > 0; left--) expect(randomUuid(random)).toMatch(uuid)
  })
})
