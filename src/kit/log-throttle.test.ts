import { expect, test } from 'bun:test'
import { LogThrottle } from './log-throttle.ts'
import { SteppedClock } from './stepped-clock.ts'

test('[Y103] one line of each key passes in a while, and says how many were held back', () => {
  const clock = new SteppedClock()
  const throttle = new LogThrottle(clock, 1000)
  expect([throttle.pass('a'), throttle.pass('a'), throttle.pass('a'), throttle.pass('b')]).toEqual([0, undefined, undefined, 0])
  clock.advance(999)
  expect(throttle.pass('a')).toBeUndefined()
  clock.advance(1)
  expect([throttle.pass('a'), throttle.pass('b')]).toEqual([3, 0])
})

test('[Y103] of more keys than are told apart the oldest passes again', () => {
  const throttle = new LogThrottle(new SteppedClock(), 1000, 2)
  for (const key of ['a', 'b', 'c']) throttle.pass(key)
  expect([throttle.pass('c'), throttle.pass('a')]).toEqual([undefined, 0])
})
