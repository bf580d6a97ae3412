import { type Period, periodMinutes, periods } from '../../model/index.ts'

const beforeKickOffSec = 300
const breakSec: Readonly<Record<Period, number>> = { first_half: 900, second_half: 300, extra_first: 60, extra_second: 300, shootout: 0 }

/** Turns readings of the match clock into time since the beginning of a recording: providers leave out the breaks, and most of them the date. */
export class MatchTime {
  readonly #begins = new Map<Period, number>()
  /** Milliseconds from the beginning of the recording to the last whistle. */
  readonly endMs: number

  /** @param lengths how many seconds each period lasted, of those that were played */
  constructor(lengths: ReadonlyMap<Period, number>) {
    let atSec = beforeKickOffSec
    for (const period of periods) {
      const length = lengths.get(period)
      if (length === undefined) continue
      this.#begins.set(period, atSec)
      atSec += length + breakSec[period]
    }
    const last = periods.findLast(period => lengths.has(period))
    this.endMs = (atSec - (last === undefined ? 0 : breakSec[last])) * 1000
  }

  /** Milliseconds, so many seconds into a period. */
  at(period: Period, secInPeriod: number): number {
    return Math.round(((this.#begins.get(period) ?? 0) + Math.max(0, secInPeriod)) * 1000)
  }
}

/** What the match clock shows so many seconds into a period. */
export function readingAt(period: Period, secInPeriod: number): { min: number; sec: number } {
  const whole = Math.max(0, Math.floor(secInPeriod))
  return { min: periodMinutes[period].from + Math.floor(whole / 60), sec: whole % 60 }
}
