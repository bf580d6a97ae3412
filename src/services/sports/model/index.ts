export {
  type Board,
  boardSchema,
  isDismissal,
  isOver,
  periodNow,
  reduceBoard,
  shootoutScore,
  statusName,
} from './board.ts'
export { eventMinute, isAnchor, minuteOf, minuteText, notBack, placeMinute, secondsAt, setsGoing } from './clock.ts'
export {
  deletionSchema,
  type EventOf,
  eventSchema,
  type FedEvent,
  fedEventSchema,
  isLive,
  type MatchEvent,
} from './event.ts'
export { idSchema, type Player, unknownPlayer } from './event-parts.ts'
export { foldName } from './fold-name.ts'
export { type FedGame, fedGameSchema, type Game, gameIdSchema, gameOf, gameSchema, slugOf } from './game.ts'
export { creditedTo, type Scorer, scoreOf } from './goals.ts'
export {
  type GameMessage,
  gameListSchema,
  gameMessageSchema,
  type LeagueMessage,
  type ListedGame,
  leagueMessageSchema,
  type Snapshot,
  snapshotSchema,
} from './message.ts'
export { ordered } from './order.ts'
export { type Period, periodMinutes, periods, phaseAfter, phaseName } from './period.ts'
export { type Likeness, likenessOf, samePlayer } from './player.ts'
export { priorityOf } from './priority.ts'
export { countingGoals } from './review.ts'
export { type Shot, shotListSchema, shotsOf } from './shots.ts'
export { otherSide, type Pair, type Side } from './side.ts'
export { reduceStats, type Stats } from './stats.ts'
export type { Entry, Timeline } from './timeline.ts'
