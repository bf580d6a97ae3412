/** A piece of what someone wrote: as it is, or a link that may be followed. */
export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }

const linkPattern = /https:\/\/[^\s<>"'`\u0000-\u0020\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu
/** What ends a sentence rather than an address. */
const trailing = '.,;:!?…\'")]}'
/** Longer addresses stay text: nobody reads them, and none is needed. */
const linkMax = 2_048

/** Finds links: `https` alone, and none with a user's name in it, which only makes another host look like the real one. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.matchAll(linkPattern)) {
    const found = trimmed(match[0])
    const href = hrefOf(found)
    if (href === undefined) continue
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) })
    parts.push({ kind: 'link', text: found, href })
    end = match.index + found.length
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}

/** Without the end of the sentence, but with a bracket that was opened inside. */
function trimmed(found: string): string {
  // From its end: a pattern would begin anew at each of many dots.
  let end = found.length
  while (end > 0 && trailing.includes(found[end - 1] ?? ' ')) end--
  const short = found.slice(0, end)
  const next = found[short.length]
  return next === ')' && short.includes('(') && !short.includes(')') ? `${short})` : short
}

function hrefOf(text: string): string | undefined {
  if (text.length > linkMax || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'https:' && url.username === '' && url.password === '' ? url.href : undefined
}

const emojiPattern =
  /^(?:\p{RI}{2}|(?=[\p{Emoji}])[^\d#*]\p{Emoji_Modifier}?\ufe0f?\u20e3?(?:\u200d\p{Emoji}\p{Emoji_Modifier}?\ufe0f?)*)$/u
const jumboMax = 3

/** The first character as one sees it, however many code points it takes; '' of nothing. */
export function firstGrapheme(text: string): string {
  const [first] = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text.trim())
  return first?.segment ?? ''
}

export function isEmoji(grapheme: string): boolean {
  return emojiPattern.test(grapheme)
}

/** One to three emoji and nothing else: shown large. */
export function isJumbo(text: string): boolean {
  if (text.length > jumboMax * 16) return false
  const graphemes = [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text.trim())]
  return graphemes.length > 0 && graphemes.length <= jumboMax && graphemes.every(({ segment }) => isEmoji(segment))
}
