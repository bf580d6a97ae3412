import * as z from 'zod/mini'
import { unreachable } from '../../../kit/index.ts'
import { clockSchema, type MatchClock } from './clock.ts'
import { isLive, type MatchEvent, type Pair, type Side } from './event.ts'
import { type Period, type Phase, periodMinutes, phaseAfter } from './period.ts'

const count = z.number()
const pair = <T extends z.ZodMiniType>(schema: T) => z.object({ home: schema, away: schema })

/** What a glance at a match needs. Always a reduction over its events, never a counter (sports S3). */
export const boardSchema = z.object({
  /** Rises with every event and every correction. */
  version: z.number(),
  score: pair(count),
  /** Kicks in the order taken; they never count as goals. Absent until the shoot-out begins. */
  shootout: z.optional(pair(z.array(z.enum(['scored', 'saved', 'missed'])))),
  phase: z.enum([
    'scheduled',
    'first_half',
    'half_time',
    'second_half',
    'full_time',
    'extra_first',
    'extra_half_time',
    'extra_second',
    'extra_full_time',
    'shootout',
    'finished',
  ]),
  /** Absent before the first kick-off. */
  clock: z.optional(clockSchema),
  cards: pair(z.object({ yellow: count, red: count })),
})

export type Board = z.infer<typeof boardSchema>

/** Counts that follow from the events alone. */
export const statsSchema = pair(
  z.object({
    goals: count,
    penaltyGoals: count,
    yellowCards: count,
    redCards: count,
    substitutions: count,
    kicksScored: count,
    kicksTaken: count,
  }),
)
export type Stats = z.infer<typeof statsSchema>

/** Reduces events, in order, to the board. `rate` is how fast the match is played: 1 unless it is a replay. */
export function reduceBoard(events: readonly MatchEvent[], rate = 1): Board {
  const board = emptyBoard()
  for (const event of events) {
    board.version += event.rev
    if (isLive(event)) apply(board, event, rate)
  }
  return board
}

function emptyBoard(): Board {
  return {
    version: 0,
    score: { home: 0, away: 0 },
    phase: 'scheduled',
    cards: { home: { yellow: 0, red: 0 }, away: { yellow: 0, red: 0 } },
  }
}

function apply(board: Board, event: MatchEvent, rate: number): void {
  switch (event.kind) {
    case 'period_start':
      begin(board, event, rate)
      break
    case 'period_end':
      board.phase = phaseAfter(event.period)
      stop(board, event)
      break
    case 'match_end':
      board.phase = 'finished'
      stop(board, event)
      break
    case 'goal':
      board.score[event.team]++
      break
    case 'card':
      board.cards[event.team][event.card === 'yellow' ? 'yellow' : 'red']++
      break
    case 'kick':
      board.shootout?.[event.team].push(event.outcome)
      break
    case 'substitution':
    case 'penalty_missed':
      break
    default:
      unreachable(event)
  }
}

function begin(board: Board, event: MatchEvent, rate: number): void {
  board.phase = event.period
  board.clock = clockFrom(event.period, event.utcMs, rate)
  if (event.period === 'shootout') board.shootout = { home: [], away: [] }
}

function clockFrom(period: Period, utcMs: number, rate: number): MatchClock {
  return { period, anchorUtcMs: utcMs, anchorSec: periodMinutes[period].from * 60, running: period !== 'shootout', rate }
}

/** The clock stands where the period ended: at least at its regular end. */
function stop(board: Board, event: MatchEvent): void {
  if (board.clock === undefined || !board.clock.running) return
  const played = ((event.utcMs - board.clock.anchorUtcMs) / 1000) * board.clock.rate
  const anchorSec = Math.max(periodMinutes[event.period].to * 60, board.clock.anchorSec + played)
  board.clock = { ...board.clock, anchorUtcMs: event.utcMs, anchorSec, running: false }
}

export function reduceStats(events: readonly MatchEvent[]): Stats {
  const live = events.filter(isLive)
  return { home: statsOf(live, 'home'), away: statsOf(live, 'away') }
}

function statsOf(events: readonly MatchEvent[], team: Side): Stats['home'] {
  const tally = { goals: 0, penaltyGoals: 0, yellowCards: 0, redCards: 0, substitutions: 0, kicksScored: 0, kicksTaken: 0 }
  for (const event of events) {
    if (!('team' in event) || event.team !== team) continue
    if (event.kind === 'goal') tally.goals++
    if (event.kind === 'goal' && event.how === 'penalty') tally.penaltyGoals++
    if (event.kind === 'card') tally[event.card === 'yellow' ? 'yellowCards' : 'redCards']++
    if (event.kind === 'substitution') tally.substitutions++
    if (event.kind === 'kick') tally.kicksTaken++
    if (event.kind === 'kick' && event.outcome === 'scored') tally.kicksScored++
  }
  return tally
}

/** Kicks that went in, for both sides, or undefined without a shoot-out. */
export function shootoutScore(board: Board): Pair<number> | undefined {
  if (board.shootout === undefined) return undefined
  const scored = (team: Side) => board.shootout?.[team].filter(outcome => outcome === 'scored').length ?? 0
  return { home: scored('home'), away: scored('away') }
}

const phaseNames: Readonly<Record<Phase, string>> = {
  scheduled: 'Kick-off soon',
  first_half: '1st half',
  half_time: 'Half-time',
  second_half: '2nd half',
  full_time: 'End of normal time',
  extra_first: 'Extra time, 1st half',
  extra_half_time: 'Extra time, half-time',
  extra_second: 'Extra time, 2nd half',
  extra_full_time: 'End of extra time',
  shootout: 'Penalty shoot-out',
  finished: 'Full time',
}

/** The phase in words. */
export function phaseName(phase: Phase): string {
  return phaseNames[phase]
}
