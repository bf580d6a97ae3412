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

/** The same in a list, where there is room for a few letters and minutes are enough. */
export function RowClock({ board, kickoffUtcMs, time }: ClockTextProps) {
  const { text, name = text } = rowClock(board, time.nowMs, kickoffUtcMs)
  return (
    <span class="row-clock numeral" title={name}>
      <span aria-hidden={name !== text}>{text}</span>
      {name === text ? null : <span class="visually-hidden">{name}</span>}
    </span>
  )
}

const shortStatus: Readonly<Partial<Record<Board['status'], string>>> = {
  finished: 'FT',
  corrected: 'FT',
  half_time: 'HT',
  postponed: 'PP',
  abandoned: 'Abd',
  awarded: 'Awd',
  interrupted: 'Int',
  suspended: 'Susp',
  delayed: 'Del',
}

/** @returns what stands there, and what it stands for */
function rowClock(board: Board, nowMs: number, kickoffUtcMs?: number): { readonly text: string; readonly name?: string } {
  const { clock, status } = board
  const short = shortStatus[status]
  if (short !== undefined) return { text: short, name: statusName(status) }
  if (status === 'scheduled') {
    if (kickoffUtcMs === undefined) return { text: 'TBC', name: 'To be confirmed' }
    return { text: timeText(kickoffUtcMs), name: `Begins at ${timeText(kickoffUtcMs)}` }
  }
  const period = periodNow(board)
  if (period === 'shootout') return { text: 'Pens', name: phaseName(period) }
  if (period === undefined || clock?.period !== period) return { text: shortPhase[board.phase] ?? 'Live', name: phaseName(board.phase) }
  return { text: minuteText(minuteOf(period, secondsAt(clock, nowMs))) }
}

const shortPhase: Readonly<Partial<Record<Board['phase'], string>>> = {
  first_half: '1st',
  second_half: '2nd',
  full_time: "90'",
  extra_first: 'ET',
  extra_half_time: 'ET',
  extra_second: 'ET',
  extra_full_time: "120'",
}

function timeText(utcMs: number): string {
  return new Date(utcMs).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })
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
  const time = timeText(kickoffUtcMs)
  return kickoffUtcMs - nowMs < dayMs ? time : `${kickOff.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })}, ${time}`
}

function watchText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, '0')}`
}
