import * as z from 'zod/mini'

const period = z.enum(['first_half', 'second_half', 'extra_first', 'extra_second', 'shootout'])
const side = z.enum(['home', 'away'])
const name = z.string()

/** Where in the match something happened: the minute as it is announced (23 is 22:00 to 22:59), and the minute of added time. */
const place = { period, minute: z.number(), added: z.optional(z.number()) }

/** A whole event: the happening, its place, and what lets it be revised later (sports S1, S2). */
const revisable = {
  id: name,
  /** Rises with each correction of the same event. */
  rev: z.number(),
  /** Order within the match, from 1, dense. */
  seq: z.number(),
  state: z.enum(['confirmed', 'provisional', 'review', 'overturned', 'deleted']),
  /** When it happened, Unix milliseconds. */
  utcMs: z.number(),
}

const both = { ...place, ...revisable }

/** The shape of a match event on the wire. */
export const eventSchema = z.discriminatedUnion('kind', [
  z.object({ ...both, kind: z.literal('period_start') }),
  z.object({ ...both, kind: z.literal('period_end') }),
  z.object({ ...both, kind: z.literal('match_end') }),
  z.object({
    ...both,
    kind: z.literal('goal'),
    /** The side that the goal counts for, also when the other one scored it. */
    team: side,
    player: name,
    how: z.enum(['play', 'penalty', 'own']),
    assist: z.optional(name),
  }),
  z.object({ ...both, kind: z.literal('card'), team: side, player: name, card: z.enum(['yellow', 'second_yellow', 'red']) }),
  z.object({ ...both, kind: z.literal('substitution'), team: side, on: name, off: name }),
  z.object({ ...both, kind: z.literal('penalty_missed'), team: side, player: name, outcome: z.enum(['saved', 'missed']) }),
  z.object({ ...both, kind: z.literal('kick'), team: side, player: name, outcome: z.enum(['scored', 'saved', 'missed']) }),
])

export type MatchEvent = z.infer<typeof eventSchema>
export type Side = z.infer<typeof side>

/** Both sides of something. */
export type Pair<T> = { readonly home: T; readonly away: T }

export function otherSide(team: Side): Side {
  return team === 'home' ? 'away' : 'home'
}

/** Whether the event counts: an overturned goal and a deleted card do not, what is provisional or under review does. */
export function isLive(event: MatchEvent): boolean {
  return event.state !== 'overturned' && event.state !== 'deleted'
}

/**
 * Puts an event among those known, by id, if its revision is newer, and keeps them in order (sports S2). A deletion of an event that
 * was never seen is kept too, so that the event cannot come after it. Answers the same array when nothing changed.
 */
export function upsert(events: readonly MatchEvent[], event: MatchEvent): readonly MatchEvent[] {
  const known = events.find(other => other.id === event.id)
  if (known !== undefined && known.rev >= event.rev) return events
  return [...events.filter(other => other.id !== event.id), event].toSorted((a, b) => a.seq - b.seq)
}
