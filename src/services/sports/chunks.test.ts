import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SimClock } from '../../../sim/core/clock.ts'
import { Publication } from '../../protocol/index.ts'
import { chunkLimits } from './chunk-limits.ts'
import { type Chunk, Chunks } from './chunks.ts'

function start(clock: SimClock, first = 1, numbering: 'count' | 'places' = 'count') {
  const closed: Chunk[] = []
  const encode = (n: number, updates: readonly Publication[]) => `${n}: ${updates.map(({ offset }) => offset)}`
  const chunks = new Chunks({ clock, first, numbering, encode, closed: chunk => closed.push(chunk) })
  return { chunks, closed, bodies: () => closed.map(({ body }) => body) }
}

function update(offset: number, time: number, data = ''): Publication {
  return new Publication({ data, offset, time })
}

describe('a chunk', () => {
  test('[S15][CD2] closes two seconds after its first update, however many follow', () => {
    const clock = new SimClock()
    const { chunks, bodies } = start(clock)
    chunks.add(update(1, clock.now()))
    clock.advance(1500)
    chunks.add(update(2, clock.now()))
    clock.advance(499)
    expect(bodies()).toEqual([])
    clock.advance(1)
    expect(bodies()).toEqual(['1: 1,2'])
    clock.advance(60_000)
    expect(chunks.next).toBe(2)
    chunks.add(update(3, clock.now()))
    clock.advance(2000)
    expect(bodies()).toEqual(['1: 1,2', '2: 3'])
  })

  test('[S15][CD2] closes with its twentieth update at once', () => {
    const clock = new SimClock()
    const { chunks, closed } = start(clock)
    for (let offset = 1; offset <= 45; offset++) chunks.add(update(offset, clock.now()))
    expect(closed.map(({ updates }) => updates.length)).toEqual([20, 20])
    expect(chunks.open.length).toBe(5)
    clock.advance(2000)
    expect(closed.map(({ updates }) => updates.length)).toEqual([20, 20, 5])
  })

  test('[S15] is found by its number, the next one is known to be next, and what is farther ahead is not there', () => {
    const clock = new SimClock()
    const { chunks, closed } = start(clock)
    for (let offset = 1; offset <= 40; offset++) chunks.add(update(offset, clock.now()))
    expect(chunks.find(2)).toEqual({ kind: 'closed', chunk: closed[1] as Chunk })
    expect([0, 3, 4].map(n => chunks.find(n).kind)).toEqual(['gone', 'next', 'ahead'])
  })

  test('[CD3] goes when more than enough have come after it, by count and by size, and its number never comes again', () => {
    const clock = new SimClock()
    const { chunks } = start(clock)
    const count = chunkLimits.chunksMax + 3
    for (let n = 1; n <= count; n++) {
      chunks.add(update(n, clock.now()))
      clock.advance(2000)
    }
    expect([1, 3, 4, count].map(n => chunks.find(n).kind)).toEqual(['gone', 'gone', 'closed', 'closed'])
    const large = new Chunks({ clock, first: 1, encode: () => 'x'.repeat(chunkLimits.charactersMax / 2), closed() {} })
    for (let offset = 1; offset <= 60; offset++) large.add(update(offset, clock.now()))
    expect([1, 2, 3].map(n => large.find(n).kind)).toEqual(['gone', 'closed', 'closed'])
  })
})

test('[CD2] the same updates are cut into the same chunks, live and from the history, whenever that is read', () => {
  const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 3000 })), { minLength: 1, maxLength: 120 })
  fc.assert(
    fc.property(gaps, fc.integer({ min: 0, max: 5000 }), (pauses, restMs) => {
      const clock = new SimClock()
      const live = start(clock)
      const updates = pauses.map((pause, index) => {
        clock.advance(pause)
        const next = update(index + 1, clock.now())
        live.chunks.add(next)
        return next
      })
      clock.advance(restMs)
      const again = start(clock)
      for (const next of updates) again.chunks.add(next)
      clock.advance(0)
      expect(again.bodies()).toEqual(live.bodies())
      expect(again.chunks.open).toEqual(live.chunks.open)
      clock.advance(2000)
      expect(again.bodies()).toEqual(live.bodies())
      expect(live.closed.flatMap(chunk => chunk.updates)).toEqual(updates)
      // So that numbers may begin above the newest offset when the history is no longer whole.
      expect(live.closed.filter(({ n, updates: [first] }) => n > (first?.offset ?? 0))).toEqual([])
    }),
    { numRuns: 200 },
  )
})

test('[SF12] chunks that are numbered by places are the same wherever cutting began, however late updates are heard, within half a second', () => {
  const steps = fc.array(fc.record({ gapMs: fc.nat(1500), skip: fc.nat(3) }), { minLength: 2, maxLength: 80 })
  fc.assert(
    fc.property(steps, fc.nat(79), fc.infiniteStream(fc.nat(chunkLimits.lagMs - 1)), (list, from, lags) => {
      const clock = new SimClock()
      let [time, offset] = [clock.now(), 0]
      const updates = list.map(({ gapMs, skip }) => {
        time += gapMs
        offset += 1 + skip
        return update(offset, time)
      })
      const begin = updates[Math.min(from, updates.length - 1)]?.offset ?? 0
      const [all, some] = [start(clock, 1, 'places'), start(clock, begin, 'places')]
      let heardAt = 0
      for (const one of updates) {
        const [lag = 0] = [...lags.take(1)]
        // In order, as a log is read.
        heardAt = Math.max(heardAt, one.time + lag)
        clock.after(one.time - clock.now(), () => all.chunks.add(one))
        if (one.offset >= begin) clock.after(heardAt - clock.now(), () => some.chunks.add(one))
      }
      clock.advance(time - clock.now() + 10_000)
      const known = new Map(all.closed.map(({ n, body }) => [n, body]))
      for (const { n, body } of some.closed) if (known.has(n)) expect(body).toBe(known.get(n) ?? '')
      expect(some.chunks.next).toBe(offset + 1)
      for (const { n, body } of all.closed) {
        const place = all.chunks.find(n)
        expect(place.kind === 'closed' && place.chunk.body).toBe(body)
        if (!known.has(n + 1) && n + 1 !== all.chunks.next) expect(all.chunks.find(n + 1).kind).toBe('gone')
      }
      expect(all.chunks.since(begin).map(({ offset }) => offset)).toEqual(
        all.closed.filter(({ n }) => n >= begin).flatMap(({ updates }) => updates.map(({ offset }) => offset)),
      )
    }),
    { numRuns: 100 },
  )
})
