import * as z from 'zod/mini'
import { type Period, periodMinutes } from './period.ts'

/** A match clock that ticks by itself: what it showed at one moment, and how fast it runs (sports S6). */
export const clockSchema = z.object({
  period: z.enum(['first_half', 'second_half', 'extra_first', 'extra_second', 'shootout']),
  /** Unix milliseconds of the anchor, by the server's clock. */
  anchorUtcMs: z.number(),
  /** Seconds of play at the anchor, counted from 0 at the first kick-off and from the regular start of each later period. */
  anchorSec: z.number(),
  running: z.boolean(),
  /** Seconds of play in one second of time: 1, or more in a replay. */
  rate: z.number(),
})

export type MatchClock = z.infer<typeof clockSchema>

/** What the clock shows at a time of the server, in seconds of play. Never before its anchor. */
export function secondsAt(clock: MatchClock, utcMs: number): number {
  if (!clock.running) return clock.anchorSec
  return clock.anchorSec + (Math.max(0, utcMs - clock.anchorUtcMs) / 1000) * clock.rate
}

/** The minute that is being played, as it is announced: 23 in 22:00 to 22:59, and 45 + 2 in the second minute of added time. */
export function minuteOf(period: Period, seconds: number): { readonly minute: number; readonly added?: number } {
  const { to } = periodMinutes[period]
  const minute = Math.floor(seconds / 60) + 1
  return minute <= to ? { minute } : { minute: to, added: minute - to }
}

/** `23'`, `45+2'`. */
export function minuteText({ minute, added }: { readonly minute: number; readonly added?: number | undefined }): string {
  return added === undefined ? `${minute}'` : `${minute}+${added}'`
}
