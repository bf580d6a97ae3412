import * as z from 'zod/mini'
import type { EventOf } from './event.ts'
import { readingSchema, unknownPlayer } from './event-parts.ts'
import { inOrder } from './order.ts'
import { type Phase, periodSchema } from './period.ts'
import { otherSide, type Pair, type Side, sideSchema } from './side.ts'

/** A goal that counts, as a list of matches tells it: for which side, by whom, and when. */
export const scorerSchema = z.object({
  /** The side that it counts for. */
  side: sideSchema,
  /** Absent where nobody knows. */
  player: z.optional(z.string()),
  period: periodSchema,
  clock: z.optional(readingSchema),
  how: z.enum(['play', 'penalty', 'own', 'free_kick', 'header']),
})

export type Scorer = z.infer<typeof scorerSchema>

/** Goals that a board names: the most that one match of the professionals has ever had is 31. Beyond, only the score counts them. */
const scorersMax = 31

export function scoreOf(goals: readonly EventOf<'goal'>[]): Pair<number> {
  const score = { home: 0, away: 0 }
  for (const goal of goals) score[creditedTo(goal)]++
  return score
}

/** The side that a goal counts for. */
export function creditedTo({ team, data }: EventOf<'goal'>): Side {
  return data.how === 'own' ? otherSide(team) : team
}

/** The goals that count, in the order of the match. */
export function scorersOf(goals: readonly EventOf<'goal'>[]): Scorer[] {
  return goals
    .toSorted(inOrder)
    .slice(0, scorersMax)
    .map(goal => {
      const { players, period, clock, data } = goal
      const player = players[0]?.name
      return {
        side: creditedTo(goal),
        ...(player === undefined || player === unknownPlayer ? {} : { player }),
        period,
        ...(clock === undefined ? {} : { clock }),
        how: data.how,
      }
    })
}

/** The score at half-time, once the first half is over. */
export function halfTimeOf(goals: readonly EventOf<'goal'>[], phase: Phase): Pair<number> | undefined {
  if (phase === 'scheduled' || phase === 'first_half') return undefined
  return scoreOf(goals.filter(({ period }) => period === 'first_half'))
}
