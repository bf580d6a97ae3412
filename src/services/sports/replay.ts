import {
  type Entry,
  type Line,
  type MatchEvent,
  minuteText,
  type Period,
  periodMinutes,
  phaseAfter,
  phaseName,
  type Timeline,
} from './model/index.ts'

/** A match event before it has a time. */
type Timeless<T> = T extends MatchEvent ? Omit<T, 'utcMs'> : never
type PlannedEvent = Timeless<MatchEvent>

/** Everything that happens at one time of a match, and leaves in one publication. */
export interface Moment {
  /** Place among the moments of the match, from 0. */
  readonly index: number
  /** Seconds of the match from the beginning of the replay, breaks included. */
  readonly atSec: number
  readonly events: readonly PlannedEvent[]
  readonly lines: readonly Line[]
}

/** How a timeline is played: what happens when, and how long it takes until it begins again. */
export interface Plan {
  readonly timeline: Timeline
  readonly moments: readonly Moment[]
  readonly lengthSec: number
}

/** When a plan is played: it repeats forever, and the wall clock alone says where it stands. */
export interface Pace {
  /** Seconds of the match in one second: 60 plays a minute a second. */
  readonly speed: number
  /** Shifts the beginning, so that several matches do not move together. */
  readonly offsetMs: number
}

/** How far a replay has come: the loop, and the last moment that happened in it, -1 before the first. */
export interface Place {
  readonly loop: number
  readonly moment: number
}

/** What has to be published next. A kick-off replaces everything before it and stands for all moments up to its own. */
export type Step = { readonly kind: 'kickoff' | 'moment' } & Place

const beforeKickOffSec = 300
const breakSec = 240
const kickSec = 120
const afterFinalWhistleSec = 1500

export function planReplay(timeline: Timeline): Plan {
  const moments: Moment[] = []
  let atSec = beforeKickOffSec
  let seq = 0
  const add = (momentSec: number, happenings: readonly Happening[]) => {
    const planned = happenings.map(happening => ({ ...happening, event: identify(happening.event, timeline.id, ++seq) }))
    const lines = planned.flatMap(({ event, text }) => (text === undefined ? [] : [{ id: event.id, label: labelOf(event), text }]))
    moments.push({ index: moments.length, atSec: momentSec, events: planned.map(({ event }) => event), lines })
  }
  for (const [index, { period, minutes, opening, closing }] of timeline.periods.entries()) {
    const entries = timeline.entries.filter(entry => entry.period === period)
    const lengthSec = period === 'shootout' ? (entries.length + 1) * kickSec : minutes * 60
    const last = index === timeline.periods.length - 1
    add(atSec, [{ event: mark('period_start', period, 0), text: opening }])
    for (const group of groupEntries(entries))
      add(
        atSec + group.atSec,
        group.entries.map(({ text, ...event }) => ({ event, text })),
      )
    const ending: Happening[] = [{ event: mark('period_end', period, minutes), text: last ? undefined : closing }]
    if (last) ending.push({ event: mark('match_end', period, minutes), text: closing })
    add(atSec + lengthSec, ending)
    atSec += lengthSec + (last ? afterFinalWhistleSec : breakSec)
  }
  return { timeline, moments, lengthSec: atSec }
}

export function loopMs(plan: Plan, pace: Pace): number {
  return Math.round((plan.lengthSec * 1000) / pace.speed)
}

/** Where the replay stands at a time. */
export function placeAt(plan: Plan, pace: Pace, nowMs: number): Place {
  const lengthMs = loopMs(plan, pace)
  const loop = Math.floor((nowMs - pace.offsetMs) / lengthMs)
  const moment = plan.moments.findLastIndex(({ atSec }) => momentMs(plan, pace, loop, atSec) <= nowMs)
  return { loop, moment }
}

/** When something new will happen after a place: the next moment, or the next loop. */
export function nextMs(plan: Plan, pace: Pace, place: Place): number {
  const next = plan.moments[place.moment + 1]
  return next === undefined ? momentMs(plan, pace, place.loop + 1, 0) : momentMs(plan, pace, place.loop, next.atSec)
}

/**
 * What has to be published to come from one place to another, in order: the rest of the loop that was being played, then, where another
 * loop is being played now, its kick-off. Loops that passed unseen in between are left out.
 */
export function stepsBetween(plan: Plan, from: Place | undefined, to: Place): Step[] {
  if (from === undefined || from.loop > to.loop) return [{ kind: 'kickoff', ...to }]
  const last = from.loop === to.loop ? to.moment : plan.moments.length - 1
  const steps: Step[] = []
  for (let moment = from.moment + 1; moment <= last; moment++) steps.push({ kind: 'moment', loop: from.loop, moment })
  if (from.loop < to.loop) steps.push({ kind: 'kickoff', ...to })
  return steps
}

/** The events of one moment, with the time at which they happen in that loop. */
export function eventsOf(plan: Plan, pace: Pace, { loop, moment }: Place): MatchEvent[] {
  const planned = plan.moments[moment]
  if (planned === undefined) return []
  const utcMs = momentMs(plan, pace, loop, planned.atSec)
  return planned.events.map(event => ({ ...event, utcMs }))
}

function momentMs(plan: Plan, pace: Pace, loop: number, atSec: number): number {
  return pace.offsetMs + loop * loopMs(plan, pace) + Math.round((atSec * 1000) / pace.speed)
}

type Unnumbered<T> = T extends PlannedEvent ? Omit<T, 'id' | 'rev' | 'seq' | 'state'> : never
type Happening = { readonly event: Unnumbered<PlannedEvent>; readonly text: string | undefined }

function identify(event: Unnumbered<PlannedEvent>, game: string, seq: number): PlannedEvent {
  return { ...event, id: `${game}-${seq}`, rev: 1, seq, state: 'confirmed' }
}

function mark(kind: 'period_start' | 'period_end' | 'match_end', period: Period, minutes: number): Unnumbered<PlannedEvent> {
  const { from, to } = periodMinutes[period]
  if (kind === 'period_start') return { kind, period, minute: from + 1 }
  const added = from + minutes - to
  return added > 0 ? { kind, period, minute: to, added } : { kind, period, minute: to }
}

function labelOf(event: PlannedEvent): string {
  if (event.kind === 'match_end') return phaseName('finished')
  if (event.kind === 'period_end') return phaseName(phaseAfter(event.period))
  if (event.kind === 'period_start') return phaseName(event.period)
  if (event.kind === 'kick') return 'Pens'
  return minuteText(event)
}

interface Group {
  readonly atSec: number
  readonly entries: readonly Entry[]
}

/** Cards or substitutions of one minute happen together; everything else in it is spread over the minute. */
function groupEntries(entries: readonly Entry[]): Group[] {
  const minutes = Map.groupBy(entries, ({ period, minute, added = 0 }) =>
    period === 'shootout' ? 0 : minute - periodMinutes[period].from + added,
  )
  return [...minutes].flatMap(([minute, inMinute]) => {
    const together =
      inMinute[0]?.period === 'shootout'
        ? inMinute.map(entry => [entry])
        : [...Map.groupBy(inMinute, entry => (entry.kind === 'goal' ? entry : entry.kind)).values()]
    return together.map((group, index) => ({
      atSec: minute === 0 ? (index + 1) * kickSec : offsetSec(minute, index, together.length),
      entries: group,
    }))
  })
}

function offsetSec(minute: number, index: number, count: number): number {
  return (minute - 1) * 60 + Math.round((60 * (index + 1)) / (count + 1))
}
