import type { MatchEvent } from '../model/index.ts'

/** What of a match its timeline shows. */
export type EventFilter = 'all' | 'goals' | 'cards' | 'changes'

export const filterNames: Readonly<Record<EventFilter, string>> = { all: 'All', goals: 'Goals', cards: 'Cards', changes: 'Subs' }

/** What is said where there is nothing of it. */
export const nothingOf: Readonly<Record<Exclude<EventFilter, 'all'>, string>> = {
  goals: 'No goals yet.',
  cards: 'No cards yet.',
  changes: 'No substitutions yet.',
}

const kinds: Readonly<Record<Exclude<EventFilter, 'all'>, readonly MatchEvent['kind'][]>> = {
  goals: ['goal', 'goal_disallowed', 'penalty_missed', 'kick'],
  cards: ['card'],
  changes: ['substitution'],
}

export function passes(filter: EventFilter, { kind }: MatchEvent): boolean {
  return filter === 'all' || kinds[filter].includes(kind)
}
