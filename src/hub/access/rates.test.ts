import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../../sim/core/clock.ts'
import { defaultLimits } from '../limits.ts'
import { Rates } from './rates.ts'

const limits = {
  ...defaultLimits,
  commandRatePerUser: { perSecond: 1, burst: 3 },
  connectRatePerAddress: { perSecond: 1, burst: 2 },
  connectRate: { perSecond: 10, burst: 5 },
}

const allowed = (times: number, ask: () => boolean) => Array.from({ length: times }, ask).filter(yes => yes).length

describe('Rates', () => {
  test('[U32] each user and each address has a rate of its own, with room for a burst', () => {
    const clock = new SimClock()
    const rates = new Rates(clock, limits)
    expect(allowed(10, () => rates.spendFor('user:alice'))).toBe(3)
    expect(allowed(10, () => rates.spendFor('user:bob'))).toBe(3)
    expect(allowed(10, () => rates.admitAddress('10.0.0.1'))).toBe(2)
    clock.advance(2000)
    expect(allowed(10, () => rates.spendFor('user:alice'))).toBe(2)
    rates.close()
  })

  test('[U32] a full node says how long to wait, and lets one in after that', () => {
    const clock = new SimClock()
    const rates = new Rates(clock, limits)
    expect(allowed(5, () => rates.admitSession() === 0)).toBe(5)
    const waitMs = rates.admitSession()
    expect(waitMs).toBe(100)
    clock.advance(waitMs)
    expect(rates.admitSession()).toBe(0)
    rates.close()
  })

  test('[U32] who has been quiet for long enough is forgotten and starts with a full burst', () => {
    const clock = new SimClock()
    const rates = new Rates(clock, limits)
    allowed(3, () => rates.spendFor('user:alice'))
    clock.advance(120_000)
    expect(allowed(10, () => rates.spendFor('user:alice'))).toBe(3)
    rates.close()
  })
})
