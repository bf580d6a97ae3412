import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { joinMarks, type Mark, tickOf, unmarked } from './roster.ts'

const seat = (user: string, since = 1) => ({ user, role: 'member' as const, since })
const marks = (entries: Record<string, readonly [delivered: number, read: number]>) =>
  new Map(Object.entries(entries).map(([user, [delivered, read]]): [string, Mark] => [user, { delivered, read }]))

test.each([
  ['nobody has it', [seat('me'), seat('bob')], {}, 'sent'],
  ['the one other has it', [seat('me'), seat('bob')], { bob: [5, 0] }, 'delivered'],
  ['the one other has read it', [seat('me'), seat('bob')], { bob: [9, 5] }, 'read'],
  ['one of two has it', [seat('me'), seat('bob'), seat('cem')], { bob: [5, 5], cem: [4, 4] }, 'sent'],
  ['both have it, one has read it', [seat('me'), seat('bob'), seat('cem')], { bob: [5, 5], cem: [5, 4] }, 'delivered'],
  ['who came later does not count', [seat('me'), seat('bob'), seat('cem', 6)], { bob: [5, 5] }, 'read'],
  ['who left and had it counts', [seat('me'), seat('bob')], { bob: [5, 5], gone: [7, 4] }, 'delivered'],
  ['who was removed before it does not count', [seat('me'), seat('bob')], { bob: [5, 5], gone: [4, 4] }, 'read'],
  ['all have left, and had read it', [seat('me')], { gone: [5, 5] }, 'read'],
  ['nobody else was ever there', [seat('me')], { me: [9, 9] }, 'sent'],
] as const)('[M11] %s', (_, seats, given, tick) => {
  expect(tickOf(5, 'me', seats, marks(given))).toBe(tick)
})

test('[M9] watermarks only rise, and reading is having it delivered', () => {
  const part = fc.record({ delivered: fc.nat(50), read: fc.nat(50) }, { requiredKeys: [] })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), parts => {
      const mark = parts.reduce<Mark>(joinMarks, unmarked)
      expect(parts.toReversed().reduce<Mark>(joinMarks, mark)).toBe(mark)
      expect(mark.read).toBe(Math.max(0, ...parts.map(({ read = 0 }) => read)))
      expect(mark.delivered).toBe(Math.max(mark.read, ...parts.map(({ delivered = 0 }) => delivered)))
    }),
  )
})
