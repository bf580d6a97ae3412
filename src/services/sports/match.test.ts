import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Given, readBatch, readGame } from './batch.ts'
import { limits } from './limits.ts'
import { Match, type MatchChange } from './match.ts'
import { type Board, isLive, type MatchEvent, type Pair, reduceBoard, reduceStats } from './model/index.ts'

const nowUtcMs = 1_700_000_000_000

function newMatch(game: object = {}): Match {
  return new Match({ game: readGame('m', { home: 'Reds', away: 'Blues', ...game }), run: 0, version: 0, shown: [], seen: [] }, nowUtcMs)
}

/** Takes events in as one batch of a feed. */
function take(match: Match, events: readonly object[], source = 'feed', atUtcMs = nowUtcMs): MatchChange {
  return takeGiven(match, readBatch('m', { source, events: [...events] as never }).events, source, atUtcMs)
}

function takeGiven(match: Match, events: readonly Given[], source = 'feed', atUtcMs = nowUtcMs): MatchChange {
  const { change } = match.applyBatch({ source, events }, atUtcMs)
  return change
}

/** The board without what counts how it came about. */
function told({ version: _, clock, ...board }: Board): object {
  const { corrected: __, ...rest } = clock ?? { period: 'first_half' }
  return { ...board, clock: rest }
}

const goal = (fields: object = {}) => ({
  id: 'g1',
  kind: 'goal',
  period: 'first_half',
  clock: { min: 10 },
  team: 'home',
  players: [{ name: 'L. Messi' }],
  ...fields,
})

test('[SF13] where the clock of its owner is ahead, a match is not shown as it was before what viewers had been told', () => {
  const match = newMatch()
  take(match, [goal()], 'feed', nowUtcMs + 5000)
  take(match, [goal({ id: 'g2', clock: { min: 20 } })], 'feed', nowUtcMs + 6000)
  const scores = [0, 1, 2].map(version => match.at(nowUtcMs, version).board.score.home)
  expect(scores).toEqual([0, 1, 2])
  expect(match.at(nowUtcMs + 5500, 1).board.score.home).toBe(1)
})

describe('revisions', () => {
  test('[S2] an event is taken only with a newer revision', () => {
    const match = newMatch()
    take(match, [goal({ rev: 2 })])
    for (const rev of [1, 2]) expect(take(match, [goal({ rev, state: 'deleted' })]).shown.size).toBe(0)
    expect(match.board.score).toEqual({ home: 1, away: 0 })
    take(match, [{ id: 'g1', rev: 3, state: 'deleted' }])
    expect(match.board.score).toEqual({ home: 0, away: 0 })
  })

  test('[S2] a deletion that comes before its event keeps the event out, unless it is given again later', () => {
    const match = newMatch()
    const change = take(match, [{ id: 'g1', rev: 2, state: 'deleted' }])
    expect(change.version).toBe(0)
    take(match, [goal()])
    expect(match.board.score).toEqual({ home: 0, away: 0 })
    take(match, [goal({ rev: 3 })])
    expect(match.board.score).toEqual({ home: 1, away: 0 })
  })

  test('[S2] a goal that turns out to be a shot is told as one, and a deletion may be written as of an unknown kind', () => {
    const match = newMatch()
    take(match, [goal(), goal({ id: 'g2' })])
    const change = take(match, [{ id: 'g1', rev: 2, kind: 'shot', period: 'first_half', team: 'home', data: { outcome: 'post' } }])
    expect([change.version, match.board.score.home, match.urgentSince(1).length]).toEqual([2, 1, 1])
    expect(take(match, [{ id: 'g2', rev: 2, kind: 'unknown', state: 'deleted' }]).version).toBe(3)
    expect(match.board.score.home).toBe(0)
    expect(match.urgentSince(2)).toMatchObject([{ id: 'g2', kind: 'goal', state: 'deleted' }])
  })

  test('[S2] a revision that leaves out when it happened, or its place in the order, keeps both', () => {
    const match = newMatch()
    take(match, [goal({ tEvent: 5, seq: 7 })])
    take(match, [goal({ rev: 2, players: [{ name: 'Another' }] })], 'feed', nowUtcMs + 60_000)
    expect(match.events[0]).toMatchObject({ tEvent: 5, seq: 7, tIngest: nowUtcMs + 60_000, players: [{ name: 'Another' }] })
  })

  test('[G2] the version of the board grows with each change of what is urgent, and with nothing else', () => {
    const match = newMatch()
    const versions = [
      [goal()],
      [goal()],
      [{ id: 's', kind: 'shot', period: 'first_half', team: 'home', data: { outcome: 'saved' } }],
      [goal({ rev: 2, state: 'overturned' }), goal({ id: 'g2' })],
      [goal({ rev: 5, state: 'overturned' })],
    ].map(events => take(match, events).version)
    expect(versions).toEqual([1, 1, 1, 2, 2])
  })

  test('[G2] a newer revision that says the same is taken and tells nobody', () => {
    const match = newMatch()
    take(match, [goal()])
    expect(take(match, [goal({ rev: 9 })]).version).toBe(1)
    expect(take(match, [goal({ rev: 8, state: 'deleted' })]).shown.size).toBe(0)
  })

  test('[S6] a clock that a correction sets back is marked, until it is set again', () => {
    const match = newMatch()
    const start = { id: 'k', kind: 'period_start', period: 'first_half' }
    take(match, [{ ...start, tEvent: nowUtcMs - 600_000 }])
    take(match, [{ ...start, rev: 2, tEvent: nowUtcMs - 500_000 }])
    expect(match.board.clock?.corrected).toBe(true)
    take(match, [goal()])
    expect(match.board.clock?.corrected).toBe(true)
    take(match, [{ ...start, rev: 3, tEvent: nowUtcMs - 700_000 }])
    expect(match.board.clock).not.toHaveProperty('corrected')
  })
})

