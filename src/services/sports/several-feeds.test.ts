import { expect, test } from 'bun:test'
import { readBatch, readGame } from './batch.ts'
import { limits } from './limits.ts'
import { Match } from './match.ts'

const nowUtcMs = 1_700_000_000_000

function newMatch(game: object = {}): Match {
  const described = readGame('m', { home: 'Reds', away: 'Blues', sources: ['a', 'b'], ...game } as never)
  return new Match({ game: described, run: 0, version: 0, shown: [], seen: [] }, nowUtcMs)
}

function take(match: Match, source: string, ...events: readonly object[]): void {
  takeAt(nowUtcMs, match, source, ...events)
}

function takeAt(utcMs: number, match: Match, source: string, ...events: readonly object[]): void {
  match.applyBatch(readBatch('m', { source, events } as never), utcMs)
}

const goal = (id: string, min: number, fields: object = {}) => ({
  id,
  kind: 'goal',
  period: 'first_half',
  clock: { min },
  team: 'home',
  ...fields,
})
const kick = (id: string, name: string, outcome = 'scored') => ({ id, kind: 'kick', team: 'home', players: [{ name }], data: { outcome } })

test('[G31] a kick of the shoot-out that two feeds tell is one kick, also where one tells it as a goal or as a missed penalty', () => {
  const match = newMatch()
  take(match, 'a', kick('k1', 'X'))
  take(match, 'b', kick('q1', 'X'))
  expect(match.board.shootout?.home).toEqual(['scored'])
  take(match, 'a', kick('k2', 'Y', 'saved'), kick('k3', 'Z'))
  const missed = {
    id: 'q2',
    kind: 'penalty_missed',
    period: 'shootout',
    team: 'home',
    players: [{ name: 'Y' }],
    data: { outcome: 'saved' },
  }
  take(match, 'b', missed, { ...goal('q3', 120), period: 'shootout', players: [{ name: 'Z' }] })
  expect(match.board.shootout?.home).toEqual(['scored', 'saved', 'scored'])
})

test('[G31] a feed that missed a kick does not shift the others: names, order and outcomes are laid side by side', () => {
  const match = newMatch()
  take(match, 'a', kick('k1', 'X'), kick('k2', 'Y', 'missed'), kick('k3', 'Z'))
  take(match, 'b', kick('q2', 'Y', 'missed'), kick('q3', 'Z'))
  expect(match.board.shootout?.home).toEqual(['scored', 'missed', 'scored'])
})

test.each(['deleted', 'overturned'])('[G32] an event that a feed has %s and tells anew under another id counts once', state => {
  const match = newMatch()
  take(match, 'a', goal('k', 37, { players: [{ name: 'X' }] }))
  take(match, 'b', goal('224', 37))
  take(match, 'b', goal('224', 37, { rev: 2, state }), goal('223', 38))
  expect(match.board.score).toEqual({ home: 1, away: 0 })
  take(match, 'a', goal('k', 37, { rev: 2, state }), goal('k2', 37, { players: [{ name: 'X' }] }))
  expect(match.board.score).toEqual({ home: 1, away: 0 })
})

test('[G32] a card that is told anew sends nobody off', () => {
  const match = newMatch()
  const card = (id: string, fields: object = {}) => ({
    ...goal(id, 20),
    kind: 'card',
    players: [{ name: 'Ramos' }],
    data: { card: 'yellow' },
    ...fields,
  })
  take(match, 'a', card('c'))
  take(match, 'b', card('7'))
  take(match, 'b', card('7', { rev: 2, state: 'deleted' }), card('8', { clock: { min: 21 } }))
  expect(match.board.cards.home).toEqual({ yellow: 1, red: 0 })
})

test('[G32] what the trusted feed takes back is taken back for both, and what it never told of is not', () => {
  const match = newMatch()
  take(match, 'a', goal('k', 37), goal('l', 80))
  take(match, 'b', goal('1', 37), goal('2', 60, { team: 'away' }))
  take(match, 'a', goal('k', 37, { rev: 2, state: 'deleted' }))
  expect(match.board.score).toEqual({ home: 1, away: 1 })
  take(match, 'b', goal('3', 80))
  expect(match.board.score).toEqual({ home: 1, away: 1 })
})

test('[G32] a goal that the trusted feed turns into a shot is none, though another feed told of it', () => {
  const match = newMatch()
  take(match, 'a', goal('k', 37))
  take(match, 'b', goal('1', 37))
  take(match, 'a', { ...goal('k', 37), rev: 2, kind: 'shot', data: { outcome: 'post' } })
  expect(match.board.score).toEqual({ home: 0, away: 0 })
})

