import * as z from 'zod/mini'
import { type EventOf, isLive, type MatchEvent } from './event.ts'
import type { Reading } from './event-parts.ts'
import { inOrder, inTime } from './order.ts'
import { type Period, periodMinutes, periodSchema, rankOf } from './period.ts'

/** A match clock that ticks by itself: what it showed at one moment, and how fast it runs (sports S6). */
export const clockSchema = z.object({
  period: periodSchema,
  /** Unix milliseconds of the anchor, by the server's clock. */
  anchorUtcMs: z.number(),
  /** Seconds of play at the anchor, counted from 0 at the first kick-off and from the regular start of each later period. */
  anchorSec: z.number(),
  running: z.boolean(),
  dir: z.literal('up'),
  /** Seconds of play in one second of time: 1, or more in a replay. */
  rate: z.number(),
  /** It shows less than the clock before it did, on purpose. Without this a clock never goes back. */
  corrected: z.optional(z.boolean()),
})

export type MatchClock = z.infer<typeof clockSchema>

/** What the clock shows at a time of the server, in seconds of play. Never before its anchor. */
export function secondsAt(clock: Pick<MatchClock, 'running' | 'anchorSec' | 'anchorUtcMs' | 'rate'>, utcMs: number): number {
  if (!clock.running) return clock.anchorSec
  return clock.anchorSec + (Math.max(0, utcMs - clock.anchorUtcMs) / 1000) * clock.rate
}

/** The minute that is being played, as it is announced: 23 in 22:00 to 22:59, and 45 + 2 in the second minute of added time. */
export function minuteOf(period: Period, seconds: number): { readonly minute: number; readonly added?: number } {
  const { from, to } = periodMinutes[period]
  const minute = Math.max(from, Math.floor(seconds / 60)) + 1
  return minute <= to ? { minute } : { minute: to, added: minute - to }
}

/** `23'`, `45+2'`. */
export function minuteText({ minute, added }: { readonly minute: number; readonly added?: number | undefined }): string {
  return added === undefined ? `${minute}'` : `${minute}+${added}'`
}

/** The announced minute of an event: '' where nothing is known of it, `Pens` in the shoot-out. */
export function eventMinute(event: MatchEvent): string {
  return 'period' in event && event.period !== undefined ? placeMinute(event.period, event.clock) : ''
}

/** The announced minute of a place in the match. */
export function placeMinute(period: Period, clock: Reading | undefined): string {
  if (period === 'shootout') return 'Pens'
  if (clock === undefined) return ''
  const { min, added } = clock
  if (added !== undefined && added > 0) return minuteText({ minute: min, added })
  return minuteText(minuteOf(period, secondsOf(clock)))
}

function secondsOf({ min, sec, added = 0 }: Reading): number {
  return (min + added) * 60 + sec
}

/** Slack for feeds that round: a clock this much behind is not set back. */
const toleranceSec = 1
/** Statuses in which no clock runs. */
const pausing: ReadonlySet<string> = new Set([
  'delayed',
  'interrupted',
  'suspended',
  'abandoned',
  'postponed',
  'awarded',
  'finished',
  'corrected',
])

/**
 * The clock as live events say it: it runs from the first whistle of the latest period, is set by readings of the feed, stands while play is
 * interrupted, and stops with the last whistle. Undefined before the first kick-off.
 */
export function reduceClock(live: readonly MatchEvent[], rate: number): MatchClock | undefined {
  const whistles = live.filter(event => event.kind === 'period_start' || event.kind === 'period_end').toSorted(inOrder)
  const period = whistles.at(-1)?.period
  const unannounced = clockWithoutWhistle(live, period, rate)
  if (unannounced !== undefined) return unannounced
  if (period === undefined) return undefined
  const start = whistles.findLast(event => event.kind === 'period_start' && event.period === period)
  const end = whistles.findLast(event => event.kind === 'period_end' && event.period === period)
  const fromSec = periodMinutes[period].from * 60
  const first = start ?? end
  let clock: MatchClock = {
    period,
    anchorUtcMs: first?.tEvent ?? 0,
    anchorSec: start?.clock === undefined ? fromSec : Math.max(fromSec, secondsOf(start.clock)),
    running: start !== undefined && period !== 'shootout',
    dir: 'up',
    rate,
  }
  for (const step of live.filter(event => isStep(event, period, first)).toSorted(inTime)) clock = advance(clock, step)
  return end === undefined ? clock : stop(clock, end)
}

/**
 * Feeds leave out whistles: what is played in a later period, with its place on the clock, shows that it is on. The event whose word puts the
 * clock furthest ahead came in with the least delay.
 */
function clockWithoutWhistle(live: readonly MatchEvent[], heard: Period | undefined, rate: number): MatchClock | undefined {
  const later = live.filter(isPlayedByClock).filter(({ period }) => period !== 'shootout' && rankOf(period) > rankOf(heard))
  const rank = Math.max(-1, ...later.map(({ period }) => rankOf(period)))
  const clocks = later
    .filter(({ period }) => rankOf(period) === rank)
    .map(event => ({ event, anchorSec: Math.max(periodMinutes[event.period].from * 60, secondsOf(event.clock)) }))
    .map(anchor => ({ ...anchor, beganAtMs: anchor.event.tEvent - (anchor.anchorSec / rate) * 1000 }))
    .toSorted((a, b) => a.beganAtMs - b.beganAtMs || b.anchorSec - a.anchorSec)
  const [first] = clocks
  if (first === undefined) return undefined
  const { event, anchorSec } = first
  const { period, tEvent } = event
  const clock: MatchClock = { period, anchorUtcMs: tEvent, anchorSec, running: true, dir: 'up', rate }
  const steps = live.filter(step => step.kind !== 'clock' && isStep(step, period, event)).toSorted(inTime)
  return steps.reduce(advance, clock)
}

