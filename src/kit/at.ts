import { assert } from './assert.ts'

/** The entry at an index that is within the list: where there is none, the code is wrong and not its input. */
export function at<T>(list: readonly T[], index: number): T {
  const entry = list.at(index)
  assert(entry !== undefined, `no entry ${index} of ${list.length}`)
  return entry
}
