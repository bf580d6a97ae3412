import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { applyDelta } from 'fossil-delta'
import type { Json } from '../kit/index.ts'
import { encodeDelta } from './delta.ts'
import { Publication } from './publication.ts'

/** What an SDK does: a delta is applied to the bytes of the data before, anything else is the data. */
function read(previous: Json, wire: string): Json {
  const { data, delta } = JSON.parse(wire)
  if (delta !== true) return JSON.parse(data)
  const bytes = applyDelta(new TextEncoder().encode(JSON.stringify(previous)), new TextEncoder().encode(data))
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
}

const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'é', 'ж', '中', '文', '𝄞', '👍', '\ufffd', '"', '\\', '\n', '\u2028'),
  maxLength: 80,
})
const value = fc.record({ title: text, rows: fc.array(fc.record({ id: fc.nat(9), body: text }), { maxLength: 8 }) })

describe('encodeDelta', () => {
  test('[U13] gives the next data back when it is applied to the data before, also in texts of many bytes a character', () => {
    fc.assert(
      fc.property(value, value, fc.nat(7), (left, right, cut) => {
        const mixed = { title: left.title.slice(cut) + right.title, rows: [...left.rows.slice(0, cut), ...right.rows] }
        for (const next of [right, mixed, left]) {
          const wire = encodeDelta(new Publication({ data: left, offset: 1 }), new Publication({ data: next, offset: 2 }))
          expect(read(left, wire)).toEqual(JSON.parse(JSON.stringify(next)))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('[U13] any JSON can follow any other', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
        const [left, right]: [Json, Json] = [JSON.parse(JSON.stringify(before)), JSON.parse(JSON.stringify(after))]
        expect(read(left, encodeDelta(new Publication({ data: left }), new Publication({ data: right })))).toEqual(right)
      }),
    )
  })

  test('[U13] a small change of a large value costs little, and keeps its envelope', () => {
    const rows = Array.from({ length: 50 }, (_, id) => ({ id, name: `player ${id}`, club: 'Малмё' }))
    const before = new Publication({ data: { rows }, offset: 6 })
    const after = new Publication({ data: { rows: rows.with(20, { id: 20, name: 'someone else', club: 'Malmö' }) }, offset: 7, key: 'k' })
    const wire = encodeDelta(before, after)
    expect(wire.length).toBeLessThan(200)
    expect(JSON.parse(wire)).toMatchObject({ offset: 7, delta: true, key: 'k' })
  })

  test('[U13] a delta that would be longer than the data is not sent', () => {
    const wire = encodeDelta(new Publication({ data: 'abc' }), new Publication({ data: 42, offset: 3 }))
    expect(JSON.parse(wire)).toEqual({ data: '42', offset: 3 })
  })
})
