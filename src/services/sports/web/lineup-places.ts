import type { Player } from '../model/index.ts'

/** Where a player stands in the half of the team, from 0 to 1: away from the own goal, and from the right to the left. */
export interface LineupPlace {
  readonly player: Player
  readonly depth: number
  readonly across: number
}

/** What a position says of the line that it is in, from the goal to the attack: the first pattern that fits counts. */
const lines: readonly (readonly [pattern: RegExp, line: number])[] = [
  [/goal|keeper|^gk?$/, 0],
  [/wing.?back/, 1.5],
  [/defensive mid|^c?dm$/, 2],
  [/attacking mid|^[lcr]?am$/, 4],
  [/mid|^m$|^[lcr]m$/, 3],
  [/back|defen|^d$|^[lcr]{1,2}b$/, 1],
  [/^(left |right )?wing(er)?$|^[lr]w$/, 4.5],
  [/forward|striker|attack|wing|^f$|^[lcr]?[fs]$|^st$|^cf$/, 5],
]
/** More than this is a list of a whole squad, and not of who begins. */
const elevenMax = 11

/**
 * Where those who begin stand. Positions tell the order; the formation, where it fits the number of players, how many stand in a line. Without
 * positions the players count as told from the goal to the attack. Undefined where neither is known.
 */
export function placesOf(players: readonly Player[], formation?: string): readonly LineupPlace[] | undefined {
  if (players.length < 2 || players.length > elevenMax) return undefined
  const known = players.every(player => lineOf(player) !== undefined)
  const sizes = sizesOf(formation, players.length)
  if (sizes === undefined && !known) return undefined
  const sorted = known ? players.toSorted((a, b) => (lineOf(a) ?? 0) - (lineOf(b) ?? 0)) : players
  const rows = sizes === undefined ? rowsByLine(sorted) : rowsBySize(sorted, sizes)
  return rows.flatMap((row, index) => {
    const fromRight = known ? row.toSorted((a, b) => sideOf(a) - sideOf(b)) : row
    return fromRight.map((player, place) => ({
      player,
      depth: (index + 0.5) / rows.length,
      across: (place + 0.5) / row.length,
    }))
  })
}

/** The goalkeeper, and each line of the formation. */
function sizesOf(formation: string | undefined, count: number): readonly number[] | undefined {
  const sizes = [1, ...(formation?.match(/\d/g) ?? []).map(Number)]
  return sizes.length > 2 && sizes.reduce((sum, size) => sum + size) === count ? sizes : undefined
}

function rowsBySize(players: readonly Player[], sizes: readonly number[]): readonly (readonly Player[])[] {
  const ends = sizes.map((_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size))
  return ends.map((end, index) => players.slice(end - (sizes[index] ?? 0), end))
}

function rowsByLine(players: readonly Player[]): readonly (readonly Player[])[] {
  return [...Map.groupBy(players, player => Math.floor(lineOf(player) ?? 0)).values()]
}

function lineOf({ position }: Player): number | undefined {
  if (position === undefined) return undefined
  const words = position.trim().toLowerCase()
  return lines.find(([pattern]) => pattern.test(words))?.[1]
}

/** From the right, 0, to the left, 1. */
function sideOf({ position = '' }: Player): number {
  const words = position.toLowerCase()
  const isInside = /cent(er|re)/.test(words)
  if (/right|^r/.test(words)) return isInside ? 0.25 : 0
  if (/left|^l/.test(words)) return isInside ? 0.75 : 1
  return 0.5
}
