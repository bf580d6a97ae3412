import type { Period } from './period.ts'
import type { Pair, Side } from './side.ts'

export interface TimelinePlayer {
  readonly number: number
  readonly name: string
}

export interface TimelineTeam {
  /** Three letters, as boards show them. */
  readonly code: string
  readonly name: string
  /** Two to four CSS colours of flag or shirt, the leading one first. */
  readonly colors: readonly string[]
  /** The goalkeeper, then line by line from the back, each from the right. */
  readonly lineup: readonly TimelinePlayer[]
  /** From the defence to the attack. */
  readonly formation?: string
}

/** Where in the match something happened: the minute as it is announced (23 is 22:00 to 22:59), and the minute of added time. */
interface Place {
  readonly period: Period
  readonly minute: number
  readonly added?: number
  /** A sentence about it. */
  readonly text?: string
}

type Kick = 'scored' | 'saved' | 'missed'

/** One fact of a timeline. */
export type Entry = Place & { readonly team: Side } & (
    | {
        readonly kind: 'goal'
        /** The side that it counted for. */
        readonly team: Side
        readonly player: string
        readonly how: 'play' | 'penalty' | 'own'
        readonly assist?: string
      }
    | { readonly kind: 'card'; readonly player: string; readonly card: 'yellow' | 'second_yellow' | 'red' }
    | { readonly kind: 'substitution'; readonly on: string; readonly off: string }
    | { readonly kind: 'penalty_missed'; readonly player: string; readonly outcome: 'saved' | 'missed' }
    | { readonly kind: 'kick'; readonly player: string; readonly outcome: Kick }
  )

/** A whole match as facts. */
export type Timeline = Pair<TimelineTeam> & {
  readonly id: string
  readonly competition: string
  readonly round: string
  /** ISO date of the day it was played. */
  readonly date: string
  readonly venue: string
  /** How many minutes the replay spends in each period: at least up to its last event. Not a record of the time that was really added. */
  readonly periods: readonly { readonly period: Period; readonly minutes: number; readonly opening: string; readonly closing: string }[]
  /** In order. */
  readonly entries: readonly Entry[]
}