describe('two feeds', () => {
  const other = (fields: object = {}) => goal({ id: 'b-77', clock: { min: 10, sec: 40 }, players: [{ name: 'Lionel Messi' }], ...fields })

  test('[S7] they tell of one goal by ids of their own, and it is one goal', () => {
    const match = newMatch({ sources: ['a', 'b'] })
    take(match, [goal()], 'a')
    const change = take(match, [other()], 'b')
    expect(change.version).toBe(1)
    expect(match.board.score).toEqual({ home: 1, away: 0 })
    expect(match.events).toHaveLength(1)
  })

  test('[S7] whoever is first is told, and the more trusted one decides where they differ', () => {
    const match = newMatch({ sources: ['a', 'b'] })
    take(match, [other({ rev: 40, players: [{ name: 'Suárez' }] })], 'b')
    expect(match.board.score).toEqual({ home: 1, away: 0 })
    take(match, [goal()], 'a')
    expect(match.events[0]).toMatchObject({ id: 'b-77', rev: 41, players: [{ name: 'L. Messi' }] })
    expect(take(match, [other({ rev: 41, players: [{ name: 'Suárez' }] })], 'b').version).toBe(2)
    expect(match.events[0]?.players[0]?.name).toBe('L. Messi')
  })

  test('[S7] when the trusted feed falls silent the other takes over, without telling anything again', () => {
    const match = newMatch({ sources: ['a', 'b'] })
    take(match, [goal({ state: 'provisional' })], 'a')
    take(match, [other({ state: 'provisional' }), other({ id: 'b-78', rev: 1, clock: { min: 30 }, players: [{ name: 'Xavi' }] })], 'b')
    take(match, [other({ rev: 2, state: 'overturned' })], 'b')
    expect(match.board.score).toEqual({ home: 2, away: 0 })
    const later = nowUtcMs + limits.silentMs + 1
    const change = take(match, [], 'b', later)
    expect([...change.shown.keys()]).toEqual(['g1'])
    expect(match.board.score).toEqual({ home: 1, away: 0 })
  })

  test('[S7] a feed that comes back and replays what it said announces nothing', () => {
    const match = newMatch({ sources: ['a', 'b'] })
    const said = Array.from({ length: 200 }, (_, index) => goal({ id: `a${index}`, clock: { min: index % 45 } }))
    take(match, said, 'a')
    take(match, [other({ id: 'b1', period: 'second_half', clock: { min: 50 } })], 'b', nowUtcMs + 2 * limits.silentMs)
    const { version } = match
    expect(take(match, said, 'a', nowUtcMs + 3 * limits.silentMs)).toMatchObject({ version, shown: new Map(), seen: [] })
  })

  test('[S7] two ways to one provider share its ids: the newer revision counts, whichever way it came', () => {
    const match = newMatch({ sources: ['a', 'b'], providers: { a: 'one', b: 'one' } })
    take(match, [goal()], 'a')
    take(match, [goal({ rev: 2, state: 'overturned' })], 'b')
    expect(match.board.score).toEqual({ home: 0, away: 0 })
    expect(take(match, [goal({ rev: 2, state: 'overturned' })], 'a').version).toBe(2)
    take(match, [{ id: 'g2', rev: 2, state: 'deleted' }], 'a')
    take(match, [goal({ id: 'g2', clock: { min: 40 } })], 'b')
    expect(match.board.score).toEqual({ home: 0, away: 0 })
  })

  test('[G3] an id that two feeds use for different things means two things', () => {
    const match = newMatch()
    take(match, [goal({ id: '1' })], 'a')
    take(
      match,
      [{ id: '1', kind: 'card', period: 'first_half', team: 'away', players: [{ id: '9', name: 'Ramos' }], data: { card: 'red' } }],
      'b',
    )
    expect(match.board).toMatchObject({ score: { home: 1 }, cards: { away: { red: 1 } } })
    take(match, [{ id: '1', rev: 2, state: 'deleted' }], 'b')
    expect(match.board).toMatchObject({ score: { home: 1 }, cards: { away: { red: 0 } } })
  })

  test('[G3] two goals in one minute are told by both feeds and stay two', () => {
    const match = newMatch()
    take(match, [goal({ id: 'a1' }), goal({ id: 'a2', clock: { min: 10, sec: 50 } })], 'a')
    take(match, [other({ id: 'b1' }), other({ id: 'b2' }), other({ id: 'b3', clock: { min: 44 } })], 'b')
    expect(match.board.score).toEqual({ home: 3, away: 0 })
  })
})

