import type { MatchEvent, Pair } from './event.ts'
import type { Period } from './period.ts'

export type Player = { readonly number: number; readonly name: string }

export type Team = {
  /** Three letters, as boards show them. */
  readonly code: string
  readonly name: string
  /** Two to four CSS colours of flag or shirt, the leading one first. */
  readonly colors: readonly string[]
  readonly lineup: readonly Player[]
}

/** What of a match never changes while it is played. */
export type Fixture = {
  readonly id: string
  readonly competition: string
  readonly round: string
  /** ISO date of the day it was played. */
  readonly date: string
  readonly venue: string
} & Pair<Team>

type Timeless<T> = T extends MatchEvent ? Omit<T, 'id' | 'rev' | 'seq' | 'state' | 'utcMs'> : never

/** One fact of a timeline: an event without its identity, and a sentence about it. */
export type Entry = Timeless<Exclude<MatchEvent, { kind: 'period_start' | 'period_end' | 'match_end' }>> & { readonly text?: string }

/** A whole match as facts, from which a replay makes events. */
export type Timeline = Fixture & {
  /** How many minutes the replay spends in each period: at least up to its last event. Not a record of the time that was really added. */
  readonly periods: readonly { readonly period: Period; readonly minutes: number; readonly opening: string; readonly closing: string }[]
  /** In order. */
  readonly entries: readonly Entry[]
}
