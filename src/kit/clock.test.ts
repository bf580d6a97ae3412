import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { every, everyAsync, systemClock } from './clock.ts'
import { SteppedClock } from './stepped-clock.ts'

describe('every', () => {
  test('[U3] runs again and again at the same distance until it is cancelled', () => {
    const clock = new SimClock()
    const start = clock.now()
    const beats: number[] = []
    const timer = every(clock, 100, () => beats.push(clock.now() - start))
    clock.advance(350)
    timer.cancel()
    clock.advance(1000)
    expect(beats).toEqual([100, 200, 300])
  })

  test('[U3] a run that throws does not end the series', () => {
    const clock = new SimClock()
    let beats = 0
    every(clock, 100, () => {
      beats++
      if (beats === 1) throw new Error('once')
    })
    expect(() => clock.advance(100)).toThrow('once')
    clock.advance(200)
    expect(beats).toBe(3)
  })

  test('[U3] a run may cancel its own series', () => {
    const clock = new SimClock()
    let beats = 0
    const timer = every(clock, 100, () => {
      beats++
      timer.cancel()
    })
    clock.advance(1000)
    expect(beats).toBe(1)
  })
})

describe('systemClock', () => {
  test('[U3] what is put off with soon follows the promises of the turn and precedes its timers', async () => {
    const order: string[] = []
    await new Promise<void>(resolve => {
      systemClock.after(1, () => {
        order.push('timer')
        resolve()
      })
      systemClock.soon(() => order.push('soon'))
      void Promise.resolve().then(() => order.push('promise'))
    })
    expect(order).toEqual(['promise', 'soon', 'timer'])
  })

  test('[U3] a cancelled timer does not run', async () => {
    let ran = false
    const timer = systemClock.after(0, () => {
      ran = true
    })
    timer.cancel()
    timer.cancel()
    await new Promise<void>(resolve => systemClock.after(2, resolve))
    expect(ran).toBe(false)
  })
})

test('[Y104] what takes time runs again only after it has ended, whether it fails or not, until it is cancelled', async () => {
  const clock = new SteppedClock()
  const runs: PromiseWithResolvers<void>[] = []
  const failures: unknown[] = []
  const run = () => {
    const made = Promise.withResolvers<void>()
    runs.push(made)
    return made.promise
  }
  const timer = everyAsync(clock, 100, run, error => failures.push(error))
  clock.advance(500)
  expect(runs.length).toBe(1)
  runs[0]?.reject('no')
  await new Promise(setImmediate)
  clock.advance(100)
  expect([runs.length, failures]).toEqual([2, ['no']])
  runs[1]?.resolve()
  await new Promise(setImmediate)
  timer.cancel()
  clock.advance(500)
  expect(runs.length).toBe(2)
})
