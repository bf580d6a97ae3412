import { type Player, unknownPlayer } from './event-parts.ts'
import { foldName } from './fold-name.ts'

/** What two mentions of a player say of each other: one person, probably one person, nothing, or two persons. */
export type Likeness = 'same' | 'alike' | 'unknown' | 'other'

/** Whether two mentions of one side mean the same player. Ids belong to a feed: another feed may use one for somebody else, and then the names differ. */
export function samePlayer(a: Player | undefined, b: Player | undefined): boolean {
  if (a === undefined || b === undefined) return false
  if (a.id !== undefined && a.id === b.id) return likenessOf(a, b) !== 'other'
  if (a.name === unknownPlayer) return false
  if (a.name === b.name) return a.id === undefined || b.id === undefined
  const likeness = likenessOf(a, b)
  return likeness === 'same' && (a.id === undefined || b.id === undefined || (a.number !== undefined && a.number === b.number))
}

/** Two players of one side, by shirt number and folded name. */
export function likenessOf(a: Player, b: Player): Likeness {
  const names = a.name === unknownPlayer || b.name === unknownPlayer ? 'unknown' : likenessOfNames(foldName(a.name), foldName(b.name))
  if (a.number === undefined || b.number === undefined) return names
  if (a.number !== b.number) return names === 'same' ? 'alike' : 'other'
  // One shirt, and feeds may spell the name in other alphabets.
  return 'same'
}

function likenessOfNames(a: readonly string[], b: readonly string[]): Likeness {
  if (a.length === 0 || b.length === 0) return 'unknown'
  const [few, many] = a.length <= b.length ? [a, b] : [b, a]
  const free = [...many]
  let whole = 0
  let initials = 0
  for (const word of few.toSorted((left, right) => right.length - left.length)) {
    const index = free.findIndex(other => sameWord(word, other))
    if (index !== -1) {
      free.splice(index, 1)
      whole++
      continue
    }
    const initial = free.findIndex(other => isInitialOf(word, other))
    if (initial === -1) continue
    free.splice(initial, 1)
    initials++
  }
  if (whole === 0) return initials === few.length && few.length > 1 ? 'alike' : 'other'
  return whole + initials === few.length ? 'same' : sharesFamilyName(a, b) ? 'alike' : 'other'
}

/** Given names are shortened and replaced ("Leo" for "Lionel"), family names hardly ever. Brothers stay apart where both are written out. */
function sharesFamilyName(a: readonly string[], b: readonly string[]): boolean {
  const [family, other] = [a.at(-1), b.at(-1)]
  if (family === undefined || other === undefined || !sameWord(family, other)) return false
  const [given, otherGiven] = [a[0], b[0]]
  return given === undefined || otherGiven === undefined || given[0] === otherGiven[0]
}

function isInitialOf(a: string, b: string): boolean {
  return (a.length === 1 && b.startsWith(a)) || (b.length === 1 && a.startsWith(b))
}

/** Words of five letters or more may differ in one letter: feeds transcribe names by hand. */
function sameWord(a: string, b: string): boolean {
  if (a === b) return true
  if (a.length < 5 || b.length < 5 || Math.abs(a.length - b.length) > 1) return false
  let from = 0
  while (from < a.length && from < b.length && a[from] === b[from]) from++
  let tail = 0
  while (tail < a.length - from && tail < b.length - from && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  return Math.max(a.length, b.length) - from - tail <= 1
}
