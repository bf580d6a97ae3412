/** One character as a search sees it. */
interface Folded {
  readonly kind: 'letter' | 'unspaced' | 'picture' | 'mark' | 'joiner' | 'break' | 'nothing'
  readonly text: string
}

/**
 * A text as a search sees it: runs of letters and digits, one space between two, without case, accents, width, and what joins the parts of a word.
 * Offsets are those of UTF-16 units.
 */
export interface FoldedText {
  /** The text that `from` and `to` lead into: the one that was given, in its composed form. */
  readonly plain: string
  readonly folded: string
  /** Where in `plain` the character stands that a unit of `folded` came from: its begin and its end. */
  readonly from: readonly number[]
  readonly to: readonly number[]
  readonly starts: readonly WordStart[]
}

/** A place in `folded` at which somebody who reads may say that a word begins. */
export interface WordStart {
  readonly at: number
  /**
   * `run`: after a space or another break. `part`: after a hyphen, an apostrophe or the like inside of a word. `unspaced`: a character of a script
   * that is written without spaces, or a picture: each of them begins a word, and so does what follows it (`after`).
   */
  readonly kind: 'run' | 'part' | 'unspaced' | 'after'
}

/**
 * Accents of Latin, Greek and Cyrillic, points of Hebrew, marks of Arabic (with the line that only stretches a word) and Syriac, variants and skins of
 * emoji: ranges, each by its first and its last; not the vowels of Indic scripts, nor the voicing of kana.
 */
const dropped: readonly number[] = [
  0x300, 0x36f, 0x483, 0x489, 0x591, 0x5bd, 0x5bf, 0x5bf, 0x5c1, 0x5c2, 0x5c4, 0x5c5, 0x5c7, 0x5c7, 0x610, 0x61a, 0x640, 0x640, 0x64b,
  0x65f, 0x670, 0x670, 0x6d6, 0x6dc, 0x6df, 0x6e4, 0x6e7, 0x6e8, 0x6ea, 0x6ed, 0x711, 0x711, 0x730, 0x74a, 0x8ca, 0x8e1, 0x8e3, 0x8ff,
  0x1ab0, 0x1aff, 0x1dc0, 0x1dff, 0x20d0, 0x20ff, 0xfe00, 0xfe0f, 0xfe20, 0xfe2f, 0x1f3fb, 0x1f3ff, 0xe0100, 0xe01ef,
]

/** Letters that Unicode does not take apart, and a reader does. */
const letters: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', ı: 'i', ς: 'σ', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ħ: 'h', ŧ: 't', æ: 'ae', œ: 'oe', ŋ: 'n', ĸ: 'k' },
  ...{ ٱ: 'ا', ى: 'ي', ی: 'ي', ې: 'ي', ة: 'ه', ۀ: 'ه', ہ: 'ه', ھ: 'ه', ک: 'ك', ؤ: 'و', ئ: 'ي' },
}
/** A letter of its own, although Unicode takes it apart. */
const whole: Readonly<Record<string, string>> = { '\u0439': '\u0439', '\u0419': '\u0439' }
/** The zeros of decimal digits that are in common use. */
const zeros = [0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0]
const joiner = /^['’‘‛`´ʼ·‧・.\-‐‑_@/:&+]$/u
const picture = /^[\p{Extended_Pictographic}\p{Regional_Indicator}]$/u
const unspaced =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}々〆]$/u

/** Marks that change the sound of the kana before them. */
const voiced = /^[\u3099\u309a]$/

/** Characters that were folded before. Texts use some hundreds. */
const known = new Map<string, Folded>()
const knownMax = 20_000

