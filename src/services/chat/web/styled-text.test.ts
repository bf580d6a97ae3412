import { expect, test } from 'bun:test'
import { plainOf, type RichPart, richParts } from './styled-text.ts'

const marks = { bold: 'b', italic: 'i', strike: 's', code: 'c', block: 'p' } as const

/** As markup, to compare by. */
function told(parts: readonly RichPart[]): string {
  return parts
    .map(part => {
      if (part.kind === 'text') return part.text
      if (part.kind === 'link') return `[${part.text}]`
      return `<${marks[part.style]}>${told(part.parts)}</${marks[part.style]}>`
    })
    .join('')
}

test.each([
  ['*bold* _italic_ ~gone~ `code`', '<b>bold</b> <i>italic</i> <s>gone</s> <c>code</c>'],
  ['*all _of ~it~_*', '<b>all <i>of <s>it</s></i></b>'],
  ['(*so*), "_so_"!', '(<b>so</b>), "<i>so</i>"!'],
  ['*two words* and *more*', '<b>two words</b> and <b>more</b>'],
  ['snake_case_name 2*3*4 5 * 3 * 2 a~b~c', 'snake_case_name 2*3*4 5 * 3 * 2 a~b~c'],
  ['**twice** __init__ * * ** *', '**twice** __init__ * * ** *'],
  ['*over\nlines*', '*over\nlines*'],
  ['*open _closed_', '*open <i>closed</i>'],
  ['*crossed _here* over_', '<b>crossed _here</b> over_'],
  ['`*not* _read_` *read*', '<c>*not* _read_</c> <b>read</b>'],
  ['```\na *b*\n`c`\n``` *d*', '<p>a *b*\n`c`</p> <b>d</b>'],
  ['``` ``` ```', '``` ``` ```'],
  ['```open *b*', '```open <b>b</b>'],
  ['https://a.example/_b_/*c* _d_', '[https://a.example/_b_/*c]* <i>d</i>'],
  ['*see www.a.example* now', '<b>see [www.a.example]</b> now'],
  ['`https://a.example`', '<c>https://a.example</c>'],
  ['<b>*x*</b>', '<b><b>x</b></b>'],
  ['*é* _日本_ ~😀~', '<b>é</b> <i>日本</i> <s>😀</s>'],
  ['', ''],
])('[W90] %j is shown as %j', (text, expected) => {
  expect(told(richParts(text))).toBe(expected)
})

test('[W90] in a line and read aloud it is said without its marks', () => {
  expect(plainOf('*Look*: _all_ of `it` at https://a.example/_x_')).toBe('Look: all of it at https://a.example/_x_')
})

test('[W90] whatever is written, nothing of it is lost but the marks, and long texts of marks alone are read to their end', () => {
  for (const mark of ['*', '_', '~', '`', '*a ', ' *a', '*a* ', '_*~`', '```a', '```a```', '*https://a.example*', '*a\n', '`*']) {
    const text = mark.repeat(16_384 / mark.length)
    const kept = (from: string) => from.replace(/[*_~`]/gu, '')
    expect(kept(plainOf(text))).toBe(kept(text))
  }
})
