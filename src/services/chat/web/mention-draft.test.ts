import { expect, test } from 'bun:test'
import { moved, named, namesLike, namingAt, trimmed } from './mention-draft.ts'

test('[W80] somebody is being named behind an @ that begins a word, up to the caret', () => {
  expect(namingAt('hi @an', 6)).toEqual({ at: 3, query: 'an' })
  expect(namingAt('@', 1)).toEqual({ at: 0, query: '' })
  expect(namingAt('(@ann', 5)).toEqual({ at: 1, query: 'ann' })
  expect(namingAt('hi @an and', 6)).toEqual({ at: 3, query: 'an' })
  expect(namingAt('line\n@x', 7)).toEqual({ at: 5, query: 'x' })
  for (const text of ['mail@example', 'hi @ann b', 'hi @@', `@${'a'.repeat(40)}`, '']) expect(namingAt(text, text.length)).toBeUndefined()
})

test('[W80] names are found whatever their case and accents, by the beginning of any of their words', () => {
  const people = ['jose-garcía', 'Ann Smith', 'İpek', 'Straße', 'bob']
  const found = (query: string) => namesLike(people, name => [name], query)
  expect(found('jose')).toEqual(['jose-garcía'])
  expect(found('GARCIA')).toEqual(['jose-garcía'])
  expect(found('smi')).toEqual(['Ann Smith'])
  expect(found('ipek')).toEqual(['İpek'])
  expect(found('strass')).toEqual(['Straße'])
  expect(found('nn')).toEqual([])
  expect(found('')).toEqual(people)
})

test('[W80] a name takes the place of what was typed, with one space behind it', () => {
  const at = { at: 3, query: 'an' }
  expect(named('hi @an', at, 'ann', 'Ann')).toEqual({ text: 'hi @Ann ', mention: { user: 'ann', at: 3, length: 4 }, caret: 8 })
  expect(named('hi @an!', at, 'ann', 'Ann').text).toBe('hi @Ann !')
  expect(named('hi @an there', at, 'ann', 'Ann').text).toBe('hi @Ann there')
})

test('[W80] what is written before a mention moves it, and what is changed in it makes it none', () => {
  const ann = { user: 'ann', at: 3, length: 4 }
  const bob = { user: 'bob', at: 8, length: 4 }
  const both = [ann, bob]
  const text = 'hi @Ann @Bob'
  expect(moved(both, text, 'oh, hi @Ann @Bob')).toEqual([
    { ...ann, at: 7 },
    { ...bob, at: 12 },
  ])
  expect(moved(both, text, `${text}!`)).toEqual(both)
  expect(moved(both, text, 'hi @Anne @Bob')).toEqual([ann, { ...bob, at: 9 }])
  expect(moved(both, text, 'hi @An @Bob')).toEqual([{ ...bob, at: 7 }])
  expect(moved(both, text, 'hi @Ann and @Bob')).toEqual([ann, { ...bob, at: 12 }])
  expect(moved(both, text, '@Bob')).toEqual([{ ...bob, at: 0 }])
  expect(moved(both, text, '')).toEqual([])
})

test('[W80] what is sent has no space around it, and its mentions stand where they stood', () => {
  expect(trimmed('  @Ann ', [{ user: 'ann', at: 2, length: 4 }])).toEqual({ text: '@Ann', mentions: [{ user: 'ann', at: 0, length: 4 }] })
})
