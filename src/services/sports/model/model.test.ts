import { describe, expect, test } from 'bun:test'
import { recordTimeline } from '../feeds/timeline.ts'
import { final2022, semi2014 } from '../timelines/index.ts'
import {
  type Board,
  eventMinute,
  eventSchema,
  type FedEvent,
  fedEventSchema,
  type MatchEvent,
  reduceBoard,
  reduceStats,
  secondsAt,
  shootoutScore,
} from './index.ts'

const kickOffMs = 1_000_000_000
let seq = 0

/** An event as ingest completes it. `min` is the match clock; the time follows from it. */
function event(fields: Partial<FedEvent> & { readonly kind: FedEvent['kind'] }, min = 0): MatchEvent {
  const id = `e${++seq}`
  return eventSchema.parse({ id, seq, tEvent: kickOffMs + min * 60_000, period: 'first_half', clock: { min }, ...fields })
}

const start = (period: 'first_half' | 'second_half' = 'first_half', min = 0) =>
  event({ kind: 'period_start', period, clock: undefined }, min)
const end = (min: number, period: 'first_half' | 'second_half' = 'first_half') =>
  event({ kind: 'period_end', period, clock: undefined }, min)
const goal = (min: number, fields: object = {}) => event({ kind: 'goal', team: 'home', players: [{ name: 'Nine' }], ...fields }, min)
const card = (min: number, name: string, kind: 'yellow' | 'second_yellow' | 'red', team: 'home' | 'away' = 'away') =>
  event({ kind: 'card', team, players: [{ name }], data: { card: kind } }, min)
const status = (of: string, min: number, more: object = {}) =>
  event({ kind: 'status', clock: undefined, data: { status: of, ...more } } as never, min)

/** The same event in a later revision. */
const revised = <E extends MatchEvent>(of: E, fields: object): MatchEvent => eventSchema.parse({ ...of, rev: of.rev + 1, ...fields })
const score = (...events: MatchEvent[]) => reduceBoard(events).score

describe('the score', () => {
  test('[S3] is a reduction: an overturned goal is gone, and given again it is back', () => {
    const given = goal(10)
    const overturned = revised(given, { state: 'overturned' })
    const again = revised(overturned, { state: 'confirmed' })
    const other = goal(20, { team: 'away' })
    expect([given, overturned, again].map(goal => score(goal, other))).toEqual([
      { home: 1, away: 1 },
      { home: 0, away: 1 },
      { home: 1, away: 1 },
    ])
  })

  test('[S3] an own goal counts for the other side, and a correction of the side moves it', () => {
    const own = goal(10, { team: 'home', data: { how: 'own' } })
    expect(score(own)).toEqual({ home: 0, away: 1 })
    expect(score(revised(own, { team: 'away' }))).toEqual({ home: 1, away: 0 })
    expect(score(revised(own, { data: { how: 'play' } }))).toEqual({ home: 1, away: 0 })
  })

  test('[S2] two goals of one player in one minute are two goals', () => {
    expect(score(goal(10), goal(10))).toEqual({ home: 2, away: 0 })
  })

  test('[S4] kicks of the shoot-out are no goals, a missed penalty is none, and a goal that was never given is none', () => {
    const kick = (outcome: string) => event({ kind: 'kick', team: 'away', period: 'shootout', data: { outcome } } as never)
    const board = reduceBoard([
      goal(10),
      kick('scored'),
      kick('saved'),
      event({ kind: 'penalty_missed', team: 'home', data: { outcome: 'saved' } }, 30),
      event({ kind: 'goal_disallowed', team: 'home', data: { reason: 'offside' } }, 31),
    ])
    expect(board.score).toEqual({ home: 1, away: 0 })
    expect(board.shootout).toEqual({ home: [], away: ['scored', 'saved'] })
  })

  test('[S4] a feed that tells the shoot-out as goals of a period of its own does not add them to the score', () => {
    const board = reduceBoard([
      goal(10),
      goal(120, { period: 'shootout', team: 'away' }),
      event({ kind: 'penalty_missed', team: 'home', period: 'shootout', data: { outcome: 'saved' } }, 120),
    ])
    expect(board).toMatchObject({ score: { home: 1, away: 0 }, shootout: { home: ['saved'], away: ['scored'] } })
    expect(reduceStats([goal(120, { period: 'shootout' })]).goals).toEqual({ home: 0, away: 0 })
  })

  test('[S4] an awarded result takes the place of the goals for as long as the award stands', () => {
    const award = status('awarded', 95, { score: { home: 3, away: 0 } })
    expect(score(goal(10, { team: 'away' }), award)).toEqual({ home: 3, away: 0 })
    expect(score(goal(10, { team: 'away' }), revised(award, { state: 'deleted' }))).toEqual({ home: 0, away: 1 })
  })

  test('[S8] after the final whistle a goal may still be corrected, and an official correction of the result stands above the goals', () => {
    const late = goal(90)
    const over = [start(), end(45), start('second_half', 60), end(110, 'second_half'), status('finished', 110)]
    expect(reduceBoard([...over, late])).toMatchObject({ status: 'finished', score: { home: 1, away: 0 } })
    expect(reduceBoard([...over, revised(late, { state: 'overturned' })])).toMatchObject({
      status: 'finished',
      score: { home: 0, away: 0 },
    })
    const corrected = status('corrected', 200, { score: { home: 0, away: 2 } })
    expect(reduceBoard([...over, late, corrected])).toMatchObject({ status: 'corrected', phase: 'finished', score: { home: 0, away: 2 } })
  })
})

