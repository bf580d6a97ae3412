import * as z from 'zod/mini'
import { besidePlay, clockSchema, type MatchClock, reduceClock } from './clock.ts'
import { type EventOf, isLive, type MatchEvent } from './event.ts'
import { type Status, statusSchema } from './event-parts.ts'
import { halfTimeOf, scoreOf, scorerSchema, scorersOf } from './goals.ts'
import { inOrder, inTime } from './order.ts'
import { type Period, type Phase, periodSchema, periods, phaseAfter, phaseSchema } from './period.ts'
import { samePlayer } from './player.ts'
import { countingGoals, openReview } from './review.ts'
import { type Pair, pairOf, type Side } from './side.ts'

const count = z.number()

/** What a glance at a match needs. Always a reduction over its events, never a counter (sports S3). */
export const boardSchema = z.object({
  /** Grows with every change of what is urgent. */
  version: count,
  status: statusSchema,
  phase: phaseSchema,
  score: pairOf(count),
  /** Absent until the first half is over. */
  halfTime: z.optional(pairOf(count)),
  /** The goals that count, in the order of the match. Absent while there are none. */
  scorers: z.optional(z.array(scorerSchema)),
  /** Kicks in the order taken; they never count as goals. Absent until the shoot-out begins. */
  shootout: z.optional(pairOf(z.array(z.enum(['scored', 'saved', 'missed'])))),
  cards: pairOf(z.object({ yellow: count, red: count })),
  /** Absent before the first kick-off. */
  clock: z.optional(clockSchema),
  /** The added time that was announced for the period being played. */
  added: z.optional(z.object({ period: periodSchema, minutes: count })),
  /** A video review that is going on. */
  review: z.optional(z.object({ id: z.string(), ref: z.optional(z.string()), reason: z.optional(z.string()), sinceUtcMs: count })),
})

export type Board = z.infer<typeof boardSchema>

export interface BoardOptions {
  readonly version?: number
  /** How fast the match is played: 1 unless it is a replay. */
  readonly rate?: number
}

/** Reduces events to the board, whatever order they are in. */
export function reduceBoard(events: readonly MatchEvent[], { version = 0, rate = 1 }: BoardOptions = {}): Board {
  const live = events.filter(isLive)
  const clock = reduceClock(live, rate)
  const phase = reducePhase(live)
  const status = reduceStatus(live, phase, clock)
  const kicks = reduceShootout(live)
  const added = live
    .filter(event => event.kind === 'added_time' && event.period === phase)
    .toSorted(inTime)
    .at(-1)
  const review = openReview(live)
  const goals = countingGoals(events)
  const halfTime = halfTimeOf(goals, phase)
  return {
    version,
    status,
    phase: isOver(status) ? 'finished' : phase,
    score: officialScore(live) ?? scoreOf(goals),
    ...(halfTime === undefined ? {} : { halfTime }),
    ...(goals.length === 0 ? {} : { scorers: scorersOf(goals) }),
    cards: { home: cardsOf(live, 'home'), away: cardsOf(live, 'away') },
    ...(kicks === undefined ? {} : { shootout: kicks }),
    ...(clock === undefined ? {} : { clock: stoppedWhen(isOver(status), clock) }),
    ...(added?.kind === 'added_time' ? { added: { period: added.period, minutes: added.data.minutes } } : {}),
    ...(review === undefined ? {} : { review }),
  }
}

/** The score that was awarded or officially corrected takes the place of the goals, as long as its event stands. */
function officialScore(live: readonly MatchEvent[]): Pair<number> | undefined {
  const statuses: EventOf<'status'>[] = live.filter(event => event.kind === 'status').toSorted(inTime)
  return statuses.findLast(({ data }) => (data.status === 'awarded' || data.status === 'corrected') && data.score !== undefined)?.data.score
}

/**
 * The last period in which anything happened, or the break after it where its last whistle was heard. So a goal told late does not begin the half
 * again, and a feed that leaves out a whistle does not stop the match.
 */
function reducePhase(live: readonly MatchEvent[]): Phase {
  const played = live.flatMap(event =>
    besidePlay.has(event.kind) || !('period' in event) || event.period === undefined ? [] : [event.period],
  )
  const last = periods.findLast(period => played.includes(period))
  if (last === undefined) return 'scheduled'
  return live.some(event => event.kind === 'period_end' && event.period === last) ? phaseAfter(last) : last
}

const final: ReadonlySet<Status> = new Set(['finished', 'awarded', 'corrected'])
const plain: ReadonlySet<Status> = new Set(['scheduled', 'live', 'half_time'])

/** Whether nothing is played any more. */
export function isOver(status: Status): boolean {
  return final.has(status) || status === 'abandoned'
}

