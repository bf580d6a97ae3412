import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { framesOf, LineReader } from './frames.ts'

const line = fc.oneof(
  fc.string({ maxLength: 200, unit: 'binary' }),
  fc.tuple(fc.constantFrom('a', 'é', '語', '🏟'), fc.integer({ min: 1, max: 20_000 })).map(([unit, count]) => unit.repeat(count)),
)
const lines = fc.array(
  line.map(text => text.replaceAll('\n', ' ')).filter(text => text !== '' && text.isWellFormed()),
  { minLength: 1, maxLength: 8 },
)

describe('frames of a link', () => {
  test('[T1] lines of any length and script arrive as they were, in frames that every WebSocket takes', () => {
    fc.assert(
      fc.property(lines, given => {
        const frames = [...framesOf(given)]
        for (const frame of frames) {
          expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(16 * 1024)
          expect(frame.isWellFormed()).toBe(true)
        }
        const reader = new LineReader()
        expect(frames.flatMap(frame => reader.read(frame))).toEqual(given)
      }),
      { numRuns: 300 },
    )
  })

  test('[T1] a line is given when its end is there, and not before', () => {
    const reader = new LineReader()
    expect(reader.read('one\ntw')).toEqual(['one'])
    expect(reader.read('')).toEqual([])
    expect(reader.read('o')).toEqual([])
    expect(reader.read('\n\nthree\n')).toEqual(['two', 'three'])
  })

  test('[T1] what never ends is not read into memory without bound', () => {
    const reader = new LineReader()
    const endless = 'x'.repeat(64 * 1024 * 1024)
    expect(() => {
      for (let frame = 0; frame < 6; frame++) reader.read(endless)
    }).toThrow(RangeError)
  })
})
