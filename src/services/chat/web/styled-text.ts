import { type LinkPlace, linksIn, type TextPart } from './text-parts.ts'

export type TextStyle = 'bold' | 'italic' | 'strike' | 'code' | 'block'

/** A piece of what someone wrote, as it is shown: text, a link, or what stands out and holds pieces itself. */
export type RichPart = TextPart | { readonly kind: 'styled'; readonly style: TextStyle; readonly parts: readonly RichPart[] }

/** What stands between two marks: `from` is the first mark, `to` the second. */
interface Span {
  readonly style: TextStyle
  readonly from: number
  readonly to: number
  readonly mark: number
}

/** Nothing in it is read again. */
interface Closed {
  readonly from: number
  readonly to: number
}

const inline = [
  ['*', 'bold'],
  ['_', 'italic'],
  ['~', 'strike'],
] as const
const fence = '```'

/**
 * Reads *bold*, _italic_, ~strike~, `code` and ```blocks```: marks that stand at the edge of words, in one line, as people write them in chats.
 * Each character is looked at a fixed number of times, whatever was written.
 */
export function richParts(text: string): RichPart[] {
  const blocks = blocksIn(text)
  const links = outside(linksIn(text), blocks)
  const codes = spansOf(text, '`', 'code', [...blocks.map(wholeOf), ...links])
  const closed = [...blocks, ...codes].map(wholeOf).toSorted((one, other) => one.from - other.from)
  const shownLinks = outside(links, closed)
  const opaque = [...closed, ...shownLinks]
  const styled = inline.flatMap(([mark, style]) => spansOf(text, mark, style, opaque))
  return partsOf(text, nested([...blocks, ...codes, ...styled]), shownLinks)
}

/** The text without the marks. */
export function plainOf(text: string): string {
  return flat(richParts(text))
}

function flat(parts: readonly RichPart[]): string {
  return parts.map(part => (part.kind === 'styled' ? flat(part.parts) : part.text)).join('')
}

function blocksIn(text: string): Span[] {
  const spans: Span[] = []
  let from = text.indexOf(fence)
  while (from >= 0) {
    const to = text.indexOf(fence, from + fence.length)
    if (to < 0) break
    const isEmpty = text.slice(from + fence.length, to).trim() === ''
    if (!isEmpty) spans.push({ style: 'block', from, to, mark: fence.length })
    from = text.indexOf(fence, isEmpty ? to : to + fence.length)
  }
  return spans
}

function spansOf(text: string, mark: string, style: TextStyle, opaque: readonly Closed[]): Span[] {
  const skips = opaque.toSorted((one, other) => one.from - other.from)
  const spans: Span[] = []
  let open: number | undefined
  let skip = 0
  for (let index = 0; index < text.length; index++) {
    while ((skips[skip]?.to ?? Number.POSITIVE_INFINITY) <= index) skip++
    const hidden = skips[skip]
    if (hidden !== undefined && index >= hidden.from) {
      index = hidden.to - 1
      continue
    }
    const at = text[index]
    if (at === '\n') open = undefined
    if (at !== mark) continue
    if (open !== undefined && closes(text, index, mark) && index > open + 1) {
      spans.push({ style, from: open, to: index, mark: 1 })
      open = undefined
    } else if (open === undefined && opens(text, index, mark)) open = index
  }
  return spans
}

function opens(text: string, index: number, mark: string): boolean {
  const before = text[index - 1]
  const after = text[index + 1]
  return !isWord(before) && before !== mark && after !== undefined && after !== mark && !/\s/u.test(after)
}

function closes(text: string, index: number, mark: string): boolean {
  const before = text[index - 1] ?? ' '
  const after = text[index + 1]
  return !/\s/u.test(before) && before !== mark && !isWord(after) && after !== mark
}

function isWord(unit: string | undefined): boolean {
  return unit !== undefined && /[\p{L}\p{N}]/u.test(unit)
}

function wholeOf({ from, to, mark }: Span): Closed {
  return { from, to: to + mark }
}

/** Both in order. */
function outside<T extends Closed>(places: readonly T[], closed: readonly Closed[]): T[] {
  let next = 0
  return places.filter(({ from, to }) => {
    while ((closed[next]?.to ?? Number.POSITIVE_INFINITY) <= from) next++
    return (closed[next]?.from ?? Number.POSITIVE_INFINITY) >= to
  })
}

/** In order, without those that begin in another and end behind it. */
function nested(spans: readonly Span[]): Span[] {
  const around: Span[] = []
  return spans
    .toSorted((one, other) => one.from - other.from)
    .filter(span => {
      while ((around.at(-1)?.to ?? Number.POSITIVE_INFINITY) < span.from) around.pop()
      const outer = around.at(-1)
      if (outer !== undefined && span.to > outer.to) return false
      around.push(span)
      return true
    })
}

function partsOf(text: string, spans: readonly Span[], links: readonly LinkPlace[]): RichPart[] {
  let span = 0
  let link = 0
  const leaves = (from: number, to: number): RichPart[] => {
    const parts: RichPart[] = []
    let end = from
    for (let place = links[link]; place !== undefined && place.from < to; place = links[++link]) {
      if (place.from > end) parts.push({ kind: 'text', text: text.slice(end, place.from) })
      parts.push({ kind: 'link', text: text.slice(place.from, place.to), href: place.href })
      end = place.to
    }
    if (end < to) parts.push({ kind: 'text', text: text.slice(end, to) })
    return parts
  }
  const within = (from: number, to: number): RichPart[] => {
    const parts: RichPart[] = []
    let end = from
    for (let next = spans[span]; next !== undefined && next.from < to; next = spans[span]) {
      span++
      for (const leaf of leaves(end, next.from)) parts.push(leaf)
      // The line breaks behind and before the marks of a block are the marks' own.
      const begin = next.from + next.mark + (next.style === 'block' && text[next.from + next.mark] === '\n' ? 1 : 0)
      const finish = next.to - (next.style === 'block' && text[next.to - 1] === '\n' ? 1 : 0)
      parts.push({ kind: 'styled', style: next.style, parts: within(begin, Math.max(begin, finish)) })
      end = next.to + next.mark
    }
    for (const leaf of leaves(end, to)) parts.push(leaf)
    return parts
  }
  return within(0, text.length)
}
