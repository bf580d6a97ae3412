/** Somebody who is named in a text: the user, and the range of the text, in UTF-16 units. */
export interface Mention {
  readonly user: string
  readonly at: number
  readonly length: number
}

/** Words, and whom they name. */
export interface Wording {
  readonly text: string
  readonly mentions?: readonly Mention[]
}

/** Mentions as a field, which is left out where there are none. */
export function naming(mentions: readonly Mention[] | undefined): { readonly mentions?: readonly Mention[] } {
  return mentions === undefined || mentions.length === 0 ? {} : { mentions }
}

/** The problem with ranges of a text; undefined if they follow each other, do not overlap, and end within it. */
export function mentionProblem(text: string, mentions: readonly Mention[]): string | undefined {
  let end = 0
  for (const [index, { at, length }] of mentions.entries()) {
    if (at < end) return `mentions.${index}.at: overlaps the one before it`
    end = at + length
    if (end > text.length) return `mentions.${index}.length: ends behind the text`
    if (splitsPair(text, at) || splitsPair(text, end)) return `mentions.${index}.at: halves a character`
  }
  return undefined
}

function splitsPair(text: string, at: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(Math.max(0, at - 1), at + 1))
}
