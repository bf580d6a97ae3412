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
export { eventMinute, isAnchor, type MatchClock, minuteOf, minuteText, notBack, placeMinute, secondsAt, setsGoing } from './clock.ts'
export {
  deletionSchema,
  type EventOf,
  eventSchema,
  type FedEvent,
  fedEventSchema,
  isLive,
  type MatchEvent,
} from './event.ts'
export { idSchema, type Player, type Reading, type Status, unknownPlayer } from './event-parts.ts'
export { foldName } from './fold-name.ts'
export { type FedGame, fedGameSchema, type Game, gameIdSchema, gameOf, gameSchema, slugOf, squadOf, type Team } from './game.ts'
export { creditedTo, type Scorer, scoreOf } from './goals.ts'
export {
  type GameList,
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
export { type Period, type Phase, periodMinutes, periods, phaseAfter, phaseName, playing, rankOf } from './period.ts'
export { type Likeness, likenessOf, samePlayer } from './player.ts'
export { type Priority, priorityOf } from './priority.ts'
export { countingGoals } from './review.ts'
export { type Shot, shotListSchema, shotsOf } from './shots.ts'
export { otherSide, type Pair, type Side } from './side.ts'
export { reduceStats, type Stats } from './stats.ts'
export type { Entry, Timeline, TimelineTeam } from './timeline.ts'
