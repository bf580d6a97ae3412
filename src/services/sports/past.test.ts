import { expect, test } from 'bun:test'
import { Past } from './past.ts'

const named = (name: string) => ({ name })
const names = (changes: readonly { name: string }[]) => changes.map(({ name }) => name)

test('[S12] what was changed after a moment is known for as long as anyone may be behind', () => {
  const past = new Past<{ name: string }>([{ atMs: 1000, before: named('a') }])
  past.add(5000, named('b'))
  expect(names(past.since(999))).toEqual(['a', 'b'])
  expect(names(past.since(1000))).toEqual(['b'])
  expect(names(past.since(5000))).toEqual([])
  past.add(61_500, named('c'))
  expect(names(past.since(1500))).toEqual(['b', 'c'])
  past.add(66_100, named('d'))
  expect(names(past.since(0))).toEqual(['c', 'd'])
})

test('[S12] a clock that was set back does not leave what happened before it in the future', () => {
  const past = new Past<{ name: string }>()
  past.add(7_200_000, named('a'))
  past.add(3_600_000, named('b'))
  expect(names(past.since(3_599_999))).toEqual(['a', 'b'])
  expect(names(past.since(3_600_000))).toEqual([])
})
