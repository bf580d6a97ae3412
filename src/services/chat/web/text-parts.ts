/** A piece of what someone wrote: as it is, or a link that may be followed. */
export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }

/** Where an address stands in a text. */
export interface LinkPlace {
  readonly from: number
  readonly to: number
  readonly href: string
}

/** Ends at whatever turns text around or is not seen: an address shows all of where it leads. */
const linkPattern =
  /(?:https?:\/\/|(?<![\p{L}\p{N}@./-])www\.)[^\s<>"'`\u0000-\u0020\u007f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/giu
/** What ends a sentence, or a word that stands out, rather than an address. */
const trailing = '.,;:!?…\'")]}*_~'
/** Longer addresses stay text: nobody reads them, and none is needed. */
const linkMax = 2_048

/** Finds links: of the web alone, and none with a user's name in it, which only makes another host look like the real one. */
export function linksIn(text: string): LinkPlace[] {
  const links: LinkPlace[] = []
  for (const match of text.matchAll(linkPattern)) {
    const found = trimmed(match[0])
    const href = hrefOf(found)
    if (href !== undefined) links.push({ from: match.index, to: match.index + found.length, href })
  }
  return links
}

/** A text in pieces, with its links. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const { from, to, href } of linksIn(text)) {
    if (from > end) parts.push({ kind: 'text', text: text.slice(end, from) })
    parts.push({ kind: 'link', text: text.slice(from, to), href })
    end = to
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

/** A name without a scheme is tried over a connection that nobody reads along. */
function hrefOf(text: string): string | undefined {
  const address = /^www\./iu.test(text) ? `https://${text}` : text
  if (text.length > linkMax || !URL.canParse(address)) return undefined
  const url = new URL(address)
  if (address !== text && !/^www\.[^.]+\..*[^.\d]/iu.test(url.hostname)) return undefined
  return url.username === '' && url.password === '' ? url.href : undefined
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
