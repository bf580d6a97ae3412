import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { RingBuffer } from './ring-buffer.ts'

const operations = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), item: fc.integer() }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('shift' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
  ),
  { maxLength: 200 },
)

describe('RingBuffer', () => {
  test('[U6] behaves as a queue in an array, whatever is done with it', () => {
    fc.assert(
      fc.property(operations, fc.nat(20), fc.nat(20), (steps, from, count) => {
        const ring = new RingBuffer<number>()
        let model: number[] = []
        for (const step of steps) {
          if (step.kind === 'push') {
            ring.push(step.item)
            model.push(step.item)
          } else if (step.kind === 'shift') expect(ring.shift()).toBe(model.shift() as number)
          else {
            ring.clear()
            model = []
          }
          expect(ring.size).toBe(model.length)
        }
        expect(ring.slice(0)).toEqual(model)
        expect(ring.slice(from, count)).toEqual(model.slice(from, from + count))
        expect(Array.from({ length: model.length + 2 }, (_, index) => ring.at(index - 1))).toEqual([undefined, ...model, undefined])
      }),
    )
  })
})
