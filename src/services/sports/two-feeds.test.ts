import { expect, test } from 'bun:test'
import { rounds } from '../../../test/kit/rounds.ts'
import { between, type Random, seededRandom } from '../../kit/index.ts'
import { readBatch, readGame } from './batch.ts'
import { Match } from './match.ts'
import type { Board, Pair } from './model/index.ts'

const nowUtcMs = 1_700_000_000_000
/** Random matches that two providers tell: 28, 152 and 342 once took a goal back that had been told anew. */
const seeds = Array.from({ length: rounds(400, 2000) }, (_, seed) => seed + 1)

/** Three spellings of each player, as feeds write them: with accents, in plain Latin, shortened. */
const squads = {
  home: [
    ['Martin Ødegaard', 'Martin Odegaard', 'M. Ødegaard'],
    ['Kenan Yıldız', 'Kenan Yildiz', 'Yildiz'],
    ['Lucas Hernández', 'Lucas Hernandez', 'L. Hernandez'],
    ['Theo Hernández', 'Theo Hernandez', 'T. Hernandez'],
    ['Thomas Müller', 'Thomas Mueller', 'Müller'],
  ],
  away: [
    ['Łukasz Piszczek', 'Lukasz Piszczek', 'L. Piszczek'],
    ['Nicolás Otamendi', 'Nicolas Otamendi', 'Otamendi'],
    ['Đorđe Petrović', 'Dorde Petrovic', 'Petrovic'],
    ['Heung-Min Son', 'Heung Min Son', 'Son'],
    ['Jesper Strauß', 'Jesper Strauss', 'J. Strauß'],
  ],
} as const

type Side = 'home' | 'away'

/** Something that happened, or that was told by mistake and is taken back. */
interface Fact {
  readonly what: 'goal' | 'own' | 'card' | 'kick'
  /** Whose goal it counts as, whose card or kick it is. */
  readonly side: Side
  readonly player: number
  /** Who is said to have scored where an own goal is given to an attacker. */
  readonly attacker: number
  readonly period: 'first_half' | 'second_half'
  readonly sec: number
  readonly outcome: 'scored' | 'saved' | 'missed'
  readonly isGhost: boolean
}

function factsOf(random: Random): Fact[] {
  const pick = <T>(...of: readonly T[]): T => of[between(random, 0, of.length - 1)] ?? never()
  const fact = (what: Fact['what'], sec: number, isGhost = false): Fact => ({
    what,
    side: pick<Side>('home', 'away'),
    player: between(random, 0, 4),
    attacker: between(random, 0, 4),
    period: sec < 2700 ? 'first_half' : 'second_half',
    sec,
    outcome: pick('scored', 'saved', 'missed'),
    isGhost,
  })
  const facts: Fact[] = []
  // Two goals need a restart between them; some stand just over a minute apart.
  for (let sec = between(random, 60, 900); sec < 5300; sec += between(random, 70, 1800)) facts.push(fact(pick('goal', 'goal', 'own'), sec))
  for (let sec = between(random, 200, 1500); sec < 5300; sec += between(random, 300, 2400)) facts.push(fact('card', sec))
  for (let count = between(random, 0, 3); count > 0; count--) facts.push(fact('goal', between(random, 60, 5300), true))
  const kicks = pick(0, 0, 5)
  for (let round = 0; round < kicks; round++) {
    for (const side of ['home', 'away'] as const) facts.push({ ...fact('kick', 7200 + round * 2), side, player: round % 5 })
  }
  return facts
}

/** How one provider tells things. */
interface Habits {
  readonly spelling: 0 | 1 | 2
  readonly hasNumbers: boolean
  readonly hasClocks: boolean
  readonly kicksAsGoals: boolean
  readonly ownGoalsAsGoals: boolean
  readonly jitterSec: number
}

type Told = { readonly at: number; readonly fact: number; readonly event: Record<string, unknown> }

/** What a provider says of the facts: some of it wrong first, taken back and told anew under another id, in its own order. */
function view(facts: readonly Fact[], habits: Habits, random: Random): Told[] {
  const chance = (share: number) => random.next() < share
  let ids = between(random, 1, 50)
  return facts.flatMap((fact, index): Told[] => {
    if (fact.isGhost && chance(0.5)) return []
    const at = fact.sec + random.next() * 240
    const event = wordFor(fact, habits, random)
    const id = `${++ids}`
    const said = (rev: number, late: number, fields: object = {}, own = id): Told => ({
      at: at + late,
      fact: index,
      event: { ...event, id: own, rev, seq: ids, ...fields },
    })
    if (fact.isGhost)
      return [said(1, 0, { state: 'provisional' }), said(2, 60 + random.next() * 900, { state: chance(0.5) ? 'deleted' : 'overturned' })]
    if (fact.what !== 'kick' && chance(0.25)) {
      const again = `${++ids}`
      const late = random.next() * 300
      return [
        said(1, 0),
        said(2, late, { state: 'deleted' }),
        said(1, late + 1, {}, again),
        ...(chance(0.5) ? [said(2, late + 9, {}, again)] : []),
      ]
    }
    return chance(0.2) ? [said(1, 0, { state: 'provisional' }), said(2, random.next() * 300)] : [said(1, 0)]
  })
}