describe('cards', () => {
  const cards = (...events: MatchEvent[]) => reduceBoard(events).cards.away

  test('[S4] a second yellow is a red card beside the first yellow, whether the feed says so or counts two yellows', () => {
    expect(cards(card(30, 'Six', 'yellow'), card(60, 'Six', 'second_yellow'))).toEqual({ yellow: 1, red: 1 })
    expect(cards(card(30, 'Six', 'yellow'), card(60, 'Six', 'yellow'))).toEqual({ yellow: 1, red: 1 })
    expect(cards(card(30, 'Six', 'yellow'), card(60, 'Six', 'second_yellow'), card(60, 'Six', 'red'))).toEqual({ yellow: 1, red: 1 })
  })

  test('[G6] an id that two providers use for different players does not make one of them be sent off', () => {
    const one = (id: string, name: string) => event({ kind: 'card', team: 'away', players: [{ id, name }], data: { card: 'yellow' } }, 30)
    expect(cards(one('9', 'A. Silva'), one('9', 'J. Olsen'))).toEqual({ yellow: 2, red: 0 })
    expect(cards(one('9', 'A. Silva'), one('9', 'Silva'))).toEqual({ yellow: 1, red: 1 })
  })

  test('[S4] yellows of two players are two, and one that was taken back is none', () => {
    const second = card(60, 'Six', 'yellow')
    expect(cards(card(30, 'Six', 'yellow'), card(60, 'Eight', 'yellow'))).toEqual({ yellow: 2, red: 0 })
    expect(cards(card(30, 'Six', 'yellow'), revised(second, { state: 'deleted' }))).toEqual({ yellow: 1, red: 0 })
  })
})

describe('video review', () => {
  const given = goal(10, { state: 'provisional' })
  const begun = event({ kind: 'var_start', ref: given.id, data: { reason: 'offside' } }, 11)
  /** An empty `ref` is left out. */
  const over = (outcome: string, ref = given.id) =>
    event({ kind: 'var_end', ...(ref === '' ? {} : { ref }), data: { outcome } } as never, 13)

  test('[S5] a provisional goal counts, and the board says that it is under review while it is', () => {
    expect(reduceBoard([given])).not.toHaveProperty('review')
    expect(reduceBoard([given, begun])).toMatchObject({ score: { home: 1, away: 0 }, review: { ref: given.id, reason: 'offside' } })
    expect(reduceBoard([given, begun, over('goal')])).not.toHaveProperty('review')
  })

  test('[S5] the decision comes as a revision of the goal', () => {
    const closed = reduceBoard([revised(given, { state: 'overturned' }), begun, over('no_goal')])
    expect(closed.score).toEqual({ home: 0, away: 0 })
    expect(closed).not.toHaveProperty('review')
  })

  test('[G1] a verdict of no goal takes a provisional goal back though its own revision is still to come, but never one that was confirmed', () => {
    expect(score(given, begun, over('no_goal'))).toEqual({ home: 0, away: 0 })
    expect(score(revised(given, { state: 'confirmed' }), begun, over('no_goal'))).toEqual({ home: 1, away: 0 })
  })

  test('[G1] the end of a review may name the goal, the review, or neither', () => {
    for (const ref of [given.id, begun.id, '']) expect(reduceBoard([given, begun, over('goal', ref)])).not.toHaveProperty('review')
    expect(reduceBoard([given, begun, over('goal', 'another')])).toHaveProperty('review')
    expect(score(given, begun, over('no_goal', begun.id))).toEqual({ home: 0, away: 0 })
  })

  test('[G1] where neither the review nor its end names a goal, it is about the last one that may be taken back', () => {
    const nameless = event({ kind: 'var_start', data: {} } as never, 11)
    const confirmed = goal(2, { state: 'confirmed' })
    const closed = reduceBoard([confirmed, given, nameless, over('no_goal', '')])
    expect(closed.score).toEqual({ home: 1, away: 0 })
    expect(closed).not.toHaveProperty('review')
    expect(score(given, begun, over('no_goal', ''))).toEqual({ home: 0, away: 0 })
    expect(score(given, nameless, over('goal', ''))).toEqual({ home: 1, away: 0 })
  })

  test('[S5] a review that was begun by mistake is over when it is deleted, and an event in review is one too', () => {
    expect(reduceBoard([given, revised(begun, { state: 'deleted' })])).not.toHaveProperty('review')
    expect(reduceBoard([revised(given, { state: 'review' })])).toMatchObject({ review: { ref: given.id } })
  })
})

