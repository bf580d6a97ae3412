import { describe, expect, test } from 'bun:test'
import { final2022, semi2014 } from '../timelines/index.ts'
import {
  type MatchEvent,
  minuteOf,
  minuteText,
  reduceBoard,
  reduceStats,
  secondsAt,
  shootoutScore,
  type Timeline,
  upsert,
} from './index.ts'

const kickOffMs = 1_000_000

let seq = 0
const place = (minute: number) =>
  ({ id: `e${++seq}`, rev: 1, seq, state: 'confirmed', utcMs: kickOffMs + minute * 60_000, period: 'first_half', minute }) as const
const start = (): MatchEvent => ({ ...place(1), kind: 'period_start', utcMs: kickOffMs })
const goal = (minute: number, team: 'home' | 'away' = 'home'): MatchEvent => ({
  ...place(minute),
  kind: 'goal',
  team,
  player: 'Nine',
  how: 'play',
})

describe('the board', () => {
  test('[S3] the score is a reduction: an overturned goal is gone, and given again it is back', () => {
    const given = goal(10)
    const overturned: MatchEvent = { ...given, rev: 2, state: 'overturned' }
    const again: MatchEvent = { ...given, rev: 3, state: 'confirmed' }
    const scores = [[given], [overturned], [again]].map(revised => reduceBoard([start(), ...revised, goal(20, 'away')]).score)
    expect(scores).toEqual([
      { home: 1, away: 1 },
      { home: 0, away: 1 },
      { home: 1, away: 1 },
    ])
  })

  test('[S3] its version rises with every event and every correction, also with a deletion', () => {
    const given = goal(10)
    const versions = [[given], [{ ...given, rev: 2 }], [{ ...given, rev: 3, state: 'deleted' as const }]].map(
      events => reduceBoard(events).version,
    )
    expect(versions).toEqual([1, 2, 3])
  })

  test('[S3] an own goal counts for the side that it is credited to, and a correction moves it', () => {
    const own: MatchEvent = { ...place(10), kind: 'goal', team: 'home', player: 'Four', how: 'own' }
    expect(reduceBoard([own]).score).toEqual({ home: 1, away: 0 })
    expect(reduceBoard(upsert([own], { ...own, rev: 2, team: 'away' })).score).toEqual({ home: 0, away: 1 })
  })

  test('[S4] a second yellow is a red card beside the first yellow', () => {
    const card = (kind: 'yellow' | 'second_yellow'): MatchEvent => ({ ...place(30), kind: 'card', team: 'away', player: 'Six', card: kind })
    expect(reduceBoard([card('yellow'), card('second_yellow')]).cards.away).toEqual({ yellow: 1, red: 1 })
  })
})

describe('revisions', () => {
  test('[S2] an event is taken only with a newer revision', () => {
    const given = goal(10)
    const known = [given]
    expect(upsert(known, { ...given, state: 'deleted' })).toBe(known)
    expect(upsert(known, { ...given, rev: 2, state: 'deleted' })).toHaveLength(1)
  })

  test('[S2] a deletion that comes before its event keeps the event out', () => {
    const given = goal(10)
    const events = upsert(upsert([], { ...given, rev: 2, state: 'deleted' }), given)
    expect(reduceBoard(events).score).toEqual({ home: 0, away: 0 })
  })
})

describe('the clock', () => {
  test('[S6] it ticks from its anchor at its rate, and never shows less than the anchor', () => {
    const { clock } = reduceBoard([start()], 60)
    if (clock === undefined) throw new Error('no clock after the kick-off')
    expect([-5000, 0, 1000, 23_000].map(ms => secondsAt(clock, kickOffMs + ms))).toEqual([0, 0, 60, 1380])
  })

  test('[S6] it stands between the halves, and begins again at the regular minute', () => {
    const end: MatchEvent = { ...place(45), kind: 'period_end', utcMs: kickOffMs + 47 * 60_000 }
    const second: MatchEvent = { ...place(46), kind: 'period_start', period: 'second_half', utcMs: kickOffMs + 62 * 60_000 }
    const atBreak = reduceBoard([start(), end])
    expect(atBreak).toMatchObject({ phase: 'half_time', clock: { running: false, anchorSec: 47 * 60 } })
    expect(reduceBoard([start(), end, second])).toMatchObject({ phase: 'second_half', clock: { running: true, anchorSec: 45 * 60 } })
  })

  test.each([
    ['first_half', 0, "1'"],
    ['first_half', 22 * 60 + 59, "23'"],
    ['first_half', 45 * 60, "45+1'"],
    ['second_half', 45 * 60, "46'"],
    ['extra_second', 120 * 60 + 61, "120+2'"],
  ] as const)('[S6] in %s, %d seconds are the minute that is announced: %s', (period, seconds, text) => {
    expect(minuteText(minuteOf(period, seconds))).toBe(text)
  })
})

/** The events of a timeline, without the replay's times. */
function eventsOf({ entries }: Timeline): MatchEvent[] {
  const kickOff = (period: MatchEvent['period']): MatchEvent => ({ ...place(1), kind: 'period_start', period })
  const periods = [...new Set(entries.map(entry => entry.period))]
  return periods.flatMap(period => [
    kickOff(period),
    ...entries.filter(entry => entry.period === period).map(({ text: _, ...entry }) => ({ ...place(1), ...entry })),
  ])
}

describe.each([
  ['the 2022 final', final2022],
  ['the 2014 semi-final', semi2014],
] as const)('%s', (_, timeline) => {
  test('[S4] nobody leaves or enters the field who could not, and nobody scores from outside it', () => {
    const field = {
      home: new Set(timeline.home.lineup.map(player => player.name)),
      away: new Set(timeline.away.lineup.map(player => player.name)),
    }
    expect([field.home.size, field.away.size]).toEqual([11, 11])
    for (const entry of timeline.entries) {
      if (entry.kind === 'substitution') {
        expect(field[entry.team].delete(entry.off)).toBe(true)
        expect(field[entry.team].has(entry.on)).toBe(false)
        field[entry.team].add(entry.on)
      } else if (entry.kind !== 'card') expect([...field[entry.team]]).toContain(entry.player)
    }
  })

  test('[S4] its entries are in order and inside their periods', () => {
    const order = timeline.periods.map(({ period }) => period)
    const keys = timeline.entries.map(entry => order.indexOf(entry.period) * 1000 + entry.minute + (entry.added ?? 0))
    expect(keys).toEqual(keys.toSorted((a, b) => a - b))
  })
})

describe('known results', () => {
  test('[S3] 2022: three each after extra time, and 4-2 on penalties that count as no goals', () => {
    const board = reduceBoard(eventsOf(final2022))
    expect(board.score).toEqual({ home: 3, away: 3 })
    expect(shootoutScore(board)).toEqual({ home: 4, away: 2 })
    expect(board.cards).toEqual({ home: { yellow: 4, red: 0 }, away: { yellow: 3, red: 0 } })
    expect(reduceStats(eventsOf(final2022)).away).toMatchObject({
      goals: 3,
      penaltyGoals: 2,
      substitutions: 7,
      kicksScored: 2,
      kicksTaken: 4,
    })
  })

  test('[S3] 2014: one against seven', () => {
    const board = reduceBoard(eventsOf(semi2014))
    expect(board.score).toEqual({ home: 1, away: 7 })
    expect(shootoutScore(board)).toBeUndefined()
  })
})
