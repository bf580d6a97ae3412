import { unreachable } from '../../../kit/index.ts'
import { type Entry, type FedEvent, otherSide, type Period, periodMinutes, phaseAfter, phaseName, type Timeline } from '../model/index.ts'
import type { Recording } from './recording.ts'

const beforeKickOffSec = 300
const breakSec = 240
const kickSec = 120
const afterFinalWhistleSec = 1500

/** Plays a timeline as a feed would: every fact at its minute, with the sentence about it, breaks shortened. */
export function recordTimeline(timeline: Timeline): Recording {
  const events: FedEvent[] = []
  let atSec = beforeKickOffSec
  const add = (sec: number, fact: Fact, text: string | undefined, label?: string) => {
    const seq = events.length + 1
    const id = `${timeline.id}-${seq}`
    const tEvent = sec * 1000
    events.push({ ...fact, id, seq, tEvent })
    if (text !== undefined) events.push(sentence(fact, { id: `${id}-text`, ref: id, seq, tEvent }, text, label))
  }
  for (const [index, { period, minutes, opening, closing }] of timeline.periods.entries()) {
    const entries = timeline.entries.filter(entry => entry.period === period)
    const lengthSec = period === 'shootout' ? (entries.length + 1) * kickSec : minutes * 60
    const isLast = index === timeline.periods.length - 1
    add(atSec, { kind: 'period_start', period, clock: readingAt(period, 0) }, opening, phaseName(period))
    for (const group of groupEntries(entries))
      for (const entry of group.entries) add(atSec + group.atSec, factOf(entry, group.atSec), entry.text, labelOf(entry))
    const after = isLast ? phaseName('finished') : phaseName(phaseAfter(period))
    add(atSec + lengthSec, { kind: 'period_end', period, clock: readingAt(period, period === 'shootout' ? 0 : lengthSec) }, closing, after)
    if (isLast) add(atSec + lengthSec, { kind: 'status', data: { status: 'finished' } }, undefined)
    atSec += lengthSec + (isLast ? afterFinalWhistleSec : breakSec)
  }
  return { id: timeline.id, game: gameOf(timeline), events, lengthMs: atSec * 1000 }
}

/** An event before it has an id and a time. */
type Fact = FedEvent extends infer E ? (E extends FedEvent ? Omit<E, 'id' | 'seq' | 'tEvent'> : never) : never

function gameOf({ competition, round, date, venue, home, away }: Timeline): Recording['game'] {
  const team = ({ code, name, colors, lineup, formation }: Timeline['home']) => ({
    code,
    name,
    colors: [...colors],
    lineup: [...lineup],
    ...(formation === undefined ? {} : { formation }),
  })
  return { league: 'demo', competition, round, date, venue, home: team(home), away: team(away) }
}

function factOf(entry: Entry, atSec: number): Fact {
  const { period, team } = entry
  const place = { period, team, clock: readingAt(period, atSec) }
  switch (entry.kind) {
    case 'goal':
      return {
        ...place,
        kind: 'goal',
        team: entry.how === 'own' ? otherSide(team) : team,
        players: named(entry.player, entry.assist),
        data: { how: entry.how },
      }
    case 'card':
      return { ...place, kind: 'card', players: named(entry.player), data: { card: entry.card } }
    case 'substitution':
      return { ...place, kind: 'substitution', players: named(entry.on, entry.off) }
    case 'penalty_missed':
      return { ...place, kind: 'penalty_missed', players: named(entry.player), data: { outcome: entry.outcome } }
    case 'kick':
      return { kind: 'kick', team, players: named(entry.player), data: { outcome: entry.outcome } }
    default:
      return unreachable(entry)
  }
}

function named(...names: readonly (string | undefined)[]): { name: string }[] {
  return names.flatMap(name => (name === undefined ? [] : [{ name }]))
}

function sentence(fact: Fact, own: { id: string; ref: string; seq: number; tEvent: number }, text: string, label?: string): FedEvent {
  const { period, clock } = 'period' in fact ? fact : {}
  const place = { ...(period === undefined ? {} : { period }), ...(clock === undefined ? {} : { clock }) }
  return { ...own, kind: 'commentary', ...place, data: { text, ...(label === undefined ? {} : { label }) } }
}

/** Only what the match clock cannot say. */
function labelOf({ kind }: Entry): string | undefined {
  return kind === 'kick' ? 'Pens' : undefined
}

/** What the match clock shows so many seconds into a period. */
function readingAt(period: Period, sec: number): { min: number; sec: number } {
  if (period === 'shootout') return { min: periodMinutes.shootout.from, sec: 0 }
  return { min: periodMinutes[period].from + Math.floor(sec / 60), sec: sec % 60 }
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
