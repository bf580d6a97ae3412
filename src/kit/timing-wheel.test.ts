import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { MachineClock, SimClock } from '../../sim/core/clock.ts'
import { TimingWheel } from './timing-wheel.ts'

const slotMs = 100
const slots = 8

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('set' as const), item: fc.nat(9), ms: fc.nat(3000) }),
    fc.record({ kind: fc.constant('delete' as const), item: fc.nat(9) }),
    fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(700) }),
  ),
  { maxLength: 60 },
)

describe('TimingWheel', () => {
  test('[U8] an item expires once, never early and at most two slots late, unless it was taken out or set anew', () => {
    fc.assert(
      fc.property(steps, history => {
        const clock = new SimClock()
        const due = new Map<number, number>()
        const wheel = new TimingWheel<number>(clock, slotMs, slots, item => {
          const deadline = due.get(item)
          expect(deadline).toBeDefined()
          expect(clock.now()).toBeGreaterThanOrEqual(deadline ?? Number.NaN)
          expect(clock.now()).toBeLessThanOrEqual((deadline ?? 0) + 2 * slotMs)
          due.delete(item)
        })
        for (const step of history) {
          if (step.kind === 'advance') clock.advance(step.ms)
          else if (step.kind === 'delete') {
            wheel.delete(step.item)
            due.delete(step.item)
          } else {
            wheel.set(step.item, step.ms)
            due.set(step.item, clock.now() + step.ms)
          }
          expect(wheel.size).toBe(due.size)
        }
        clock.advance(4000)
        expect(due.size).toBe(0)
      }),
    )
  })

  test('[U8] a clock that leaps forward expires what it passed, one set back stops for no time at all', () => {
    for (const leapMs of [-3_600_000, 3_600_000]) {
      const time = new SimClock()
      const clock = new MachineClock(time)
      const expired: string[] = []
      const wheel = new TimingWheel<string>(clock, slotMs, slots, item => expired.push(item))
      wheel.set('a', 500)
      clock.leap(leapMs)
      time.advance(250)
      expect(expired).toEqual(leapMs > 0 ? ['a'] : [])
      time.advance(500)
      expect(expired).toEqual(['a'])
    }
  })

  test('[U8] nothing runs while nothing waits, and nothing after it was closed', () => {
    const clock = new SimClock()
    const wheel = new TimingWheel<string>(clock, slotMs, slots, () => expect.unreachable())
    clock.advance(10_000)
    expect(clock.events).toBe(0)
    wheel.set('a', 500)
    wheel.close()
    clock.advance(10_000)
    expect(wheel.size).toBe(0)
    expect(clock.events).toBe(0)
  })
})