describe('phase and status', () => {
  const phase = (...events: MatchEvent[]) => {
    const { phase, status } = reduceBoard(events)
    return `${phase} ${status}`
  }

  test('[S4] they follow the whistles, and a goal that is told after the whistle does not begin the half again', () => {
    expect(phase()).toBe('scheduled scheduled')
    expect(phase(start())).toBe('first_half live')
    expect(phase(start(), end(47), goal(47))).toBe('half_time half_time')
    expect(phase(goal(47), end(47), start())).toBe('half_time half_time')
    expect(phase(start('second_half', 60), end(47), start())).toBe('second_half live')
  })

  test('[G7] a feed that leaves out whistles does not stop the match: what happens in a period shows that it is on', () => {
    expect(phase(goal(10))).toBe('first_half live')
    expect(phase(start(), end(47), goal(50, { period: 'second_half' }))).toBe('second_half live')
    const line = event({ kind: 'commentary', period: 'second_half', data: { text: 'soon' } })
    expect(phase(start(), end(47), line)).toBe('half_time half_time')
  })

  test('[S4] a whistle that was blown by mistake is taken back by a deletion', () => {
    const whistle = end(44)
    expect(phase(start(), revised(whistle, { state: 'deleted' }))).toBe('first_half live')
  })

  test.each(['delayed', 'interrupted', 'suspended', 'abandoned', 'postponed', 'finished'] as const)('[S4] a match may be %s', of => {
    expect(reduceBoard([start(), status(of, 30)]).status).toBe(of)
  })

  test('[S4] a suspended match goes on when it is said to be live, or when a period begins', () => {
    expect(phase(start(), status('suspended', 30), status('live', 60))).toBe('first_half live')
    expect(phase(start(), status('abandoned', 30), start('first_half', 1440))).toBe('first_half live')
    expect(phase(start(), status('finished', 30), start('first_half', 1440))).toBe('finished finished')
  })
})

