import * as z from 'zod/mini'
import { boardSchema, statsSchema } from './board.ts'
import { eventSchema } from './event.ts'

const player = z.object({ number: z.number(), name: z.string() })
const team = z.object({ code: z.string(), name: z.string(), colors: z.array(z.string()), lineup: z.array(player) })
const line = z.object({ id: z.string(), label: z.string(), text: z.string() })

/** A match as it is announced; what of it never changes. */
export const gameSchema = z.object({
  id: z.string(),
  competition: z.string(),
  round: z.string(),
  date: z.string(),
  venue: z.string(),
  home: team,
  away: team,
})

/** All that a newcomer needs to show the match and go on from there. */
export const snapshotSchema = z.object({
  game: gameSchema,
  /** Which playing of the match this is: a replay begins again and again. Events of another loop do not belong to it. */
  loop: z.number(),
  board: boardSchema,
  events: z.array(eventSchema),
  stats: statsSchema,
  /** Commentary so far, oldest first. */
  text: z.array(line),
  /** The server's time when the snapshot was made, so that a page can correct its own clock. */
  serverUtcMs: z.number(),
})

/** What `sports:game_<id>` carries. */
export const gameMessageSchema = z.discriminatedUnion('type', [
  /** Urgent: a match begins, or begins again; everything shown before is replaced. */
  z.object({ type: z.literal('kickoff'), moment: z.number(), snapshot: snapshotSchema }),
  /** Urgent: all that one moment changed, with the board that follows from it. */
  z.object({
    type: z.literal('events'),
    game: z.string(),
    loop: z.number(),
    moment: z.number(),
    events: z.array(eventSchema),
    board: boardSchema,
    serverUtcMs: z.number(),
  }),
  z.object({ type: z.literal('stats'), game: z.string(), loop: z.number(), stats: statsSchema }),
  /** Says that the match is still being followed, and what time it is at the server. */
  z.object({ type: z.literal('clock'), game: z.string(), loop: z.number(), version: z.number(), serverUtcMs: z.number() }),
  z.object({ type: z.literal('text'), game: z.string(), loop: z.number(), line }),
])

/** A match in a list of matches: what never changes but the line-ups, and the board. */
export const listedGameSchema = z.object({
  id: z.string(),
  competition: z.string(),
  round: z.string(),
  date: z.string(),
  venue: z.string(),
  home: z.omit(team, { lineup: true }),
  away: z.omit(team, { lineup: true }),
  board: boardSchema,
  serverUtcMs: z.number(),
})

/** What `sports:league_<id>` carries: boards alone, by game. What they belong to is in the list that a subscriber is given. */
export const leagueMessageSchema = z.object({ type: z.literal('board'), game: z.string(), board: boardSchema, serverUtcMs: z.number() })

export const gameListSchema = z.object({ games: z.array(listedGameSchema) })

export type Game = z.infer<typeof gameSchema>
export type Line = z.infer<typeof line>
export type Snapshot = z.infer<typeof snapshotSchema>
export type GameMessage = z.infer<typeof gameMessageSchema>
export type ListedGame = z.infer<typeof listedGameSchema>
export type LeagueMessage = z.infer<typeof leagueMessageSchema>
