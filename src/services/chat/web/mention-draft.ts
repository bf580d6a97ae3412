import * as z from 'zod/mini'
import { findWords, foldText, wordsOf } from '../model/fold.ts'
import type { Mention } from '../model/mentions.ts'

/** Somebody who is being named: what was typed behind the `@`, and where that stands. */
export interface Naming {
  readonly at: number
  readonly query: string
}

/** Longer than this is no name. */
const queryMax = 32

/** Whom one is about to name, by what stands before the caret: an `@` at the beginning of a word, and no space since. */
export function namingAt(text: string, caret: number): Naming | undefined {
  const [, query] = /(?:^|[\s([{"'“‘«])@([^\s@]*)$/u.exec(text.slice(Math.max(0, caret - queryMax - 2), caret)) ?? []
  return query === undefined ? undefined : { at: caret - query.length - 1, query }
}

/** Those of some names in which a word begins like what was typed, whatever its case and accents. */
export function namesLike<T>(people: readonly T[], namesOf: (person: T) => readonly string[], query: string): T[] {
  const wanted = wordsOf(query)
  return people.filter(person => namesOf(person).some(name => findWords(foldText(name), wanted) !== undefined))
}

/** The text with somebody's name in the place of what was typed, and where the caret stands then. */
export function named(text: string, { at, query }: Naming, user: string, name: string): { text: string; mention: Mention; caret: number } {
  const length = name.length + 1
  const after = text.slice(at + query.length + 1)
  const space = after.startsWith(' ') ? '' : ' '
  return { text: `${text.slice(0, at)}@${name}${space}${after}`, mention: { user, at, length }, caret: at + length + 1 }
}

/** Mentions after a text was changed in one place: those behind it have moved, those that it touches are none any longer. */
export function moved(mentions: readonly Mention[], before: string, after: string): readonly Mention[] {
  if (mentions.length === 0 || before === after) return mentions
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before[start] === after[start]) start++
  let end = 0
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  const by = after.length - before.length
  return mentions.flatMap(mention => {
    if (mention.at + mention.length <= start) return [mention]
    return mention.at >= before.length - end ? [{ ...mention, at: mention.at + by }] : []
  })
}

const kept = z.array(z.object({ user: z.string(), at: z.number(), length: z.number() }))

/** What was kept with a draft. */
export function readMentions(text: string): readonly Mention[] {
  try {
    const mentions = kept.safeParse(JSON.parse(text === '' ? '[]' : text))
    return mentions.success ? mentions.data : []
  } catch {
    return []
  }
}

/** The text as it is sent, without the space around it, and the mentions in it. */
export function trimmed(text: string, mentions: readonly Mention[]): { text: string; mentions: readonly Mention[] } {
  const shorter = text.trim()
  const by = text.length - text.trimStart().length
  const kept = mentions.map(mention => ({ ...mention, at: mention.at - by }))
  return { text: shorter, mentions: kept.filter(({ at, length }) => at >= 0 && at + length <= shorter.length) }
}
