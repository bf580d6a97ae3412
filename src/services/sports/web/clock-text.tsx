import { type Board, minuteOf, minuteText, periodMinutes, periodNow, phaseName, secondsAt, statusName } from '../model/index.ts'
import type { ServerTime } from './server-time.ts'

export interface ClockTextProps {
  readonly board: Board
  readonly time: ServerTime
}

/** From this rate on seconds would only flicker, so minutes are shown. */
const minutesOnlyRate = 10

/** The running minute, or what stands in its place between the periods. Ticks by itself. */
export function ClockText({ board, time }: ClockTextProps) {
  return <span class="numeral">{clockText(board, time.nowMs)}</span>
}

export function clockText(board: Board, nowMs: number): string {
  const { clock } = board
  const period = periodNow(board)
  if (period === undefined) return board.status === 'live' ? phaseName(board.phase) : statusName(board.status)
  if (clock === undefined || period === 'shootout') return phaseName(period)
  const seconds = secondsAt(clock, nowMs)
  if (clock.rate >= minutesOnlyRate) return minuteText(minuteOf(clock.period, seconds))
  const regularSec = periodMinutes[clock.period].to * 60
  return seconds <= regularSec ? watchText(seconds) : `${watchText(regularSec)} +${watchText(seconds - regularSec)}`
}

function watchText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, '0')}`
}
