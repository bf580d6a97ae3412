import * as z from 'zod/mini'

/** Unix milliseconds, or milliseconds since some other beginning; never before it. */
export const timeSchema = z.number().check(z.minimum(0), z.maximum(8.64e15))
export const idSchema = z.string().check(z.minLength(1), z.maxLength(128))
export const nameSchema = z.string().check(z.minLength(1), z.maxLength(120))
/** A whole number from 0. */
export const whole = (max: number) => z.int().check(z.minimum(0), z.maximum(max))

/** Stands where a feed knows that there was a player and not who: places in a list of players mean something. */
export const unknownPlayer = 'Unknown player'
const playerNameSchema = z.pipe(
  z.nullish(z.string().check(z.maxLength(120))),
  z.transform(name => (name === null || name === undefined || name.trim() === '' ? unknownPlayer : name)),
)

/** Someone on the field or beside it. Ids belong to the feed that gave them: another may mean somebody else by the same one. */
export const playerSchema = z.object({
  id: z.optional(idSchema),
  name: playerNameSchema,
  number: z.optional(whole(999)),
  position: z.optional(z.string().check(z.maxLength(40))),
})

export const playersSchema = z._default(z.array(playerSchema).check(z.maxLength(60)), [])

/** What the match clock shows, running on through added time (46:30 in the second added minute of the first half). Some feeds stop it and count `added` minutes. */
export const readingSchema = z.object({ min: whole(300), sec: z._default(whole(59), 0), added: z.optional(whole(60)) })

/** `provisional`: given, but may be taken back. `overturned` and `deleted` do not count; the first is still told, the second was never so. */
export const stateSchema = z.enum(['provisional', 'confirmed', 'review', 'overturned', 'deleted'])

/** What may become of a match beside being played. `corrected` and `awarded` may carry the score that counts. */
export const statusSchema = z.enum([
  'scheduled',
  'delayed',
  'live',
  'half_time',
  'interrupted',
  'suspended',
  'abandoned',
  'postponed',
  'awarded',
  'finished',
  'corrected',
])

/** What a video review decided, by the names of Sportradar. */
export const verdictSchema = z.enum([
  'goal',
  'no_goal',
  'penalty',
  'no_penalty',
  'red_card',
  'no_red_card',
  'corner',
  'no_corner',
  'mistaken_identity',
  'no_mistaken_identity',
  'unchanged',
])

export type Player = z.infer<typeof playerSchema>
export type Reading = z.infer<typeof readingSchema>
export type Status = z.infer<typeof statusSchema>
