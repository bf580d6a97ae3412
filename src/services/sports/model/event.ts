import * as z from 'zod/mini'
import {
  idSchema,
  nameSchema,
  playersSchema,
  readingSchema,
  stateSchema,
  statusSchema,
  timeSchema,
  verdictSchema,
  whole,
} from './event-parts.ts'
import { periodSchema } from './period.ts'
import { pairOf, sideSchema } from './side.ts'

/** What every event has (sports S1, S2). */
const common = {
  /** Stays the same through all corrections of the event. */
  id: idSchema,
  /** Rises with each correction. */
  rev: z._default(z.int().check(z.minimum(1)), 1),
  /** Order among the events of a match that happened at the same time. */
  seq: z._default(z.int().check(z.minimum(0)), 0),
  state: z._default(stateSchema, 'confirmed'),
  players: playersSchema,
  /** The event that this one is about, for example the goal of a review. */
  ref: z.optional(idSchema),
  /** Where on the field, in percent of its length and width as the side attacks. */
  xy: z.optional(z.tuple([z.number(), z.number()])),
  /** When it happened, and when this revision of it came in: Unix milliseconds. */
  tEvent: z._default(timeSchema, 0),
  tIngest: z._default(timeSchema, 0),
}

const anywhere = { ...common, period: z.optional(periodSchema), clock: z.optional(readingSchema) }
const between = { ...anywhere, period: periodSchema }
const ofTeam = { ...anywhere, team: sideSchema }
const ofTeamMaybe = { ...anywhere, team: z.optional(sideSchema) }
const inPlay = { ...between, team: sideSchema }

/** What of `z.object` and `z.strictObject` decides what becomes of keys that are not known: dropped, or refused. */
type MakeObject = <T extends z.core.$ZodLooseShape>(shape: T) => z.ZodMiniObject<T>
type Kind<K extends string> = z.ZodMiniLiteral<K>

const kind = <const K extends string>(name: K): Kind<K> => z.literal(name)

function incidents(object: MakeObject) {
  const nothing = z._default(object({}), {})
  const how = z._default(z.enum(['play', 'penalty', 'own', 'free_kick', 'header']), 'play')
  return [
    /** `team` is the side of the scorer: an own goal counts for the other one. `players`: the scorer, who gave the pass. */
    object({ ...inPlay, kind: kind('goal'), data: z._default(object({ how }), { how: 'play' }) }),
    /** The ball was in, but it never counted. */
    object({ ...inPlay, kind: kind('goal_disallowed'), data: z._default(object({ reason: z.optional(nameSchema) }), {}) }),
    object({ ...inPlay, kind: kind('card'), data: object({ card: z.enum(['yellow', 'second_yellow', 'red']) }) }),
    /** `players`: who comes on, who goes off. */
    object({ ...inPlay, kind: kind('substitution'), data: nothing }),
    /** `team` gets the penalty. */
    object({ ...inPlay, kind: kind('penalty'), data: nothing }),
    object({ ...inPlay, kind: kind('penalty_missed'), data: object({ outcome: z.enum(['saved', 'missed']) }) }),
    /** A kick of the shoot-out. Never a goal of the match. */
    object({
      ...ofTeam,
      period: z._default(z.literal('shootout'), 'shootout'),
      kind: kind('kick'),
      data: object({ outcome: z.enum(['scored', 'saved', 'missed']) }),
    }),
  ] as const
}

function rulings(object: MakeObject) {
  const nothing = z._default(object({}), {})
  const running = z._default(z.boolean(), true)
  const corrected = z._default(z.boolean(), false)
  const reason = z.optional(z.string().check(z.maxLength(280)))
  return [
    object({ ...between, kind: kind('period_start'), data: nothing }),
    object({ ...between, kind: kind('period_end'), data: nothing }),
    object({ ...between, kind: kind('added_time'), data: object({ minutes: whole(60) }) }),
    /** What the clock shows at `tEvent`. It never sets the clock back unless it says that it was `corrected`. */
    object({
      ...between,
      clock: readingSchema,
      kind: kind('clock'),
      data: z._default(object({ running, corrected }), { running: true, corrected: false }),
    }),
    object({ ...anywhere, kind: kind('status'), data: object({ status: statusSchema, score: z.optional(pairOf(whole(999))), reason }) }),
    object({ ...ofTeamMaybe, kind: kind('var_start'), data: z._default(object({ reason }), {}) }),
    object({
      ...ofTeamMaybe,
      kind: kind('var_end'),
      data: z._default(object({ outcome: z._default(verdictSchema, 'unchanged') }), { outcome: 'unchanged' }),
    }),
  ] as const
}

function details(object: MakeObject) {
  const nothing = z._default(object({}), {})
  const formation = z.optional(z.string().check(z.maxLength(20)))
  const statName = z.string().check(z.regex(/^[a-z][a-z0-9_]{0,39}$/))
  return [
    /** `players`: who begins. */
    object({ ...ofTeam, kind: kind('lineup'), data: z._default(object({ bench: playersSchema, formation }), { bench: [] }) }),
    object({ ...ofTeam, kind: kind('coach'), data: nothing }),
    object({ ...inPlay, kind: kind('shot'), data: object({ outcome: z.enum(['saved', 'missed', 'blocked', 'post']) }) }),
    object({ ...inPlay, kind: kind('save'), data: nothing }),
    /** `players`: who fouled, whom. */
    object({ ...inPlay, kind: kind('foul'), data: nothing }),
    object({ ...inPlay, kind: kind('corner'), data: nothing }),
    object({ ...inPlay, kind: kind('offside'), data: nothing }),
    object({ ...ofTeamMaybe, kind: kind('injury'), data: nothing }),
    /** A figure that the feed counts: the newest revision is its value. */
    object({ ...ofTeam, kind: kind('stat'), data: object({ name: statName, value: z.number() }) }),
    object({
      ...ofTeamMaybe,
      kind: kind('commentary'),
      data: object({ text: z.string().check(z.minLength(1), z.maxLength(2000)), label: z.optional(z.string().check(z.maxLength(40))) }),
    }),
    /** A deletion that came before its event: keeps it out. */
    object({ ...common, state: z.literal('deleted'), kind: kind('unknown') }),
  ] as const
}

const eventSchemaBy = (object: MakeObject) => z.discriminatedUnion('kind', [...incidents(object), ...rulings(object), ...details(object)])

/** A match event as it stands on the wire. */
export const eventSchema = eventSchemaBy(z.object)
/** The same from a feed, where a key that is not known is a mistake. */
export const fedEventSchema = eventSchemaBy(z.strictObject)
/** A deletion may say no more than what it deletes. */
export const deletionSchema = z.strictObject({
  id: idSchema,
  rev: z.int().check(z.minimum(1)),
  state: z.literal('deleted'),
  tEvent: z.optional(timeSchema),
})

export type MatchEvent = z.infer<typeof eventSchema>
/** A match event as a feed may write it: what has a default may be left out. */
export type FedEvent = z.input<typeof eventSchema>
export type EventOf<K extends MatchEvent['kind']> = Extract<MatchEvent, { kind: K }>

/** Whether the event counts: an overturned goal and a deleted card do not, what is provisional or under review does. */
export function isLive(event: MatchEvent): boolean {
  return event.state !== 'overturned' && event.state !== 'deleted'
}
