import { expect, test } from 'bun:test'
import { UndoLog } from './undo-log.ts'

const named = (name: string) => ({ name })
const names = (changes: readonly { name: string }[]) => changes.map(({ name }) => name)

test('[S12] what was changed after a moment is known for as long as anyone may be behind', () => {
  const undoLog = new UndoLog<{ name: string }>([{ atMs: 1000, before: named('a') }])
  undoLog.add(5000, named('b'))
  expect(names(undoLog.since(999))).toEqual(['a', 'b'])
  expect(names(undoLog.since(1000))).toEqual(['b'])
  expect(names(undoLog.since(5000))).toEqual([])
  undoLog.add(61_500, named('c'))
  expect(names(undoLog.since(1500))).toEqual(['b', 'c'])
  undoLog.add(66_100, named('d'))
  expect(names(undoLog.since(0))).toEqual(['c', 'd'])
})

test('[S12] a clock that was set back does not leave what happened before it in the future', () => {
  const undoLog = new UndoLog<{ name: string }>()
  undoLog.add(7_200_000, named('a'))
  undoLog.add(3_600_000, named('b'))
  expect(names(undoLog.since(3_599_999))).toEqual(['a', 'b'])
  expect(names(undoLog.since(3_600_000))).toEqual([])
})
