/** A piece of an excerpt, and whether it is what was looked for. */
export interface ExcerptPart {
  readonly text: string
  readonly hit: boolean
}

/** Characters shown before the first hit, and at most after it. */
const before = 40
const after = 160

/** What stands around the first hit, with every hit marked. Words are looked for one by one, as the server does. */
export function excerptOf(text: string, wanted: string): ExcerptPart[] {
  const words = wanted.split(/\s+/u).filter(word => word !== '')
  const plain = text.replace(/\s+/gu, ' ')
  if (words.length === 0) return [{ text: plain.slice(0, after), hit: false }]
  const pattern = new RegExp(words.map(word => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'giu')
  const first = plain.search(pattern)
  const start = first > before ? plain.indexOf(' ', first - before) + 1 : 0
  const shown = plain.slice(start, Math.max(first, 0) + after)
  const parts: ExcerptPart[] = start > 0 ? [{ text: '…', hit: false }] : []
  let end = 0
  for (const match of shown.matchAll(pattern)) {
    if (match.index > end) parts.push({ text: shown.slice(end, match.index), hit: false })
    parts.push({ text: match[0], hit: true })
    end = match.index + match[0].length
  }
  if (end < shown.length) parts.push({ text: shown.slice(end), hit: false })
  return parts
}