/** Kinds that may name a period without being played in it. */
export const besidePlay: ReadonlySet<MatchEvent['kind']> = new Set(['commentary', 'stat', 'status', 'lineup', 'coach', 'unknown'])

function isPlayedByClock(event: MatchEvent): event is MatchEvent & { readonly period: Period; readonly clock: Reading } {
  return !besidePlay.has(event.kind) && 'period' in event && event.period !== undefined && 'clock' in event && event.clock !== undefined
}

/** What only happens while the ball is in play; cards and changes are told of in interruptions too. */
const playedKinds: ReadonlySet<MatchEvent['kind']> = new Set([
  'goal',
  'goal_disallowed',
  'penalty',
  'penalty_missed',
  'shot',
  'save',
  'corner',
  'offside',
])
/** Feeds that tell minutes alone may round them up. */
const roundingSec = 60

function isProofOfPlay(event: MatchEvent): event is MatchEvent & { readonly period: Period; readonly clock: Reading } {
  return playedKinds.has(event.kind) && isPlayedByClock(event)
}

/** Whether play beyond the place at which the clock was stopped shows that it goes on, though nobody has said so. */
function goesOn(clock: MatchClock, { clock: reading, tEvent }: MatchEvent & { readonly clock: Reading }): boolean {
  return !clock.running && clock.period !== 'shootout' && tEvent > clock.anchorUtcMs && secondsOf(reading) > clock.anchorSec + roundingSec
}

/** Whether an event of any priority shows that play goes on where the clock stands still. */
export function setsGoing(clock: MatchClock | undefined, event: MatchEvent): boolean {
  if (!isLive(event) || !isPlayedByClock(event) || event.period === 'shootout') return false
  const isLater = rankOf(event.period) > rankOf(clock?.period)
  return isLater || (clock?.period === event.period && isProofOfPlay(event) && goesOn(clock, event))
}

/** Whether a clock that runs may run because of this event, so that it stops when the event is taken back. */
export function isAnchor(clock: MatchClock | undefined, event: MatchEvent): boolean {
  return clock?.running === true && isPlayedByClock(event) && event.tEvent === clock.anchorUtcMs
}

function isStep(event: MatchEvent, period: Period, first: MatchEvent | undefined): boolean {
  if (event.kind === 'clock') return event.period === period
  if (isProofOfPlay(event)) return event.period === period
  return event.kind === 'status' && first !== undefined && inTime(event, first) > 0
}

function advance(clock: MatchClock, event: MatchEvent): MatchClock {
  if (event.kind === 'clock') return set(clock, event)
  if (isProofOfPlay(event))
    return goesOn(clock, event) ? { ...clock, running: true, anchorSec: secondsOf(event.clock), anchorUtcMs: event.tEvent } : clock
  if (event.kind !== 'status' || clock.period === 'shootout') return clock
  const running = event.data.status === 'live' ? true : pausing.has(event.data.status) ? false : clock.running
  if (running === clock.running) return clock
  return { ...clock, running, anchorSec: secondsAt(clock, event.tEvent), anchorUtcMs: event.tEvent }
}

function set(clock: MatchClock, { clock: reading, data, tEvent }: EventOf<'clock'>): MatchClock {
  const anchorSec = secondsOf(reading)
  const isBack = anchorSec < secondsAt(clock, tEvent) - toleranceSec
  if (isBack && !data.corrected) return clock
  const { corrected: _, ...rest } = clock
  return { ...rest, anchorUtcMs: tEvent, anchorSec, running: data.running, ...(isBack ? { corrected: true } : {}) }
}

/** The clock stands where the period ended: at least at its regular end. */
function stop(clock: MatchClock, end: MatchEvent & { readonly clock?: Reading | undefined }): MatchClock {
  const shown = end.clock === undefined ? secondsAt(clock, end.tEvent) : secondsOf(end.clock)
  return { ...clock, anchorUtcMs: end.tEvent, anchorSec: Math.max(periodMinutes[clock.period].to * 60, shown), running: false }
}

/** Marks a clock that runs on from less than the one before it showed at the same time. One that stops was only told of the whistle late. */
export function notBack(before: MatchClock | undefined, after: MatchClock | undefined, utcMs: number): MatchClock | undefined {
  if (before === undefined || after === undefined || !after.running) return after
  if (before.anchorUtcMs === after.anchorUtcMs && before.anchorSec === after.anchorSec && before.period === after.period) {
    return before.corrected ? { ...after, corrected: true } : after
  }
  // A later period begins at its regular minute, however much was added to the one before.
  const isNext = rankOf(after.period) > rankOf(before.period)
  const wentBack = rankOf(after.period) < rankOf(before.period) || secondsAt(after, utcMs) < secondsAt(before, utcMs) - toleranceSec
  return wentBack && !isNext ? { ...after, corrected: true } : after
}
