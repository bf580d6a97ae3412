import { type FoldedText, foldText } from '../model/fold.ts'

/** Characters of a word that its term holds: words that are longer and begin alike share it. */
const termMax = 16
/** Of a script without spaces, a term is two characters: of each pair that stands side by side there is one. */
const pairLength = 2

/** Terms of the index from one to another, both included. */
export interface TermRange {
  readonly from: string
  readonly to: string
}

/** What a text is found by in the index. All that begins with one or two characters has a term of its own, so that these are as quickly found. */
export function termsOf({ folded, starts }: FoldedText): Set<string> {
  const terms = new Set<string>()
  for (const { at, kind } of starts) {
    const [one, two] = [beginning(folded, at, 1), beginning(folded, at, pairLength)]
    terms.add(` ${one}`)
    if (two === one) continue
    if (kind === 'unspaced') terms.add(two)
    else {
      terms.add(` ${two}`)
      const term = beginning(folded, at, termMax)
      if (term !== two) terms.add(term)
    }
  }
  return terms
}

/** What must be in a text for one of the words to be in it, the longest first: those are the rarest. More may be found, and nothing less. */
export function rangesOf(words: readonly string[]): TermRange[] {
  const ranges = new Map<string, TermRange>()
  for (const word of words) for (const range of rangesOfWord(word)) ranges.set(range.from, range)
  return [...ranges.values()].toSorted((left, right) => right.from.length - left.from.length || (left.from < right.from ? -1 : 1))
}

/** Parts that a hyphen sets off are left out: in the text there may be none. */
function rangesOfWord(word: string): TermRange[] {
  return foldText(word).starts.flatMap(({ at, kind }) => {
    const [one, two] = [beginning(word, at, 1), beginning(word, at, pairLength)]
    if (kind === 'unspaced') {
      if (two !== one) return exactly(two)
      return at === 0 ? exactly(` ${one}`) : []
    }
    const term = beginning(word, at, termMax)
    if (term === one || term === two) return exactly(` ${term}`)
    return { from: term, to: `${term}\u{10ffff}` }
  })
}

function exactly(term: string): TermRange {
  return { from: term, to: term }
}

/** So many characters from a place on, as far as the word goes. */
function beginning(folded: string, at: number, length: number): string {
  let end = at
  for (let count = 0; count < length; count++) {
    const code = folded.codePointAt(end)
    if (code === undefined || code === 0x20) break
    end += code > 0xffff ? 2 : 1
  }
  return folded.slice(at, end)
}
