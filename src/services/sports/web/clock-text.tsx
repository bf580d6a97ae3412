import { type Board, minuteOf, minuteText, periodMinutes, periodNow, phaseName, secondsAt, statusName } from '../model/index.ts'
import type { ServerTime } from './server-time.ts'

export interface ClockTextProps {
  readonly board: Board
  /** When the match is to begin, Unix milliseconds. */
  readonly kickoffUtcMs?: number | undefined
  readonly time: ServerTime
}

/** From this rate on seconds would only flicker, so minutes are shown. */
const minutesOnlyRate = 10

/** The running minute, or what stands in its place between the periods. Ticks by itself. */
export function ClockText({ board, kickoffUtcMs, time }: ClockTextProps) {
  return <span class="numeral">{clockText(board, time.nowMs, kickoffUtcMs)}</span>
}

/** Before this much time is left to the kick-off, its time is shown. */
const soonMs = 10 * 60_000
const dayMs = 24 * 3_600_000

export function clockText(board: Board, nowMs: number, kickoffUtcMs?: number): string {
  if (board.status === 'scheduled' && kickoffUtcMs === undefined) return 'Scheduled'
  if (board.status === 'scheduled' && kickoffUtcMs !== undefined && kickoffUtcMs - nowMs > soonMs) return kickOffText(kickoffUtcMs, nowMs)
  const { clock } = board
  const period = periodNow(board)
  if (period === undefined) return board.status === 'live' ? phaseName(board.phase) : statusName(board.status)
  // A whistle that has not been told yet leaves the clock in the period before.
  if (clock?.period !== period || period === 'shootout') return phaseName(period)
  const seconds = secondsAt(clock, nowMs)
  if (clock.rate >= minutesOnlyRate) return minuteText(minuteOf(clock.period, seconds))
  const regularSec = periodMinutes[clock.period].to * 60
  return seconds <= regularSec ? watchText(seconds) : `${watchText(regularSec)} +${watchText(seconds - regularSec)}`
}

/** Whether the match has not begun, so that there is no score to show. */
export function isToCome({ phase, status }: Board): boolean {
  return phase === 'scheduled' && (status === 'scheduled' || status === 'delayed' || status === 'postponed')
}

function kickOffText(kickoffUtcMs: number, nowMs: number): string {
  const kickOff = new Date(kickoffUtcMs)
  const time = kickOff.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })
  return kickoffUtcMs - nowMs < dayMs ? time : `${kickOff.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })}, ${time}`
}

function watchText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, '0')}`
}
