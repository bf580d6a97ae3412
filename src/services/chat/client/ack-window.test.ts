import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { AckWindow } from './ack-flusher.ts'
import { Ranges } from './ranges.ts'

const number = fc.integer({ min: 1, max: 60 })

test('[M5] only what is contiguous from what was acknowledged is held, in whatever order entries come', () => {
  fc.assert(
    fc.property(
      fc.nat(20),
      fc.array(number, { minLength: 12, maxLength: 80 }),
      fc.array(number, { minLength: 1, maxLength: 2 }),
      (start, offsets, covers) => {
        const window = new AckWindow(start)
        const held = new Set(Array.from({ length: start }, (_, index) => index + 1))
        for (const [index, offset] of offsets.entries()) {
          const before = window.held
          window.note(offset)
          held.add(offset)
          if (index === 10)
            for (const upTo of covers) {
              window.cover(upTo)
              for (let each = 1; each <= upTo; each++) held.add(each)
            }
          let contiguous = 0
          while (held.has(contiguous + 1)) contiguous++
          expect(window.held).toBe(contiguous)
          expect(window.held).toBeGreaterThanOrEqual(before)
          expect(window.hasHoles).toBe([...held].some(each => each > contiguous))
        }
      },
    ),
  )
})

test('[M5] an entry that comes again is not counted again', () => {
  const window = new AckWindow(5)
  expect([window.note(5), window.note(7), window.note(7), window.note(6), window.note(6)]).toEqual([false, true, false, true, false])
  expect(window.held).toBe(7)
})

test('[M42] stretches of what is known are whole numbers as a set has them', () => {
  const range = fc.tuple(number, fc.nat(10)).map(([from, length]) => [from, from + length] as const)
  fc.assert(
    fc.property(fc.array(range, { maxLength: 20 }), number, (list, floor) => {
      const ranges = new Ranges()
      const set = new Set<number>()
      for (const [from, to] of list) {
        const size = set.size
        for (let each = from; each <= to; each++) set.add(each)
        expect(ranges.add(from, to)).toBe(set.size > size)
      }
      ranges.dropBelow(floor)
      const expected = [...set].filter(each => each >= floor).toSorted((left, right) => left - right)
      expect(ranges.list.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))).toEqual(expected)
      for (const [index, [from]] of ranges.list.entries()) expect(from).toBeGreaterThan((ranges.list[index - 1]?.[1] ?? -1) + 1)
      for (const each of [1, 20, 40]) expect(ranges.covers(each, each + 1)).toBe(expected.includes(each) && expected.includes(each + 1))
    }),
  )
})
