import * as z from 'zod/mini'
import { at, defined } from '../../../kit/index.ts'
import { idSchema, nameSchema, playerSchema, timeSchema } from './event-parts.ts'

/** Ids that stand in channel names and paths. */
export const gameIdSchema = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/))
const color = z.string().check(z.regex(/^#[0-9a-fA-F]{6}$/))
const short = z.string().check(z.maxLength(120))
/** From the defence to the attack, such as `4-2-3-1`. */
const formationSchema = z.optional(z.string().check(z.maxLength(20)))
const squad = z.array(playerSchema).check(z.maxLength(60))

export const teamSchema = z.object({
  id: gameIdSchema,
  /** Up to four letters, as boards show them. */
  code: z.string().check(z.minLength(1), z.maxLength(4)),
  name: nameSchema,
  /** One to four colours of flag or shirt, the leading one first. */
  colors: z.array(color).check(z.minLength(1), z.maxLength(4)),
  /** Who begins, and who may come on; empty while it is not known. */
  lineup: squad,
  bench: squad,
  coach: z.optional(nameSchema),
  formation: formationSchema,
})

/** What of a match is not an event: who plays, where, and in which competition. */
export const gameSchema = z.object({
  id: gameIdSchema,
  /** Its boards are on `sports:league_<league>`, beside those of `sports:league_all`. */
  league: gameIdSchema,
  competition: short,
  round: short,
  /** ISO date of the day it is played, or ''. */
  date: z.string().check(z.regex(/^(\d{4}-\d\d-\d\d)?$/)),
  venue: short,
  home: teamSchema,
  away: teamSchema,
  /** When it begins, Unix milliseconds; absent where only the day is known. */
  kickoffUtcMs: z.optional(timeSchema),
  /** Seconds of play in one second: 1, or more in a replay. */
  rate: z.number().check(z.minimum(0.001), z.maximum(100_000)),
  /** Names of its feeds, the one that is trusted most first. */
  sources: z.array(idSchema).check(z.maxLength(16)),
  /**
   * The provider of each feed that shares its ids with another: two ways to one provider, whose revisions can be compared. A feed that is not
   * named here is a provider of its own, and an id of its means nothing to the others.
   */
  providers: z._default(z.record(idSchema, idSchema), {}),
})

const fedTeam = z.union(
  [
    nameSchema,
    z.strictObject({
      id: z.optional(gameIdSchema),
      code: z.optional(teamSchema.def.shape.code),
      name: nameSchema,
      colors: z.optional(teamSchema.def.shape.colors),
      lineup: z._default(squad, []),
      bench: z._default(squad, []),
      coach: z.optional(nameSchema),
      formation: formationSchema,
    }),
  ],
  { error: 'expected a name, or an object with a name' },
)

/** The last moment of the year 9999, beyond which dates are written otherwise. */
const kickoffMaxMs = 253_402_300_799_999
const fedDate = gameSchema.def.shape.date.check(z.refine(isDay, 'expected a day of the calendar'))

/** What `PUT /sports/games/<id>` takes. Teams and league may be given by name alone. */
export const fedGameSchema = z.strictObject({
  league: z._default(gameIdSchema, 'games'),
  competition: z._default(short, ''),
  round: z._default(short, ''),
  date: z._default(fedDate, ''),
  venue: z._default(short, ''),
  home: fedTeam,
  away: fedTeam,
  kickoffUtcMs: z.optional(timeSchema.check(z.maximum(kickoffMaxMs))),
  rate: z._default(gameSchema.def.shape.rate, 1),
  sources: z._default(gameSchema.def.shape.sources, []),
  providers: gameSchema.def.shape.providers,
})

export type Team = z.infer<typeof teamSchema>
export type Game = z.infer<typeof gameSchema>
/** A game as a feed may write it. */
export type FedGame = z.input<typeof fedGameSchema>

/** The game that a feed describes, with what it left out. */
export function gameOf(id: string, given: z.output<typeof fedGameSchema>): Game {
  const { home, away, ...rest } = given
  return { id, ...rest, home: teamOf(home), away: teamOf(away) }
}

function teamOf(given: z.output<typeof fedTeam>): Team {
  const team = typeof given === 'string' ? { name: given, lineup: [], bench: [] } : given
  return {
    id: slugOf(team.name),
    code: codeOf(team.name),
    colors: colorsOf(team.name),
    // A key that is undefined would hide the default.
    ...defined(team),
  }
}

/** Three letters; some grow to two as capitals. */
function codeOf(name: string): string {
  const letters = name.normalize('NFKD').replace(/[^A-Za-z0-9]/g, '')
  return [...(letters === '' ? name : letters).toUpperCase()].slice(0, 3).join('')
}

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T12:00:00Z`)
  return text === '' || (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text))
}

/** A name as an id: `Borussia Mönchengladbach` is `borussia-monchengladbach`. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64)
  return slug === '' ? `team-${hashOf(name).toString(36)}` : slug
}

const palette = [
  ['#c8102e', '#ffffff'],
  ['#1d4ed8', '#ffffff'],
  ['#047857', '#f8fafc'],
  ['#b45309', '#fde68a'],
  ['#6d28d9', '#ede9fe'],
  ['#0e7490', '#cffafe'],
  ['#be185d', '#1f2937'],
  ['#111827', '#f59e0b'],
]

/** Colours for a team whose own are not known: always the same for a name. */
function colorsOf(name: string): string[] {
  return [...at(palette, hashOf(name) % palette.length)]
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
  return hash
}