/** What was said last, where it says more than the periods do; play that goes on ends an interruption. */
function reduceStatus(live: readonly MatchEvent[], phase: Phase, clock: MatchClock | undefined): Status {
  const said: EventOf<'status'> | undefined = live
    .filter(event => event.kind === 'status')
    .toSorted(inTime)
    .at(-1)
  if (said !== undefined && !plain.has(said.data.status)) {
    const isResumed = live.some(event => event.kind === 'period_start' && inTime(event, said) > 0) || isRunningSince(said, clock)
    if (final.has(said.data.status) || !isResumed) return said.data.status
  }
  if (phase === 'scheduled') return said?.data.status ?? 'scheduled'
  if (phase === 'finished') return 'finished'
  return phase === 'half_time' ? 'half_time' : 'live'
}

/** Whether the clock was set going after a word that stopped it. */
function isRunningSince({ tEvent }: MatchEvent, clock: MatchClock | undefined): boolean {
  return clock?.running === true && clock.anchorUtcMs > tEvent
}

function stoppedWhen(over: boolean, clock: MatchClock): MatchClock {
  return over && clock.running ? { ...clock, running: false } : clock
}

/** The kicks in the order taken. Some feeds tell them as goals and missed penalties of a period of their own. */
function reduceShootout(live: readonly MatchEvent[]): Board['shootout'] {
  const kicks = live.toSorted(inOrder).flatMap(event => {
    if (event.kind === 'kick') return [{ team: event.team, outcome: event.data.outcome }]
    if (event.kind === 'goal' && event.period === 'shootout') return [{ team: event.team, outcome: 'scored' as const }]
    return event.kind === 'penalty_missed' && event.period === 'shootout' ? [{ team: event.team, outcome: event.data.outcome }] : []
  })
  const begun = kicks.length > 0 || live.some(event => event.kind === 'period_start' && event.period === 'shootout')
  const of = (side: Side) => kicks.filter(({ team }) => team === side).map(({ outcome }) => outcome)
  return begun ? { home: of('home'), away: of('away') } : undefined
}

/** A player's second yellow card is a red one beside the first, whether the feed says so or counts two yellows. */
export function cardsOf(live: readonly MatchEvent[], side: Side): { yellow: number; red: number } {
  const total = { yellow: 0, red: 0 }
  for (const own of cardsByPlayer(live, side)) {
    const yellows = own.filter(({ data }) => data.card === 'yellow').length
    if (yellows > 0) total.yellow++
    if (yellows > 1 || own.some(({ data }) => data.card !== 'yellow')) total.red++
  }
  return total
}

function cardsByPlayer(live: readonly MatchEvent[], side: Side): EventOf<'card'>[][] {
  const groups: EventOf<'card'>[][] = []
  for (const card of live) {
    if (card.kind !== 'card' || card.team !== side) continue
    const group = groups.find(([first]) => samePlayer(first?.players[0], card.players[0]))
    if (group === undefined) groups.push([card])
    else group.push(card)
  }
  return groups
}

/** Whether the card sends its player off: red, or a second yellow. */
export function isDismissal(card: EventOf<'card'>, events: readonly MatchEvent[]): boolean {
  if (card.data.card !== 'yellow') return true
  return events.some(
    other =>
      other.kind === 'card' &&
      other.id !== card.id &&
      other.team === card.team &&
      isLive(other) &&
      samePlayer(other.players[0], card.players[0]) &&
      inOrder(other, card) < 0,
  )
}

/** Kicks that went in, for both sides, or undefined without a shoot-out. */
export function shootoutScore(board: Board): Pair<number> | undefined {
  if (board.shootout === undefined) return undefined
  const scored = (team: Side) => board.shootout?.[team].filter(outcome => outcome === 'scored').length ?? 0
  return { home: scored('home'), away: scored('away') }
}

const statusNames: Readonly<Record<Status, string>> = {
  scheduled: 'Kick-off soon',
  delayed: 'Delayed',
  live: 'Live',
  half_time: 'Half-time',
  interrupted: 'Interrupted',
  suspended: 'Suspended',
  abandoned: 'Abandoned',
  postponed: 'Postponed',
  awarded: 'Awarded',
  finished: 'Full time',
  corrected: 'Full time, corrected',
}

/** The status in words. */
export function statusName(status: Status): string {
  return statusNames[status]
}

/** The period in which play is going on now: none in breaks, and none while it is interrupted. */
export function periodNow({ phase, status }: Pick<Board, 'phase' | 'status'>): Period | undefined {
  const period = periodSchema.safeParse(phase)
  return period.success && status === 'live' ? period.data : undefined
}
