import * as z from 'zod/mini'
import { cardsOf } from './board.ts'
import { isLive, type MatchEvent } from './event.ts'
import { creditedTo } from './goals.ts'
import { inTime } from './order.ts'
import { countingGoals } from './review.ts'
import { pairOf, type Side } from './side.ts'

/** Figures of both sides by name, such as `shots_on_target`. */
export const statsSchema = z.record(z.string(), pairOf(z.number()))
export type Stats = z.infer<typeof statsSchema>

/** Which kinds of events each figure counts. */
const counted: Readonly<Record<string, (event: MatchEvent) => boolean>> = {
  shots: ({ kind }) => kind === 'shot',
  shots_on_target: event => event.kind === 'shot' && event.data.outcome === 'saved',
  corners: ({ kind }) => kind === 'corner',
  fouls: ({ kind }) => kind === 'foul',
  offsides: ({ kind }) => kind === 'offside',
  saves: ({ kind }) => kind === 'save',
  substitutions: ({ kind }) => kind === 'substitution',
}

/** What the events amount to, and what the feed counts itself, which wins. A figure of which there is nothing to tell is left out. */
export function reduceStats(events: readonly MatchEvent[]): Stats {
  const live = events.filter(isLive)
  // A map: a feed may call a figure `constructor`, which every object has.
  const stats = new Map<string, { home: number; away: number }>()
  const pairFor = (name: string) => {
    const pair = stats.get(name) ?? { home: 0, away: 0 }
    stats.set(name, pair)
    return pair
  }
  const add = (name: string, side: Side) => {
    pairFor(name)[side]++
  }
  pairFor('goals')
  const goals = countingGoals(events)
  for (const goal of goals) add('goals', creditedTo(goal))
  for (const goal of goals) if (goal.data.how === 'penalty') add('penalty_goals', goal.team)
  for (const [name, isCounted] of Object.entries(counted)) {
    for (const event of live) if ('team' in event && event.team !== undefined && isCounted(event)) add(name, event.team)
  }
  const cards = { home: cardsOf(live, 'home'), away: cardsOf(live, 'away') }
  for (const color of ['yellow', 'red'] as const) {
    const pair = { home: cards.home[color], away: cards.away[color] }
    if (pair.home + pair.away > 0) stats.set(`${color}_cards`, pair)
  }
  // A goal is a shot too, where shots are told at all.
  for (const name of ['shots', 'shots_on_target']) {
    if (stats.has(name)) for (const goal of goals) if (goal.data.how !== 'own') add(name, goal.team)
  }
  for (const event of live.toSorted(inTime)) {
    if (event.kind === 'stat') pairFor(event.data.name)[event.team] = event.data.value
  }
  return Object.fromEntries(stats)
}