describe('the clock', () => {
  const clockOf = (rate: number, ...events: MatchEvent[]) => {
    const { clock } = reduceBoard(events, { rate })
    if (clock === undefined) throw new Error('no clock')
    return clock
  }
  const shown = (board: Board, min: number) => Math.round(secondsAt(board.clock ?? clockOf(1), kickOffMs + min * 60_000))

  test('[S6] it ticks from its anchor at its rate, and never shows less than the anchor', () => {
    const clock = clockOf(60, start())
    expect([-5000, 0, 1000, 23_000].map(ms => secondsAt(clock, kickOffMs + ms))).toEqual([0, 0, 60, 1380])
  })

  test('[S6] it stands between the halves, at least at the regular end, and begins again at the regular minute', () => {
    expect(clockOf(1, start(), end(47))).toMatchObject({ running: false, anchorSec: 47 * 60 })
    expect(clockOf(1, start(), end(44))).toMatchObject({ running: false, anchorSec: 45 * 60 })
    expect(clockOf(1, start(), end(47), start('second_half', 62))).toMatchObject({ running: true, anchorSec: 45 * 60 })
  })

  test('[G7] without the whistle of a period, the place of what is played in it starts the clock, whichever was told first', () => {
    const [late, early] = [goal(75, { period: 'second_half', clock: { min: 62 } }), goal(78, { period: 'second_half', clock: { min: 70 } })]
    for (const order of [
      [late, early],
      [early, late],
    ])
      expect(shown(reduceBoard([start(), end(47), ...order]), 80)).toBe(72 * 60)
    expect(reduceBoard([start(), goal(62, { period: 'second_half', clock: { min: 62 } })])).toMatchObject({
      phase: 'second_half',
      clock: { period: 'second_half', running: true },
    })
    expect(reduceBoard([start(), end(47), late, start('second_half', 62)]).clock).toMatchObject({ anchorSec: 45 * 60 })
  })

  test('[S6] a reading of the feed sets it, but never back unless it says that it was corrected', () => {
    const reading = (min: number, shows: number, corrected = false) =>
      event({ kind: 'clock', clock: { min: shows }, data: { running: true, corrected } }, min)
    expect(shown(reduceBoard([start(), reading(20, 21)]), 30)).toBe(31 * 60)
    expect(shown(reduceBoard([start(), reading(40, 2)]), 41)).toBe(41 * 60)
    const back = reduceBoard([start(), reading(40, 38, true)])
    expect(shown(back, 41)).toBe(39 * 60)
    expect(back.clock?.corrected).toBe(true)
  })

  test('[S6] it stands while play is interrupted, and goes on from there, be it the next day', () => {
    const paused = reduceBoard([start(), status('suspended', 30)])
    expect([shown(paused, 30), shown(paused, 50)]).toEqual([1800, 1800])
    const resumed = reduceBoard([start(), status('suspended', 30), status('live', 1440)])
    expect(shown(resumed, 1450)).toBe(40 * 60)
    expect(shown(reduceBoard([start(), status('abandoned', 30), start('first_half', 1440)]), 1450)).toBe(10 * 60)
  })

  test('[S4] added time is shown for the period that it was announced for', () => {
    const added = event({ kind: 'added_time', data: { minutes: 4 } }, 45)
    expect(reduceBoard([start(), added]).added).toEqual({ period: 'first_half', minutes: 4 })
    expect(reduceBoard([start(), added, end(49), start('second_half', 60)])).not.toHaveProperty('added')
  })

  test.each([
    [{ min: 0, sec: 0 }, 'first_half', "1'"],
    [{ min: 22, sec: 59 }, 'first_half', "23'"],
    [{ min: 46, sec: 30 }, 'first_half', "45+2'"],
    [{ min: 45, sec: 0, added: 2 }, 'first_half', "45+2'"],
    [{ min: 45, sec: 0 }, 'second_half', "46'"],
    [{ min: 121, sec: 1 }, 'extra_second', "120+2'"],
  ] as const)('[S6] %o in the %s is the minute that is announced', (clock, period, text) => {
    expect(eventMinute(goal(0, { clock, period }))).toBe(text)
  })
})

describe('figures', () => {
  test('[S3] they are counts of what is live; a goal is a shot where shots are told, and what the feed counts wins', () => {
    const shot = event({ kind: 'shot', team: 'home', data: { outcome: 'saved' } }, 5)
    expect(reduceStats([goal(1)])).toEqual({ goals: { home: 1, away: 0 } })
    expect(reduceStats([goal(1), shot])).toMatchObject({ shots: { home: 2, away: 0 }, shots_on_target: { home: 2, away: 0 } })
    expect(reduceStats([goal(1), revised(shot, { state: 'deleted' })])).toEqual({ goals: { home: 1, away: 0 } })
    const stat = event({ kind: 'stat', team: 'away', data: { name: 'shots', value: 9 } }, 6)
    expect(reduceStats([shot, stat]).shots).toEqual({ home: 1, away: 9 })
  })
})

/** The events of a timeline, as they go in. */
const eventsOf = (timeline: typeof final2022) => recordTimeline(timeline).events.map(fed => fedEventSchema.parse(fed))

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
    expect(board).toMatchObject({ status: 'finished', phase: 'finished', score: { home: 3, away: 3 } })
    expect(shootoutScore(board)).toEqual({ home: 4, away: 2 })
    expect(board.cards).toEqual({ home: { yellow: 4, red: 0 }, away: { yellow: 3, red: 0 } })
    expect(reduceStats(eventsOf(final2022))).toMatchObject({ goals: { away: 3 }, penalty_goals: { away: 2 }, substitutions: { away: 7 } })
  })

  test('[S3] 2014: one against seven', () => {
    const board = reduceBoard(eventsOf(semi2014))
    expect(board.score).toEqual({ home: 1, away: 7 })
    expect(shootoutScore(board)).toBeUndefined()
  })
})
