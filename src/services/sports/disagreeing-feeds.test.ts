import { expect, test } from 'bun:test'
import { readBatch, readGame } from './batch.ts'
import { Match } from './match.ts'
import { reduceBoard } from './model/index.ts'

const nowUtcMs = 1_700_000_000_000

function newMatch(): Match {
  return new Match(
    { game: readGame('m', { home: 'Reds', away: 'Blues', sources: ['a', 'b'] }), run: 0, version: 0, shown: [], seen: [] },
    nowUtcMs,
  )
}

function take(match: Match, source: string, events: readonly object[], atMs = 0): void {
  const utcMs = nowUtcMs + atMs
  match.applyBatch(readBatch('m', { source, events: [...events] as never }), utcMs)
}

/** Two feeds in either order. */
function inBothOrders(a: readonly object[], b: readonly object[]): readonly Match[] {
  const words = [
    ['a', a],
    ['b', b],
  ] as const
  return [words, words.toReversed()].map(order => {
    const match = newMatch()
    for (const [source, events] of order) take(match, source, events)
    return match
  })
}

const goal = (id: string, min: number, fields: object = {}) => ({
  id,
  kind: 'goal',
  period: 'first_half',
  clock: { min },
  team: 'home',
  ...fields,
})
const kick = (id: string, name: string, outcome: string) => ({ id, kind: 'kick', team: 'home', players: [{ name }], data: { outcome } })
const status = (id: string, name: string) => ({ id, kind: 'status', data: { status: name } })
const kickOff = { id: 'p1', kind: 'period_start', period: 'first_half' }

test('[S42] a goal that another feed gives to the other side is one, of the side that the trusted feed names', () => {
  const wrong = goal('h', 10, { team: 'away', clock: { min: 10, sec: 5 } })
  for (const { board } of inBothOrders([goal('g', 10, { players: [{ name: 'Xavi' }] })], [wrong]))
    expect(board.score).toEqual({ home: 1, away: 0 })
})

test('[S42] goals of both sides are two where they are told by name or some time apart, and where one feed tells both', () => {
  const x = goal('g', 10, { players: [{ name: 'Xavi' }] })
  const y = goal('h', 10, { team: 'away', clock: { min: 10, sec: 40 }, players: [{ name: 'Yaya' }] })
  for (const { board } of inBothOrders([x], [y])) expect(board.score).toEqual({ home: 1, away: 1 })
  for (const { board } of inBothOrders([goal('g', 10)], [goal('h', 12, { team: 'away' })]))
    expect(board.score).toEqual({ home: 1, away: 1 })
  for (const { board } of inBothOrders([goal('g', 10)], [goal('1', 10), goal('2', 10, { team: 'away' })]))
    expect(board.score).toEqual({ home: 1, away: 1 })
})

test('[S42] whether a ball in the net counted is for the trusted feed to say', () => {
  const disallowed = (id: string) => goal(id, 10, { kind: 'goal_disallowed' })
  for (const { board, events } of inBothOrders([disallowed('g')], [goal('h', 10)]))
    expect([board.score.home, events.map(({ kind }) => kind)]).toEqual([0, ['goal_disallowed']])
  for (const { board, events } of inBothOrders([goal('g', 10)], [disallowed('h')]))
    expect([board.score.home, events.map(({ kind }) => kind)]).toEqual([1, ['goal']])
  for (const { board } of inBothOrders([goal('g', 10), disallowed('d')], [goal('1', 10), disallowed('2')])) expect(board.score.home).toBe(1)
})

test('[S42] whether a penalty went in is for the trusted feed to say; a goal from the rebound counts beside it', () => {
  const missed = (id: string) => goal(id, 10, { kind: 'penalty_missed', data: { outcome: 'saved' } })
  const scored = (id: string, how: string) => goal(id, 10, { clock: { min: 10, sec: 8 }, data: { how } })
  for (const { board } of inBothOrders([missed('g')], [scored('h', 'penalty')])) expect(board.score.home).toBe(0)
  for (const { board } of inBothOrders([missed('g')], [scored('h', 'play')])) expect(board.score.home).toBe(1)
})

