import type { MatchEvent } from './event.ts'
import { rankOf } from './period.ts'

/** The order in which a match is told: by period and match clock, then as the feed numbers its events. The same whatever order they came in. */
export function inOrder(a: MatchEvent, b: MatchEvent): number {
  return rankOf(periodOf(a)) - rankOf(periodOf(b)) || edgeOf(a) - edgeOf(b) || secondsOf(a) - secondsOf(b) || bySeq(a, b)
}

/** Events in the order in which the match is told. Those that name no period, such as an interruption, stand where they fell in time. */
export function ordered(events: readonly MatchEvent[]): MatchEvent[] {
  const list = events.filter(event => periodOf(event) !== undefined).toSorted(inOrder)
  for (const loose of events.filter(event => periodOf(event) === undefined).toSorted(inTime))
    list.splice(list.findLastIndex(({ tEvent }) => tEvent <= loose.tEvent) + 1, 0, loose)
  return list
}

/** The order of time, for what has no place on the match clock. */
export function inTime(a: MatchEvent, b: MatchEvent): number {
  return a.tEvent - b.tEvent || bySeq(a, b)
}

function bySeq(a: MatchEvent, b: MatchEvent): number {
  return a.seq - b.seq || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

function periodOf(event: MatchEvent) {
  return 'period' in event ? event.period : undefined
}

/** The first whistle of a period comes before everything in it, the last one after, whatever clock they carry. */
function edgeOf({ kind }: MatchEvent): number {
  return kind === 'period_start' ? -1 : kind === 'period_end' ? 1 : 0
}

function secondsOf(event: MatchEvent): number {
  if (!('clock' in event) || event.clock === undefined) return 0
  const { min, sec, added = 0 } = event.clock
  return (min + added) * 60 + sec
}
