import { expect, test } from 'bun:test'
import { findWords, foldText, wordsOf } from '../model/fold.ts'
import { snippetOf } from './snippet.ts'

function snippet(text: string, query: string) {
  const folded = foldText(text)
  return snippetOf(folded.plain, findWords(folded, wordsOf(query)) ?? [])
}

test('[M51] what search found is shown around the first hit, and every hit is marked', () => {
  const parts = snippet(`${'words before it '.repeat(10)}the heron flew over the lake${' and on'.repeat(60)}`, 'HERON lake')
  expect(parts.filter(({ hit }) => hit).map(({ text }) => text)).toEqual(['heron', 'lake'])
  const shown = parts.map(({ text }) => text).join('')
  expect(shown.length).toBeLessThanOrEqual(202)
  expect(shown).toMatch(/^…(words|before|it) .* (and|on)…$/)
  expect(snippet('a (b)\n\n  c', 'b')).toEqual([{ text: 'a (' }, { text: 'b', hit: true }, { text: ') c' }])
})

test('[M51] a snippet is not cut inside of a character', () => {
  const family = '👩‍👩‍👧‍👦'
  const text = `${family.repeat(30)}${'e\u0301\u0302'.repeat(100)}needle${family.repeat(40)}`
  const shown = snippetOf(text, [[text.indexOf('needle'), text.indexOf('needle') + 6]])
  const characters = new Set([...new Intl.Segmenter().segment(shown.map(part => part.text).join(''))].map(({ segment }) => segment))
  expect([...characters].toSorted()).toEqual([...new Set(['…', ...'needle', family, 'e\u0301\u0302'])].toSorted())
})
