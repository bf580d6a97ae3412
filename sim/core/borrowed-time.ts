import type { Random, Timer } from '../../src/kit/index.ts'
import type { SimClock } from './clock.ts'

/**
 * Runs something with the timers, the time and the chance of the simulation in place of the global ones, for code that takes no others: the
 * published SDK. Nothing else can run meanwhile, since all of it happens in one turn of the real event loop.
 */
export function onBorrowedTime<T>(time: SimClock, random: Random, failed: (error: unknown) => void, run: () => T): T {
  const { setTimeout, clearTimeout, reportError } = globalThis
  const { now } = Date
  const { random: chance } = Math
  Object.assign(globalThis, {
    setTimeout: (callback: () => void, ms = 0): Timer => time.after(ms, callback),
    clearTimeout: (timer: Timer | null | undefined) => timer?.cancel(),
    reportError: failed,
  })
  Object.assign(Date, { now: () => time.now() })
  Object.assign(Math, { random: () => random.next() })
  try {
    return run()
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout, reportError })
    Object.assign(Date, { now })
    Object.assign(Math, { random: chance })
  }
}
