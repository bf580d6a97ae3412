import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Histogram } from './histogram.ts'

describe('Histogram', () => {
  test('[BC1] a quantile is the true one of the sorted values, at most one bucket (1.6 %) lower', () => {
    const values = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(values, fc.constantFrom(0, 0.5, 0.95, 0.99, 1), (numbers, share) => {
        const histogram = new Histogram()
        for (const number of numbers) histogram.add(number)
        const exact = numbers.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * numbers.length)) - 1] ?? Number.NaN
        const found = histogram.quantile(share)
        expect(found).toBeLessThanOrEqual(exact)
        expect(found).toBeGreaterThan(exact * (1 - 1 / 63) - 1)
        expect(histogram.count).toBe(numbers.length)
        expect(histogram.max).toBe(Math.max(...numbers))
      }),
    )
  })

  test('[BC1] nothing added gives zero', () => {
    expect(new Histogram().quantile(0.99)).toBe(0)
    expect(new Histogram().max).toBe(0)
  })

  test('[BC1] small values are exact', () => {
    const histogram = new Histogram()
    for (const value of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) histogram.add(value)
    expect([0.1, 0.5, 0.9, 1].map(share => histogram.quantile(share))).toEqual([1, 5, 9, 10])
  })
})
