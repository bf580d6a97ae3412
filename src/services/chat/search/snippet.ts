import type { SnippetPart } from '../model/search.ts'

/** Characters that a snippet shows before its first hit, and of the text in all. */
const beforeMax = 40
const charactersMax = 200
/** How far from there it looks for a space to begin or end at. */
const slack = 20

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** What stands around the first hit, with every hit in it marked. It begins and ends between words, or at least between characters as one sees them. */
export function snippetOf(text: string, hits: readonly (readonly [from: number, to: number])[]): SnippetPart[] {
  const first = hits[0]?.[0] ?? 0
  const begin = first <= beforeMax ? 0 : beginOf(text, first - beforeMax, first)
  const end = text.length - begin <= charactersMax ? text.length : endOf(text, begin, begin + charactersMax)
  const parts: SnippetPart[] = []
  const add = (from: number, to: number, isHit: boolean) => {
    const shown = text.slice(from, to).replace(/\s+/gu, ' ')
    if (shown !== '') parts.push(isHit ? { text: shown, hit: true } : { text: shown })
  }
  if (begin > 0) parts.push({ text: '…' })
  let at = begin
  for (const [from, to] of hits) {
    if (from >= end) break
    add(at, from, false)
    add(Math.max(at, from), Math.min(to, end), true)
    at = Math.min(to, end)
  }
  add(at, end, false)
  if (end < text.length) parts.push({ text: '…' })
  return parts
}

function beginOf(text: string, from: number, first: number): number {
  const space = text.slice(from, Math.min(from + slack, first)).search(/\s/u)
  return space >= 0 ? from + space + 1 : boundaryBefore(text, from)
}

function endOf(text: string, begin: number, to: number): number {
  const tail = text.slice(Math.max(begin, to - slack), to)
  const space = tail.search(/\s\S*$/u)
  return space > 0 ? to - tail.length + space : boundaryBefore(text, to)
}

/** The nearest place, at or before this one, that is between two characters as one sees them. Of a character that is longer than most, any place. */
function boundaryBefore(text: string, place: number): number {
  const from = Math.max(0, place - 2 * charactersMax)
  const start = graphemes.segment(text.slice(from, place + charactersMax)).containing(place - from)?.index ?? place - from
  return from + start
}
