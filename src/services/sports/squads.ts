import type { Draft } from './draft.ts'
import type { Seen } from './match.ts'
import { isLive, type Likeness, likenessOf, type Player, type Side } from './model/index.ts'

/** A list of fewer names may leave out whoever is looked for. */
const squadMin = 11

/**
 * Who plays for each side, as the providers' line-ups and the game say. A line-up tells shirt numbers that events leave out; and a name that
 * is on no list, beside one that is, is the same player called otherwise: "Portu" is not like "Cristian Portugués Manzanera".
 */
export class Squads {
  readonly #lists = new Map<string, readonly Player[]>()

  constructor(readonly draft: Draft) {}

  /** What the players at one place of two events say of each other: the scorer, the booked, who comes on or goes off. */
  compare(a: Seen, b: Seen, place = 0): Likeness {
    const [left, right] = [a.event.players[place], b.event.players[place]]
    const side = sideOf(a)
    if (left === undefined || right === undefined) return 'unknown'
    if (side === undefined) return likenessOf(left, right)
    const likeness = likenessOf(this.#numbered(left, a.source, side), this.#numbered(right, b.source, side))
    return likeness === 'other' ? this.#compareByLists(left, right, side, [a.source, b.source]) : likeness
  }

  /** The player with the number that the provider's own line-up gives it. */
  #numbered(player: Player, provider: string, side: Side): Player {
    if (player.number !== undefined) return player
    const list = this.#listOf(provider, side)
    const listed = list.find(({ id }) => id !== undefined && id === player.id) ?? list.find(({ name }) => name === player.name)
    return listed?.number === undefined ? player : { ...player, number: listed.number }
  }

  /** Two who are on one list are two; one who is on it and one who is not may be the same. */
  #compareByLists(left: Player, right: Player, side: Side, providers: readonly string[]): Likeness {
    let likeness: Likeness = 'other'
    for (const list of [...providers.map(provider => this.#listOf(provider, side)), this.#gameList(side)]) {
      if (list.length < squadMin) continue
      const [isLeft, isRight] = [left, right].map(player => list.some(other => likenessOf(other, player) !== 'other'))
      if (isLeft && isRight) return 'other'
      if (isLeft || isRight) likeness = 'unknown'
    }
    return likeness
  }

  #listOf(provider: string, side: Side): readonly Player[] {
    const key = `${side} ${provider}`
    const known = this.#lists.get(key)
    if (known !== undefined) return known
    const list = [...this.draft.seenOf(provider)].flatMap(({ event }) =>
      event.kind === 'lineup' && event.team === side && isLive(event) ? [...event.players, ...event.data.bench] : [],
    )
    this.#lists.set(key, list)
    return list
  }

  #gameList(side: Side): readonly Player[] {
    const { lineup, bench } = this.draft.match.game[side]
    return [...lineup, ...bench]
  }
}

function sideOf({ event }: Seen): Side | undefined {
  return 'team' in event ? event.team : undefined
}
