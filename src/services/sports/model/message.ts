import * as z from 'zod/mini'
import { boardSchema } from './board.ts'
import { eventSchema } from './event.ts'
import { gameSchema, teamSchema } from './game.ts'
import { statsSchema } from './stats.ts'

/** Which playing of the match this is: a replay begins again and again. Events of another one do not belong to it. */
const run = z.number()
/** The server's time when the message was made, so that a page can correct its own clock. */
const serverUtcMs = z.number()

/** All that a newcomer needs to show the match and go on from there. */
export const snapshotSchema = z.object({
  game: gameSchema,
  run,
  board: boardSchema,
  /** What is urgent, in the order of the match; what was deleted is left out. */
  events: z.array(eventSchema),
  stats: statsSchema,
  /** The newest commentary, oldest first. */
  text: z.array(eventSchema),
  serverUtcMs,
})

/** What `sports:game_<id>` carries. */
export const gameMessageSchema = z.discriminatedUnion('type', [
  /** Urgent: the match begins again, or what is known of it beside its events has changed. Replaces everything shown before. */
  z.object({ type: z.literal('snapshot'), snapshot: snapshotSchema }),
  /** Urgent: all that one moment changed, with the board that follows from it. `since` is the board's version before. */
  z.object({
    type: z.literal('events'),
    game: z.string(),
    run,
    since: z.number(),
    events: z.array(eventSchema),
    board: boardSchema,
    serverUtcMs,
  }),
  z.object({ type: z.literal('stats'), game: z.string(), run, stats: statsSchema }),
  /** A line of commentary, or a newer revision of one. */
  z.object({ type: z.literal('text'), game: z.string(), run, line: eventSchema }),
  /** Says that the match is still being followed, and what time it is at the server. */
  z.object({ type: z.literal('clock'), game: z.string(), run, version: z.number(), serverUtcMs }),
])

const listedTeam = z.pick(teamSchema, { id: true, code: true, name: true, colors: true })

/** A match in a list of matches: what hardly ever changes, and the board. */
const listedGameSchema = z.object({
  ...z.pick(gameSchema, { id: true, league: true, competition: true, round: true, date: true, venue: true, kickoffUtcMs: true }).def.shape,
  home: listedTeam,
  away: listedTeam,
  board: boardSchema,
})

/** What `sports:league_<id>` and `sports:team_<id>` carry: boards alone, by game. What they belong to is in the list that a subscriber is given. */
export const leagueMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('board'), game: z.string(), board: boardSchema, serverUtcMs }),
  /** A match that is new here, or is described anew. */
  z.object({ type: z.literal('game'), game: listedGameSchema, serverUtcMs }),
  z.object({ type: z.literal('clock'), serverUtcMs }),
])

export const gameListSchema = z.object({ games: z.array(listedGameSchema), serverUtcMs })

export type Snapshot = z.infer<typeof snapshotSchema>
export type GameMessage = z.infer<typeof gameMessageSchema>
export type ListedGame = z.infer<typeof listedGameSchema>
export type LeagueMessage = z.infer<typeof leagueMessageSchema>