test('[S43] the end of a review that says which one only by coming ends none that begins later', () => {
  const match = newMatch()
  take(match, 'a', [{ id: 'e', kind: 'var_end', data: { outcome: 'no_goal' } }], 5000)
  take(match, 'a', [goal('g', 10, { state: 'provisional' })], 20_000)
  take(match, 'a', [{ id: 's', kind: 'var_start', ref: 'g' }], 60_000)
  expect(match.board).toMatchObject({ score: { home: 1, away: 0 }, review: { id: 's' } })
  take(match, 'a', [{ id: 'e2', kind: 'var_end', data: { outcome: 'no_goal' } }], 90_000)
  expect([match.board.score.home, match.board.review]).toEqual([0, undefined])
})

test('[S43] a beginning that comes right behind its end is over', () => {
  const match = newMatch()
  take(match, 'a', [{ id: 'e', kind: 'var_end' }])
  take(match, 'a', [{ id: 's', kind: 'var_start' }], 1000)
  expect(match.board).not.toHaveProperty('review')
})

test('[S44] kicks stay in order when a feed that has told less takes over in the middle of a shoot-out', () => {
  const match = newMatch()
  const corners = Array.from({ length: 40 }, (_, index) => ({ ...goal(`c${index}`, index), kind: 'corner' }))
  take(match, 'a', [...corners, kick('k1', 'X', 'missed'), kick('k2', 'Y', 'scored')])
  take(match, 'b', [kick('q1', 'X', 'missed'), kick('q2', 'Y', 'scored')], 1000)
  take(match, 'b', [kick('q3', 'Z', 'saved')], 60_000)
  expect(match.board.shootout?.home).toEqual(['missed', 'scored', 'saved'])
})

test('[S45] a whistle ends an interruption that it is told of together with', () => {
  const match = newMatch()
  take(match, 'a', [kickOff, status('i', 'interrupted'), { ...kickOff, id: 'p2', clock: { min: 20 } }])
  expect(match.board).toMatchObject({ status: 'live', clock: { anchorSec: 1200, running: true } })
})

test.each(['interrupted', 'suspended', 'abandoned'])(
  '[S45] play beyond the minute at which a match was %s ends that, and its clock goes on',
  name => {
    const match = newMatch()
    take(match, 'a', [kickOff])
    take(match, 'a', [status('i', name)], 600_000)
    expect(match.board.clock).toMatchObject({ anchorSec: 600, running: false })
    take(match, 'a', [goal('late', 10), { ...goal('c', 15), kind: 'card', data: { card: 'red' } }], 1_200_000)
    expect(match.board.status).toBe(name as never)
    take(match, 'a', [{ ...goal('s', 12), kind: 'shot', data: { outcome: 'saved' } }], 1_800_000)
    expect(match.board).toMatchObject({ status: 'live', phase: 'first_half', clock: { anchorSec: 720, running: true } })
  },
)

test('[S45] play begins a match that was delayed', () => {
  const match = newMatch()
  take(match, 'a', [status('d', 'delayed')])
  take(match, 'a', [goal('g', 2)], 900_000)
  expect(match.board).toMatchObject({ status: 'live', phase: 'first_half', clock: { anchorSec: 120, running: true } })
})

test('[S45] a corner alone shows that a half is on, and what is read again says the same', () => {
  const match = newMatch()
  const corner = (id: string, min: number, period: string) => ({ ...goal(id, min), kind: 'corner', period })
  take(match, 'a', [corner('c', 1, 'first_half')])
  expect(match.board).toMatchObject({ version: 1, status: 'live', phase: 'first_half' })
  take(match, 'a', [corner('d', 30, 'first_half')], 60_000)
  expect(match.version).toBe(1)
  take(match, 'a', [corner('e', 50, 'second_half')], 3_600_000)
  expect(match.board).toMatchObject({ version: 2, phase: 'second_half' })
  expect(reduceBoard(match.events, { version: 2 })).toEqual(match.board)
})

test('[S45] that play goes on is told at once, without the shot that showed it, and taken back at once with the shot', () => {
  const match = newMatch()
  const shot = { ...goal('s', 12), kind: 'shot', data: { outcome: 'saved' } }
  take(match, 'a', [kickOff])
  take(match, 'a', [status('i', 'interrupted')], 600_000)
  const stopped = match.version
  take(match, 'a', [shot], 1_200_000)
  expect([match.version, match.urgentSince(stopped)]).toEqual([stopped + 1, []])
  take(match, 'a', [{ id: 's', rev: 2, state: 'deleted' }], 1_260_000)
  expect(match.board).toMatchObject({ version: stopped + 2, status: 'interrupted', clock: { running: false } })
  expect(match.urgentSince(stopped)).toEqual([])
})
