import { expect, test } from 'bun:test'
import { at } from './at.ts'
import { defined } from './defined.ts'
import { ownEntry } from './own-entry.ts'

test('[Y105] what is undefined is left out, and everything else stays', () => {
  const given: { readonly a: number | undefined; readonly b: string | undefined; readonly c: null; readonly d: boolean } = {
    a: undefined,
    b: '',
    c: null,
    d: false,
  }
  const made: { a?: number; b?: string; c: null; d: boolean } = defined(given)
  expect(Object.entries(made)).toEqual([
    ['b', ''],
    ['c', null],
    ['d', false],
  ])
})

test('[Y105] an index outside of a list is a broken invariant', () => {
  expect([at([1, 2], 0), at([1, 2], -1)]).toEqual([1, 2])
  expect(() => at([1, 2], 2)).toThrow('invariant broken: no entry 2 of 2')
})

test('[Y105] what every object inherits is no entry of a record', () => {
  expect([ownEntry({ a: 1 }, 'a'), ownEntry({ a: 1 }, 'constructor'), ownEntry({}, '__proto__')]).toEqual([1, undefined, undefined])
})
