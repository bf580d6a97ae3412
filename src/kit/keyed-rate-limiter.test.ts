import { expect, test } from 'bun:test'
import { KeyedRateLimiter } from './keyed-rate-limiter.ts'

test('[Y100] each key has a rate of its own, and says when it may go on', () => {
  const limiter = new KeyedRateLimiter({ perSecond: 1, burst: 2 })
  expect([limiter.take('a', 0), limiter.take('a', 0), limiter.take('a', 0), limiter.take('b', 0, 2)]).toEqual([true, true, false, true])
  expect([limiter.waitMs('a', 0), limiter.waitMs('a', 400), limiter.waitMs('c', 0)]).toEqual([1000, 600, 0])
  expect([limiter.take('a', 1000), limiter.take('a', 1000)]).toEqual([true, false])
})

test('[Y100] keys that have all of their rate again are forgotten, and all of them where there are too many', () => {
  const limiter = new KeyedRateLimiter({ perSecond: 1, burst: 1 }, 2)
  for (const key of ['a', 'b']) limiter.take(key, 0)
  limiter.sweep(500)
  expect(limiter.size).toBe(2)
  limiter.take('b', 1000)
  limiter.sweep(1000)
  expect([limiter.size, limiter.take('b', 1000)]).toEqual([1, false])
  for (const key of ['c', 'd']) limiter.take(key, 1000)
  limiter.sweep(1000)
  expect(limiter.size).toBe(0)
})
