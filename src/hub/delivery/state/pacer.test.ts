import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { MachineClock, SimClock } from '../../../../sim/core/clock.ts'
import { KeyedState } from './keyed-state.ts'
import { Pacers } from './pacer.ts'
import { ReadCursor } from './state-store.ts'

const intervalMs = 100

/** A subscriber that takes its news at once when its beat comes. */
class Subscriber {
  readonly beats: number[] = []
  readonly cursor: ReadCursor

  constructor(
    readonly clock: SimClock,
    store: KeyedState,
    phase: number,
  ) {
    const outbox = { markDirty: (cursor: ReadCursor) => this.#beat(cursor) }
    this.cursor = new ReadCursor(store, outbox, phase)
  }

  #beat(cursor: ReadCursor): void {
    this.beats.push(this.clock.now())
    cursor.drain()
  }
}

function stage(clock = new SimClock(), ticking = clock as ConstructorParameters<typeof Pacers>[0]) {
  const pacer = new Pacers(ticking).of(intervalMs)
  const store = new KeyedState('quote:1', pacer, true)
  const subscribers = Array.from({ length: 10 }, (_, phase) => new Subscriber(clock, store, phase))
  return { clock, pacer, subscribers }
}

describe('Pacer', () => {
  test('[U29] each subscriber is sent at most one batch an interval, and its news waits no longer than one', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ who: fc.nat(9), afterMs: fc.nat(130) }), { maxLength: 80 }), pokes => {
        const { clock, subscribers } = stage()
        for (const { who, afterMs } of pokes) {
          clock.advance(afterMs)
          const poked = clock.now()
          const subscriber = subscribers[who]
          subscriber?.cursor.markDirty()
          clock.after(intervalMs + 1, () => expect(subscriber?.beats.at(-1)).toBeGreaterThanOrEqual(poked))
        }
        clock.advance(1000)
        for (const { beats } of subscribers) {
          for (const [index, beat] of beats.entries())
            if (index > 0) expect(beat - (beats[index - 1] ?? 0)).toBeGreaterThanOrEqual(intervalMs)
        }
      }),
    )
  })

  test('[U29] subscribers are spread over the interval, so that the work does not come all at once', () => {
    const { clock, subscribers } = stage()
    for (const { cursor } of subscribers) cursor.markDirty()
    clock.advance(1000)
    expect(new Set(subscribers.map(({ beats }) => beats[0])).size).toBe(10)
  })

  test('[U29] nothing beats while nobody waits', () => {
    const { clock, subscribers } = stage()
    subscribers[0]?.cursor.markDirty()
    clock.advance(1000)
    const { events } = clock
    clock.advance(10_000)
    expect(clock.events).toBe(events)
  })

  test('[U29] a clock that leaps, forward or back, holds up nobody', () => {
    for (const leapMs of [-3_600_000, 3_600_000]) {
      const time = new SimClock()
      const clock = new MachineClock(time)
      const { subscribers } = stage(time, clock)
      for (let beat = 1; beat <= 20; beat++) {
        for (const { cursor } of subscribers) cursor.markDirty()
        if (beat === 5) clock.leap(leapMs)
        time.advance(intervalMs)
        for (const { beats } of subscribers) expect(time.now() - (beats.at(-1) ?? 0)).toBeLessThanOrEqual(2 * intervalMs)
      }
    }
  })

  test('[U29] one pacer serves all of an interval, and none is needed where news is sent at once', () => {
    const pacers = new Pacers(new SimClock())
    expect(pacers.of(100)).toBe(pacers.of(100))
    expect(pacers.of(100)).not.toBe(pacers.of(200))
    expect(pacers.of(0)).toBeUndefined()
  })
})
