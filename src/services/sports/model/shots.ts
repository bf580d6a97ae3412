import * as z from 'zod/mini'
import { isLive, type MatchEvent } from './event.ts'
import { idSchema, nameSchema, readingSchema } from './event-parts.ts'
import { inOrder } from './order.ts'
import { periodSchema } from './period.ts'
import { countingGoals } from './review.ts'
import { sideSchema } from './side.ts'

/** A shot whose place is known. */
const shotSchema = z.object({
  id: idSchema,
  team: sideSchema,
  /** In percent of the length and width of the field, as the side attacks. */
  xy: z.tuple([z.number(), z.number()]),
  outcome: z.enum(['goal', 'saved', 'missed', 'blocked', 'post']),
  player: z.optional(nameSchema),
  period: periodSchema,
  clock: z.optional(readingSchema),
})

/** What `GET /sports/games/<id>/shots` answers. */
export const shotListSchema = z.object({ shots: z.array(shotSchema) })

export type Shot = z.infer<typeof shotSchema>

/** The shots whose place is known, in the order of the match. A goal is one as well, but for own goals. */
export function shotsOf(events: readonly MatchEvent[]): Shot[] {
  const goals = new Set(countingGoals(events).map(({ id }) => id))
  return events
    .filter(isLive)
    .toSorted(inOrder)
    .flatMap(event => {
      if (event.kind !== 'shot' && event.kind !== 'goal') return []
      if (event.xy === undefined || (event.kind === 'goal' && (event.data.how === 'own' || !goals.has(event.id)))) return []
      const { id, team, xy, period, clock, players } = event
      const player = players[0]?.name
      return {
        id,
        team,
        xy,
        outcome: event.kind === 'goal' ? 'goal' : event.data.outcome,
        ...(player === undefined ? {} : { player }),
        period,
        ...(clock === undefined ? {} : { clock }),
      }
    })
}
