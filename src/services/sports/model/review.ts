import type { EventOf, MatchEvent } from './event.ts'
import { isLive } from './event.ts'
import { inTime } from './order.ts'
import type { Side } from './side.ts'

/** A video review that has begun and not ended. */
export interface OpenReview {
  /** The event that tells of it. */
  readonly id: string
  /** What is looked at, where the feed says so. */
  readonly ref?: string | undefined
  readonly reason?: string | undefined
  /** Unix milliseconds. */
  readonly sinceUtcMs: number
}

/** The review that is open, the newest where there are several. A review that takes long is not decided by that (sports S5). */
export function openReview(live: readonly MatchEvent[]): OpenReview | undefined {
  const open: EventOf<'var_start'>[] = live.filter(event => event.kind === 'var_start').toSorted(inTime)
  const ends: EventOf<'var_end'>[] = live.filter(event => event.kind === 'var_end')
  for (const end of ends.toSorted(inTime)) {
    const index = open.findIndex(start => isEndOf(end, start))
    if (index !== -1) open.splice(index, 1)
  }
  const start = open.at(-1)
  if (start !== undefined) return { id: start.id, ref: start.ref, reason: start.data.reason, sinceUtcMs: start.tEvent }
  const reviewed = live
    .filter(event => event.state === 'review')
    .toSorted(inTime)
    .at(-1)
  return reviewed === undefined ? undefined : { id: reviewed.id, ref: reviewed.id, sinceUtcMs: reviewed.tEvent }
}

/** Feeds may tell of a beginning right after its end. */
const outOfOrderMs = 5000

/** An end that names nothing ends what has begun by then: some feeds tell of ends alone, and a later review is not over before it began. */
function isEndOf({ ref, tEvent }: EventOf<'var_end'>, start: EventOf<'var_start'>): boolean {
  return ref === undefined ? start.tEvent <= tEvent + outOfOrderMs : start.id === ref || start.ref === ref
}

/**
 * The goals that count: those that are live, but for those that are still provisional when a review has said that there was none. What goes in
 * during the shoot-out is no goal of the match, whatever a feed calls it.
 */
export function countingGoals(events: readonly MatchEvent[]): EventOf<'goal'>[] {
  const refused = new Set(refusedGoals(events))
  const goals = events.filter(event => event.kind === 'goal').filter(({ period }) => period !== 'shootout')
  return goals.filter(goal => isLive(goal) && (goal.state === 'confirmed' || !refused.has(goal.id)))
}

/** What the last review of each event has refused, by its id. */
function refusedGoals(events: readonly MatchEvent[]): string[] {
  const starts: EventOf<'var_start'>[] = events.filter(event => event.kind === 'var_start').toSorted(inTime)
  const open = starts.filter(isLive)
  const verdicts = new Map<string, string>()
  const ends: EventOf<'var_end'>[] = events.filter(event => event.kind === 'var_end')
  for (const end of ends.filter(isLive).toSorted(inTime)) {
    const index = open.findIndex(start => isEndOf(end, start))
    const start = index === -1 ? starts.find(({ id }) => id === end.ref) : open.splice(index, 1)[0]
    const named = end.ref === start?.id ? start?.ref : (end.ref ?? start?.ref)
    const id = named ?? goalUnderReview(events, start?.team ?? end.team, end.tEvent)?.id
    if (id !== undefined) verdicts.set(id, end.data.outcome)
  }
  return [...verdicts].filter(([, outcome]) => outcome === 'no_goal').map(([id]) => id)
}

/** Where neither the review nor its end names a goal, it is about the last one before its end that may still be taken back. */
function goalUnderReview(events: readonly MatchEvent[], team: Side | undefined, untilMs: number): EventOf<'goal'> | undefined {
  return events
    .filter(event => event.kind === 'goal')
    .filter(goal => goal.state === 'provisional' || goal.state === 'review')
    .filter(goal => goal.tEvent <= untilMs && (team === undefined || team === goal.team))
    .toSorted(inTime)
    .at(-1)
}
