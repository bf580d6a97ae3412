import { expect, test } from 'bun:test'
import { type Board, eventSchema, type FedEvent, reduceBoard } from './index.ts'

const boardOf = (...events: FedEvent[]): Board => reduceBoard(events.map(event => eventSchema.parse(event)))
const start = (period: 'first_half' | 'second_half'): FedEvent => ({ id: `s-${period}`, kind: 'period_start', period })
const end: FedEvent = { id: 'e', kind: 'period_end', period: 'first_half' }
const goal = (id: string, min: number, fields: object = {}): FedEvent => ({
  id,
  kind: 'goal',
  period: min < 45 ? 'first_half' : 'second_half',
  clock: { min },
  team: 'home',
  players: [{ name: 'Nine' }],
  ...fields,
})

test('[G83] a board names the goals that count in the order of the match, each for the side that it counts for', () => {
  const board = boardOf(
    start('first_half'),
    goal('c', 60, { data: { how: 'penalty' } }),
    goal('b', 20, { data: { how: 'own' }, players: [{ name: 'Unlucky' }, { name: 'Helper' }] }),
    goal('a', 10, { players: [] }),
    goal('gone', 5, { state: 'deleted' }),
    goal('shootout', 120, { period: 'shootout' }),
  )
  expect(board.scorers).toEqual([
    { side: 'home', period: 'first_half', clock: { min: 10, sec: 0 }, how: 'play' },
    { side: 'away', player: 'Unlucky', period: 'first_half', clock: { min: 20, sec: 0 }, how: 'own' },
    { side: 'home', player: 'Nine', period: 'second_half', clock: { min: 60, sec: 0 }, how: 'penalty' },
  ])
  expect(boardOf(start('first_half'))).not.toHaveProperty('scorers')
})

test('[G83] a board has the score at half-time once the first half is over, and a late goal of that half changes it', () => {
  const first = [start('first_half'), goal('a', 10)]
  expect(boardOf(...first)).not.toHaveProperty('halfTime')
  expect(boardOf(...first, end).halfTime).toEqual({ home: 1, away: 0 })
  const second = [...first, end, start('second_half'), goal('b', 70)]
  expect(boardOf(...second)).toMatchObject({ score: { home: 2 }, halfTime: { home: 1, away: 0 } })
  expect(boardOf(...second, goal('late', 44, { team: 'away' })).halfTime).toEqual({ home: 1, away: 1 })
})

test('[G83] a match of hundreds of goals names the first of them, and counts all', () => {
  const goals = Array.from({ length: 100 }, (_, index) => goal(`g${index}`, 1, { clock: { min: 1, sec: index % 60 } }))
  const board = boardOf(...goals)
  expect([board.score.home, board.scorers?.length]).toEqual([100, 31])
})