test('[G33] equal ids of two providers mean nothing, unless the game says that both feeds carry one provider', () => {
  const match = newMatch()
  take(match, 'a', goal('5', 10))
  take(match, 'b', goal('5', 70, { team: 'away', period: 'second_half' }))
  expect(match.board.score).toEqual({ home: 1, away: 1 })
  take(match, 'b', goal('5', 70, { team: 'away', period: 'second_half', rev: 2, state: 'deleted' }))
  expect(match.board.score).toEqual({ home: 1, away: 0 })
  const shared = newMatch({ providers: { a: 'p', b: 'p' } })
  take(shared, 'a', goal('5', 10))
  take(shared, 'b', goal('5', 10, { rev: 2, state: 'deleted' }))
  expect(shared.board.score).toEqual({ home: 0, away: 0 })
})

test('[G34] an own goal that another feed gives to an attacker is one goal, of the side that it counts for', () => {
  const match = newMatch()
  take(match, 'a', goal('o', 30, { players: [{ name: 'Defender' }], data: { how: 'own' } }))
  take(match, 'b', goal('1', 30, { team: 'away', players: [{ name: 'Striker' }] }))
  expect(match.board.score).toEqual({ home: 0, away: 1 })
})

test.each([
  ['Martin Ødegaard', 'M. Odegaard', undefined],
  ['Kenan Yıldız', 'Yildiz', undefined],
  ['Thomas Müller', 'Thomas Mueller', undefined],
  ['Đorđe Đorđević', 'Djordje Djordjevic', undefined],
  ['Vinícius Júnior', 'Vinicius Jr.', undefined],
  ['Åge Ås', 'Aage Aas', undefined],
  ['Софья Шевченко', 'Shevchenko', 7],
])('[G35] a booking of %s is that of %s', (name, other, number) => {
  const match = newMatch()
  const card = (id: string, name: string) => ({
    ...goal(id, 20),
    kind: 'card',
    players: [{ name, ...(number === undefined ? {} : { number }) }],
    data: { card: 'yellow' },
  })
  take(match, 'a', card('c', name))
  take(match, 'b', card('7', other))
  expect(match.board.cards.home).toEqual({ yellow: 1, red: 0 })
})

test('[G35] two players who share a family name are two', () => {
  const match = newMatch()
  const card = (id: string, name: string) => ({ ...goal(id, 20), kind: 'card', players: [{ name }], data: { card: 'yellow' } })
  take(match, 'a', card('c', 'Lucas Hernández'))
  take(match, 'b', card('7', 'Theo Hernandez'))
  expect(match.board.cards.home).toEqual({ yellow: 2, red: 0 })
})

test('[G36] a feed that is trusted less does not reopen a match that is over', () => {
  const match = newMatch()
  const status = (id: string, status: string, tEvent: number) => ({ id, kind: 'status', data: { status }, tEvent: nowUtcMs + tEvent })
  take(match, 'a', goal('k', 37), status('s', 'finished', 0))
  take(match, 'b', status('1', 'live', 60_000))
  expect(match.board.status).toBe('finished')
  take(match, 'a', status('t', 'live', 90_000))
  expect(match.board.status).toBe('live')
})

test.each(['scheduled', 'live', 'half_time', 'interrupted', 'suspended', 'delayed', 'postponed'])(
  '[G36] nor does it by saying "%s", be the feed that is trusted long silent by then, as feeds are after the last whistle',
  status => {
    const match = newMatch()
    const told = (id: string, status: string, tEvent: number) => ({ id, kind: 'status', data: { status }, tEvent: nowUtcMs + tEvent })
    take(match, 'a', goal('k', 37), told('s', 'finished', 0))
    take(match, 'b', told('1', status, 5000))
    expect(match.board.status).toBe('finished')
    takeAt(nowUtcMs + 2 * limits.silentMs, match, 'b', told('2', status, 10_000))
    takeAt(nowUtcMs + 4 * limits.silentMs, match, 'b', told('2', status, 10_000), told('3', 'live', 20_000))
    expect(match.board.status).toBe('finished')
  },
)

test('[G37] another scorer some time later is another goal, though only one feed has told of it yet', () => {
  const match = newMatch()
  take(match, 'a', goal('x', 30, { players: [{ name: 'Xavi' }] }))
  take(match, 'b', goal('1', 30, { clock: { min: 30, sec: 50 }, players: [{ name: 'Yaya' }] }))
  expect(match.board.score.home).toBe(2)
  take(match, 'b', goal('2', 30, { players: [{ name: 'Xavi' }] }))
  take(match, 'a', goal('y', 30, { clock: { min: 30, sec: 48 }, players: [{ name: 'Yaya' }] }))
  expect(match.board.score.home).toBe(2)
})

test('[G38] a review of one feed decides about the goal that viewers know by the id of another', () => {
  const match = newMatch()
  take(match, 'b', goal('1', 30, { state: 'provisional' }))
  take(
    match,
    'a',
    goal('k', 30, { state: 'provisional' }),
    { id: 'v', kind: 'var_start', ref: 'k' },
    { id: 'w', kind: 'var_end', ref: 'k', data: { outcome: 'no_goal' } },
  )
  expect(match.board.score.home).toBe(0)
})
