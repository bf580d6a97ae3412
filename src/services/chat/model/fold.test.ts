import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { findWords, foldText, wordsOf } from './fold.ts'

/** The parts of a text that a search marks; undefined where it does not find it. */
function marked(text: string, query: string): string[] | undefined {
  const folded = foldText(text)
  return findWords(folded, wordsOf(query))?.map(([from, to]) => folded.plain.slice(from, to))
}

test('[M120] a search does not mind case, accents, width, ligatures, and letters of one sound', () => {
  for (const [text, query, hit] of [
    ['Das Café', 'cafe', 'Café'],
    ['Das Cafe\u0301 hier', 'CAFÉ', 'Caf\u00e9'],
    ['İstanbul', 'istanbul', 'İstanbul'],
    ['ISTANBUL', 'ıstanbul', 'ISTANBUL'],
    ['Straße', 'strasse', 'Straße'],
    ['STRASSE', 'straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδος', 'ΟΔΟΣ'],
    ['οδός', 'ΟΔΟΣ', 'οδός'],
    ['ｆｕｌｌ ｗｉｄｔｈ', 'full', 'ｆｕｌｌ'],
    ['ｶﾞﾗｽ', 'ガラス', 'ｶﾞﾗｽ'],
    ['ﬁnance', 'finance', 'ﬁnance'],
    ['Smørrebrød', 'smorrebrod', 'Smørrebrød'],
    ['ёлка', 'елка', 'ёлка'],
    ['مُحَمَّد', 'محمد', 'مُحَمَّد'],
    ['مـــحمد', 'محمد', 'مـــحمد'],
    ['أحمد', 'احمد', 'أحمد'],
    ['می\u200cخواهم', 'ميخواهم', 'می\u200cخواهم'],
    ['שָׁלוֹם', 'שלום', 'שָׁלוֹם'],
    ['१२३', '123', '१२३'],
    ['👍🏽 yes', '👍', '👍🏽'],
  ] as const)
    expect([text, query, marked(text, query)]).toEqual([text, query, [hit]])
})

test('[M120] each word is the begin of a word, whatever their order; an apostrophe or a hyphen may be left out, or begin one', () => {
  for (const [text, query, hits] of [
    ['one two three', 'thr on', ['on', 'thr']],
    ['one two three', 'wo', undefined],
    ['one two', 'one four', undefined],
    ['l’été', 'ete', ['été']],
    ["don't", 'dont', ["don't"]],
    ['e-mail', 'email', ['e-mail']],
    ['email', 'e-mail', ['email']],
    ['e-mail', 'mail', ['mail']],
    ['https://example.com/lunch', 'example.com', ['example.com']],
    ['foo,bar', 'bar foo', ['foo', 'bar']],
    ['soft\u00adware', 'software', ['soft\u00adware']],
    ['мой', 'мои', undefined],
    ['दिल', 'दल', undefined],
    ['anything', '?!', []],
  ] as const)
    expect([text, query, marked(text, query)]).toEqual([text, query, hits as string[] | undefined])
})

test('[M120] of what is written without spaces every part is found, and no character is split', () => {
  for (const [text, query, hits] of [
    ['東京タワーに行った', 'タワー', ['タワー']],
    ['東京タワーに行った', '行 東京', ['東京', '行']],
    ['がくせい', 'か', undefined],
    ['ฉันรักประเทศไทย', 'ประเทศ', ['ประเทศ']],
    ['買iPhone了', 'iphone', ['iPhone']],
    ['한국어', '한구', ['한국']],
    ['party🎉time', '🎉', ['🎉']],
    ['party🎉time', 'time', ['time']],
  ] as const)
    expect([text, query, marked(text, query)]).toEqual([text, query, hits as string[] | undefined])
})

test('[M120] folding what is folded changes nothing, and every word of a text finds it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), text => {
      const words = wordsOf(text)
      expect(wordsOf(words.join(' '))).toEqual(words)
      const folded = foldText(text)
      for (const [from, to] of findWords(folded, words) ?? [[-1, -1]])
        expect(0 <= from && from <= to && to <= folded.plain.length).toBe(true)
    }),
  )
})