const id = fc.integer({ min: 0, max: 7 }).map(number => `e${number}`)
const state = fc.constantFrom('provisional', 'confirmed', 'review', 'overturned', 'deleted')
const team = fc.constantFrom('home', 'away')
const period = fc.constantFrom('first_half', 'second_half')
const when = {
  clock: fc.integer({ min: 0, max: 95 }).map(min => ({ min })),
  tEvent: fc.integer({ min: 1, max: 100 }).map(min => min * 60_000),
}
const player = fc.constantFrom('Six', 'Nine', 'Ten').map(name => [{ name }])
const fact = fc.oneof(
  fc.record({
    kind: fc.constant('goal'),
    period,
    team,
    players: player,
    data: fc.record({ how: fc.constantFrom('play', 'penalty', 'own') }),
    ...when,
  }),
  fc.record({
    kind: fc.constant('card'),
    period,
    team,
    players: player,
    data: fc.record({ card: fc.constantFrom('yellow', 'red') }),
    ...when,
  }),
  fc.record({ kind: fc.constantFrom('period_start', 'period_end'), period, ...when }),
  fc.record({ kind: fc.constant('kick'), team, data: fc.record({ outcome: fc.constantFrom('scored', 'missed') }) }),
  fc.record({ kind: fc.constant('var_start'), ref: id, tEvent: when.tEvent }),
  fc.record({
    kind: fc.constant('var_end'),
    ref: id,
    data: fc.record({ outcome: fc.constantFrom('goal', 'no_goal') }),
    tEvent: when.tEvent,
  }),
  fc.record({
    kind: fc.constant('status'),
    data: fc.record({ status: fc.constantFrom('live', 'suspended', 'finished') }),
    tEvent: when.tEvent,
  }),
)
const revision = fc
  .tuple(id, fc.integer({ min: 1, max: 4 }), state, fact, fc.boolean())
  .map(([id, rev, state, fact, bare]) =>
    bare && state === 'deleted' ? { id, rev, state } : { id, rev, seq: Number(id.slice(1)) + 1, tEvent: 1, ...fact, state },
  )
/** A feed says one thing of each revision of an event. */
const revisions = fc.uniqueArray(revision, { selector: ({ id, rev }) => `${id} ${rev}`, maxLength: 24 })
/** The same in another order, some of it several times, in batches. */
const told2 = revisions.chain(list =>
  fc.tuple(
    fc.constant(list),
    fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 }),
    fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
  ),
)

function split<T>(list: readonly T[], sizes: readonly number[]): T[][] {
  const batches: T[][] = []
  for (let from = 0; from < list.length; ) {
    const size = sizes[batches.length % sizes.length] ?? 1
    batches.push(list.slice(from, from + size))
    from += size
  }
  return batches
}

