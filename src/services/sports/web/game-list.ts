import { isOver, type ListedGame } from '../model/index.ts'

export type Section = 'live' | 'coming' | 'over'

/** Where in a list of matches one belongs. */
export function sectionOf({ board }: ListedGame): Section {
  if (isOver(board.status)) return 'over'
  return board.status === 'scheduled' || board.status === 'postponed' || board.status === 'delayed' ? 'coming' : 'live'
}

const places: Readonly<Record<Section, number>> = { live: 0, coming: 1, over: 2 }

/** Matches that are on, then those to come, then those that are over; the newest first, but the next to come first. */
export function byTime(a: ListedGame, b: ListedGame): number {
  const [left, right] = [sectionOf(a), sectionOf(b)]
  const later = (b.kickoffUtcMs ?? 0) - (a.kickoffUtcMs ?? 0)
  return places[left] - places[right] || (left === 'coming' ? -later : later) || (a.id < b.id ? -1 : 1)
}

/** The list with a match that is new to it, or is described anew. A board that is older than the known one is left out. */
export function listWith(games: readonly ListedGame[], game: ListedGame): readonly ListedGame[] {
  const place = games.findIndex(({ id }) => id === game.id)
  const known = games[place]
  if (known === undefined) return [...games, game]
  return games.with(place, known.board.version > game.board.version ? { ...game, board: known.board } : game)
}