/** The text as a search sees it. */
export function foldText(text: string): FoldedText {
  const plain = text.toWellFormed().normalize('NFC')
  const [from, to, starts]: [number[], number[], WordStart[]] = [[], [], []]
  let folded = ''
  let index = 0
  let next: WordStart['kind'] | 'inside' = 'run'
  for (const character of plain) {
    const end = index + character.length
    const { kind: own, text: units }: Folded = foldedOf(character)
    // A mark that stands on nothing is taken for a letter.
    const kind: Folded['kind'] = own === 'mark' && next === 'run' ? 'letter' : own
    if (kind === 'break') next = 'run'
    else if (kind === 'joiner') next = next === 'inside' ? 'part' : next
    else if (kind !== 'nothing') {
      if (next === 'run' && folded !== '') {
        folded += ' '
        from.push(index)
        to.push(index)
      }
      const isOwn: boolean = kind === 'unspaced' || kind === 'picture'
      if (isOwn) starts.push({ at: folded.length, kind: 'unspaced' })
      else if (kind === 'letter' && next !== 'inside') starts.push({ at: folded.length, kind: next })
      folded += units
      for (let unit = 0; unit < units.length; unit++) {
        from.push(index)
        to.push(end)
      }
      if (kind !== 'mark') next = isOwn ? 'after' : 'inside'
    }
    index = end
  }
  return { plain, folded, from, to, starts }
}

/** The words of a search: each is to be found at the begin of a word. */
export function wordsOf(text: string): string[] {
  return [...new Set(foldText(text).folded.split(' '))].filter(word => word !== '')
}

/** The places of the words in the text: a start and an end in `plain` each, by place. Undefined if one of them is missing. */
export function findWords(
  { plain, folded, from, to, starts }: FoldedText,
  words: readonly string[],
): [from: number, to: number][] | undefined {
  const found: [number, number][] = []
  for (const word of words) {
    const before = found.length
    for (const { at } of starts) {
      if (!folded.startsWith(word, at) || voiced.test(folded[at + word.length] ?? '')) continue
      found.push([from[at] ?? 0, endOf(plain, to[at + word.length - 1] ?? 0)])
    }
    if (found.length === before) return undefined
  }
  return joined(found)
}

/** Without the parts that nobody sees apart from the character before. */
function endOf(plain: string, end: number): number {
  const rest = /(?:\p{M}|\u200d|[\u{1f3fb}-\u{1f3ff}])*/uy
  rest.lastIndex = end
  return end + (rest.exec(plain)?.[0].length ?? 0)
}

function joined(ranges: readonly [number, number][]): [number, number][] {
  const parts: [number, number][] = []
  for (const [from, to] of ranges.toSorted((left, right) => left[0] - right[0] || right[1] - left[1])) {
    const last = parts.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else parts.push([from, to])
  }
  return parts
}

function foldedOf(character: string): Folded {
  const remembered = known.get(character)
  if (remembered !== undefined) return remembered
  const folded = fold(character)
  if (known.size < knownMax) known.set(character, folded)
  return folded
}

function fold(character: string): Folded {
  if (isDropped(character)) return { kind: 'nothing', text: '' }
  if (picture.test(character)) return { kind: 'picture', text: character }
  const parts = whole[character] ?? character.normalize('NFKD').toLowerCase().normalize('NFKD')
  if (joiner.test(parts)) return { kind: 'joiner', text: '' }
  const kept = [...parts].filter(part => /[\p{L}\p{N}\p{M}]/u.test(part) && !isDropped(part))
  const text = kept.map(part => letters[part] ?? digitOf(part) ?? part).join('')
  if (text === '') return { kind: 'break', text: '' }
  if (kept.every(part => /\p{M}/u.test(part))) return { kind: 'mark', text }
  return { kind: unspaced.test(kept[0] ?? '') ? 'unspaced' : 'letter', text }
}

function digitOf(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0
  const zero = zeros.find(first => code >= first && code < first + 10)
  return zero === undefined ? undefined : String(code - zero)
}

/** Whether a search does without it: it changes no letter into another. */
function isDropped(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return dropped.some((from, index) => index % 2 === 0 && from <= code && code <= (dropped[index + 1] ?? from)) || /\p{Cf}/u.test(character)
}
