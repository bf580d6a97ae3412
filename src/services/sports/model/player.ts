import type { Player } from './event-parts.ts'

/** Whether two mentions mean the same player. Ids are those of a feed, and another feed may use one for somebody else: then the names differ. */
export function samePlayer(a: Player | undefined, b: Player | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a.id !== undefined && b.id !== undefined ? a.id === b.id && namesMeet([a], [b]) : a.name === b.name
}

/** Whether two lists may mean the same people: one says nothing, or a word of a name stands in both. */
export function namesMeet(left: readonly Player[], right: readonly Player[]): boolean {
  if (left.length === 0 || right.length === 0) return true
  const words = new Set(left.flatMap(wordsOf))
  return right.flatMap(wordsOf).some(word => words.has(word))
}

/** The words of a name that tell people apart, without accents: initials only where there is nothing else. */
function wordsOf({ name }: Player): string[] {
  const words = name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '')
  const long = words.filter(word => word.length > 2)
  return long.length > 0 ? long : words
}
