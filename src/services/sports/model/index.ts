export { type Board, boardSchema, phaseName, reduceBoard, reduceStats, type Stats, shootoutScore } from './board.ts'
export { type MatchClock, minuteOf, minuteText, secondsAt } from './clock.ts'
export { eventSchema, isLive, type MatchEvent, otherSide, type Pair, type Side, upsert } from './event.ts'
export {
  type Game,
  type GameMessage,
  gameListSchema,
  gameMessageSchema,
  type LeagueMessage,
  type Line,
  type ListedGame,
  leagueMessageSchema,
  type Snapshot,
  snapshotSchema,
} from './message.ts'
export { type Period, type Phase, periodMinutes, phaseAfter, playing } from './period.ts'
export type { Entry, Fixture, Player, Team, Timeline } from './timeline.ts'