/** The newest revision of each event that is known by more than its deletion, counted by hand. */
function recount(list: readonly (typeof revision extends fc.Arbitrary<infer R> ? R : never)[]): Pair<number> {
  const newest = new Map<string, { readonly rev: number } & Record<string, unknown>>()
  for (const one of list) if ((newest.get(one.id)?.rev ?? 0) < one.rev) newest.set(one.id, one)
  const live = [...newest.values()].filter(({ state }) => state !== 'deleted' && state !== 'overturned')
  // A verdict that stands is about what its review was about, whatever became of the word that the review began.
  const starts = [...newest.values()].filter(({ kind }) => kind === 'var_start')
  const ends = live
    .filter(({ kind }) => kind === 'var_end')
    .toSorted((a, b) => Number(a.tEvent) - Number(b.tEvent) || Number(a.seq) - Number(b.seq))
  const score = { home: 0, away: 0 }
  for (const goal of live) {
    if (goal.kind !== 'goal') continue
    const verdict = ends.findLast(({ ref }) => ref === goal.id || starts.some(start => start.id === ref && start.ref === goal.id))
    const refused = verdict !== undefined && (verdict.data as { outcome: string }).outcome === 'no_goal'
    if (goal.state !== 'confirmed' && refused) continue
    const isOwn = (goal.data as { how: string }).how === 'own'
    const side = goal.team === 'home' ? (isOwn ? 'away' : 'home') : isOwn ? 'home' : 'away'
    score[side]++
  }
  return score
}

describe('whatever the order', () => {
  test('[S2] any order, repetition and batching of a set of revisions leads to the same board', () => {
    fc.assert(
      fc.property(told2, ([list, shuffled, sizes]) => {
        const straight = newMatch()
        take(
          straight,
          list.toSorted((a, b) => a.rev - b.rev),
        )
        const mixed = newMatch()
        for (const batch of split(shuffled, sizes)) take(mixed, batch)
        expect(told(mixed.board)).toEqual(told(straight.board))
        expect(mixed.stats).toEqual(straight.stats)
      }),
      { numRuns: 300 },
    )
  })

  test('[S3] the score is what one counts by hand over the newest revisions, after every batch', () => {
    fc.assert(
      fc.property(told2, ([, shuffled, sizes]) => {
        const match = newMatch()
        const heard: typeof shuffled = []
        for (const batch of split(shuffled, sizes)) {
          take(match, batch)
          heard.push(...batch)
          expect(match.board.score).toEqual(recount(heard))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('[S2] after all its events are deleted, in whichever order that is heard, a match has no score, cards or reviews', () => {
    fc.assert(
      fc.property(told2, fc.boolean(), ([list, shuffled, sizes], before) => {
        const match = newMatch()
        const deletions = [...new Set(list.map(({ id }) => id))].map(id => ({ id, rev: 100, state: 'deleted' }))
        const all = before ? [...deletions, ...shuffled] : [...shuffled, ...deletions]
        for (const batch of split(all, sizes)) take(match, batch)
        expect(told(match.board)).toEqual(told(reduceBoard([])))
        expect(match.stats).toEqual(reduceStats([]))
        expect(match.snapshot(nowUtcMs).events).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  test('[S8] a late revision decides: whatever was said before, the goal counts as its newest revision says', () => {
    fc.assert(
      fc.property(told2, fc.constantFrom('confirmed', 'overturned', 'deleted'), ([, shuffled, sizes], state) => {
        const match = newMatch()
        for (const batch of split(shuffled, sizes)) take(match, batch)
        const before = match.board.score
        take(match, [goal({ id: 'late', rev: 1 }), goal({ id: 'late', rev: 2, state })])
        const added = state === 'confirmed' ? 1 : 0
        expect(match.board.score).toEqual({ home: before.home + added, away: before.away })
        expect(match.events.filter(event => event.id === 'late' && isLive(event))).toHaveLength(added)
      }),
      { numRuns: 100 },
    )
  })

  test('[G4] what was kept and read again is the same match', () => {
    fc.assert(
      fc.property(told2, ([, shuffled, sizes]) => {
        const match = newMatch()
        for (const batch of split(shuffled, sizes)) take(match, batch)
        const seen = [...match.seen.values()].flatMap(ofSource => [...ofSource.values()])
        const { game, run, version } = match
        const again = new Match({ game, run, version, shown: [...match.shown.values()], seen }, nowUtcMs)
        expect(told(again.board)).toEqual(told(match.board))
        for (const batch of split(shuffled, sizes)) expect(take(again, batch).shown.size).toBe(0)
      }),
      { numRuns: 100 },
    )
  })
})

test('[G5] everything urgent since a version is what changed since, in the order of the match', () => {
  const match = newMatch()
  take(match, [goal(), goal({ id: 'g2', clock: { min: 5 } })])
  take(match, [goal({ rev: 2, state: 'overturned' })])
  const since = (version: number): string[] => match.urgentSince(version).map((event: MatchEvent) => `${event.id} ${event.rev}`)
  expect([since(0), since(1), since(2)]).toEqual([['g2 1', 'g1 2'], ['g1 2'], []])
})
