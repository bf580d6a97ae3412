import { describe, expect, test } from 'bun:test'
import { readGame } from '../batch.ts'
import { listedOf } from '../match.ts'
import { eventSchema, type FedEvent, type ListedGame, reduceBoard } from '../model/index.ts'
import { dayAt, dayName, dayOf, daysOf, firstDay, groupsOf, isFound } from './game-groups.ts'

const today = '2026-11-30'
const noonMs = new Date('2026-11-30T12:00:00').getTime()
const dayMs = 86_400_000

function game(id: string, fields: object = {}, ...events: FedEvent[]): ListedGame {
  const described = readGame(id, { home: `${id} home`, away: `${id} away`, competition: 'Cup', ...fields })
  return listedOf(described, reduceBoard(events.map(event => eventSchema.parse(event))))
}

const kickedOff: FedEvent = { id: 'k', kind: 'period_start', period: 'first_half', tEvent: noonMs }
const over: FedEvent = { id: 'f', kind: 'status', data: { status: 'finished' } }

describe('games by day', () => {
  test('[W41] a match belongs to the day of its kick-off, what is on and what has no date to today', () => {
    expect(dayAt(noonMs)).toBe(today)
    expect(dayOf(game('a', { kickoffUtcMs: noonMs - dayMs }, over), today)).toBe('2026-11-29')
    expect(dayOf(game('b', { date: '2026-12-24' }), today)).toBe('2026-12-24')
    expect(dayOf(game('c', { kickoffUtcMs: noonMs - dayMs }, kickedOff), today)).toBe(today)
    expect(dayOf(game('d'), today)).toBe(today)
  })

  test('[W41] the days are those on which something is played and those around today; the first that is shown has matches', () => {
    const games = [game('a', { date: '2026-12-24' }), game('b', { date: '2026-11-02' }, over)]
    expect(daysOf(games, today)).toEqual(['2026-11-02', '2026-11-29', today, '2026-12-01', '2026-12-24'])
    expect(firstDay(games, today)).toBe('2026-12-24')
    expect(firstDay(games.slice(1), today)).toBe('2026-11-02')
    expect(firstDay([...games, game('c')], today)).toBe(today)
    expect(firstDay([], today)).toBe(today)
  })

  test('[W41] days are called by what they are to today', () => {
    const names = ['2026-11-29', today, '2026-12-01', '2026-12-24', '2025-12-24'].map(day => dayName(day, today))
    expect(names).toEqual(['Yesterday', 'Today', 'Tomorrow', 'Thu 24 Dec', 'Wed 24 Dec 2025'])
  })
})

test('[W41] competitions with a match that is on stand first, and that match in them; the others by name and time', () => {
  const groups = groupsOf([
    game('late', { competition: 'League', kickoffUtcMs: noonMs + 2000 }),
    game('early', { competition: 'League', kickoffUtcMs: noonMs + 1000 }),
    game('done', { competition: 'Youth', round: 'Final', kickoffUtcMs: noonMs }, over),
    game('live', { competition: 'Youth', round: 'Final' }, kickedOff),
    game('cup', { competition: 'Cup', round: 'Final' }),
    game('third', { competition: 'Cup', round: 'Third place' }),
  ])
  expect(groups.map(({ competition, round, games }) => [competition, round, ...games.map(({ id }) => id)])).toEqual([
    ['Youth', 'Final', 'live', 'done'],
    ['Cup', '', 'cup', 'third'],
    ['League', '', 'early', 'late'],
  ])
})

test('[W42] a search finds the beginnings of words, in any order, however they are written', () => {
  const one = game('a', { home: 'Bodø/Glimt', away: { name: 'İstanbul Başakşehir', code: 'IBF' }, competition: 'Europa League' })
  for (const query of ['bodo', 'GLIMT bodø', 'istanbul', 'basaksehir', 'ibf', 'leag europa', ' ', 'Bas glimt'])
    expect([query, isFound(one, query)]).toEqual([query, true])
  for (const query of ['odo', 'bodo rovers', 'x']) expect([query, isFound(one, query)]).toEqual([query, false])
})