function wordFor(fact: Fact, habits: Habits, random: Random): Record<string, unknown> {
  const { what, side, period, outcome } = fact
  const other: Side = side === 'home' ? 'away' : 'home'
  const sec = Math.max(period === 'first_half' ? 0 : 2700, fact.sec + between(random, -habits.jitterSec, habits.jitterSec))
  const clock = habits.hasClocks ? { clock: { min: Math.floor(sec / 60), sec: sec % 60 } } : {}
  const player = (of: Side, index: number) => [
    { name: squads[of][index]?.[habits.spelling] ?? '', ...(habits.hasNumbers ? { number: index + 1 } : {}) },
  ]
  if (what === 'kick') {
    const players = player(side, fact.player)
    if (!habits.kicksAsGoals) return { kind: 'kick', team: side, players, data: { outcome } }
    if (outcome === 'scored') return { kind: 'goal', period: 'shootout', team: side, players, data: { how: 'penalty' } }
    return { kind: 'penalty_missed', period: 'shootout', team: side, players, data: { outcome } }
  }
  if (what === 'card') return { kind: 'card', period, team: side, players: player(side, fact.player), data: { card: 'yellow' }, ...clock }
  if (what === 'own' && !habits.ownGoalsAsGoals)
    return { kind: 'goal', period, team: other, players: player(other, fact.player), data: { how: 'own' }, ...clock }
  return { kind: 'goal', period, team: side, players: player(side, what === 'own' ? fact.attacker : fact.player), ...clock }
}

/** The truth, counted by hand. */
function truthOf(facts: readonly Fact[]): Pick<Board, 'score' | 'cards'> & { readonly kicks: Pair<Fact['outcome'][]> } {
  const real = facts.filter(({ isGhost }) => !isGhost)
  const goals = (side: Side) => real.filter(fact => (fact.what === 'goal' || fact.what === 'own') && fact.side === side).length
  const cards = (side: Side) => {
    const booked = real.filter(fact => fact.what === 'card' && fact.side === side).map(({ player }) => player)
    const players = new Set(booked)
    return { yellow: players.size, red: [...players].filter(player => booked.filter(one => one === player).length > 1).length }
  }
  const kicks = (side: Side) => real.filter(fact => fact.what === 'kick' && fact.side === side).map(({ outcome }) => outcome)
  return {
    score: { home: goals('home'), away: goals('away') },
    cards: { home: cards('home'), away: cards('away') },
    kicks: { home: kicks('home'), away: kicks('away') },
  }
}

/** Two views of one match, taken in the order in which they are told; the score never counts more than has been told. */
function play(seed: number): void {
  const random = seededRandom(seed)
  const facts = factsOf(random)
  const habits = (): Habits => ({
    spelling: ([0, 1, 2] as const)[between(random, 0, 2)] ?? 0,
    hasNumbers: random.next() < 0.6,
    hasClocks: random.next() < 0.8,
    kicksAsGoals: random.next() < 0.5,
    ownGoalsAsGoals: random.next() < 0.5,
    jitterSec: between(random, 0, 20),
  })
  const [first, second] = [habits(), habits()]
  // A match of which nobody gives the times can only be counted, not ordered.
  const views = {
    a: view(facts, { ...first, hasClocks: first.hasClocks || !second.hasClocks }, random),
    b: view(facts, second, random),
  }
  const told = [...views.a.map(one => ({ ...one, source: 'a' })), ...views.b.map(one => ({ ...one, source: 'b' }))].toSorted(
    (x, y) => x.at - y.at,
  )
  let match = new Match(
    { game: readGame('m', { home: 'Reds', away: 'Blues', sources: ['a', 'b'] }), run: 0, version: 0, shown: [], seen: [] },
    nowUtcMs,
  )
  const liveFacts = new Map<string, number>()
  for (const { source, event, fact, at } of told) {
    const utcMs = nowUtcMs + Math.round(at * 1000)
    for (const feed of ['a', 'b']) match.hear(feed, utcMs)
    if (random.next() < 0.05) match = readAgain(match)
    match.applyBatch(readBatch('m', { source, events: [event] as never }), utcMs)
    const word = `${source} ${String(event.id)}`
    if (event.state === 'deleted' || event.state === 'overturned') liveFacts.delete(word)
    else liveFacts.set(word, fact)
    const goals = new Set([...liveFacts.values()].filter(index => facts[index]?.what === 'goal' || facts[index]?.what === 'own'))
    const { home, away } = match.board.score
    expect(home + away, `seed ${seed}: more goals than were told`).toBeLessThanOrEqual(goals.size)
  }
  const { score, cards, kicks } = truthOf(facts)
  const { board } = match
  expect({ seed, score: board.score, cards: board.cards, kicks: board.shootout ?? { home: [], away: [] } }).toEqual({
    seed,
    score,
    cards,
    kicks,
  })
}

/** The same match as the store gives it back. */
function readAgain(match: Match): Match {
  const { game, run, version } = match
  return new Match(
    { game, run, version, shown: [...match.shown.values()], seen: [...match.seen.values()].flatMap(seen => [...seen.values()]) },
    nowUtcMs,
  )
}

function never(): never {
  throw new Error('unreachable')
}

test('[G30] two providers tell one match, each in its own way: the score, the cards and the kicks are those of the match', () => {
  for (const seed of seeds) play(seed)
})
