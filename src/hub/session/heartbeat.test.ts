import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SimClock } from '../../../sim/core/clock.ts'
import { type Beating, Heartbeat } from './heartbeat.ts'

class Item implements Beating {
  beatIndex = -1
  readonly beats: number[] = []

  constructor(readonly beatPhase: number) {}
}

describe('Heartbeat', () => {
  test('[U30] each item beats once an interval, and what was removed no more', () => {
    const changes = fc.array(fc.record({ who: fc.nat(30), afterMs: fc.nat(2000) }), { maxLength: 40 })
    fc.assert(
      fc.property(changes, steps => {
        const clock = new SimClock()
        const heartbeat = new Heartbeat<Item>(clock, 2000, 0, item => {
          expect(item.beatIndex).not.toBe(-1)
          item.beats.push(clock.now())
        })
        const items = Array.from({ length: 31 }, (_, phase) => new Item(phase))
        for (const { who, afterMs } of steps) {
          clock.advance(afterMs)
          const item = items[who]
          if (item === undefined) continue
          if (item.beatIndex === -1) heartbeat.add(item)
          else heartbeat.remove(item)
          item.beats.length = 0
        }
        const began = clock.now()
        for (const item of items) item.beats.length = 0
        clock.advance(10_000)
        for (const { beats, beatIndex } of items) expect(beats.filter(beat => beat > began).length).toBe(beatIndex === -1 ? 0 : 5)
      }),
      { numRuns: 50 },
    )
  })

  test('[U30] the beats of many are spread over the interval', () => {
    const clock = new SimClock()
    const times = new Map<number, number>()
    const heartbeat = new Heartbeat<Item>(clock, 2000, 0, () => times.set(clock.now(), (times.get(clock.now()) ?? 0) + 1))
    for (let phase = 0; phase < 800; phase++) heartbeat.add(new Item(phase))
    clock.advance(2000)
    expect([...times.values()]).toEqual(new Array(8).fill(100))
  })

  test('[U30] a second heartbeat follows the first at its distance, over the same items', () => {
    const clock = new SimClock()
    const log: string[] = []
    const start = clock.now()
    const first = new Heartbeat<Item>(clock, 2000, 0, () => log.push(`ping ${clock.now() - start}`))
    new Heartbeat<Item>(clock, 2000, 500, () => log.push(`pong ${clock.now() - start}`), first)
    first.add(new Item(3))
    clock.advance(4000)
    expect(log).toEqual(['ping 1000', 'pong 1500', 'ping 3000', 'pong 3500'])
  })

  test('[U30] an item may remove itself and others while it beats', () => {
    const clock = new SimClock()
    let beats = 0
    const items = [new Item(0), new Item(0), new Item(0)]
    const heartbeat = new Heartbeat<Item>(clock, 1000, 0, item => {
      beats++
      heartbeat.remove(item)
    })
    for (const item of items) heartbeat.add(item)
    clock.advance(3000)
    expect([beats, ...items.map(({ beatIndex }) => beatIndex)]).toEqual([3, -1, -1, -1])
    heartbeat.close()
  })
})
