import { describe, expect, test } from 'bun:test'
import { readBatch, readGame } from './batch.ts'
import { Match } from './match.ts'

const nowUtcMs = 1_700_000_000_000
const called = ['Bounou', 'Juanpe', 'Espinosa', 'Alcalá', 'Muniesa', 'Benítez', 'Aleix', 'Pons', 'Granell', 'Stuani', 'Portu']

function newMatch(game: object = {}): Match {
  const described = readGame('m', { home: 'Reds', away: 'Blues', sources: ['a', 'b'], ...game } as never)
  return new Match({ game: described, run: 0, version: 0, shown: [], seen: [] }, nowUtcMs)
}

function take(match: Match, source: string, ...events: readonly object[]): void {
  match.applyBatch(readBatch('m', { source, events } as never), nowUtcMs)
}

const card = (id: string, name: string, fields: object = {}) => ({
  id,
  kind: 'card',
  period: 'first_half',
  clock: { min: 20 },
  team: 'home',
  players: [{ name }],
  data: { card: 'yellow' },
  ...fields,
})
const lineup = (players: readonly object[]) => ({ id: 'l', kind: 'lineup', team: 'home', players })
const yellows = ({ board }: Match) => board.cards.home.yellow

describe('players of two feeds by their line-ups', () => {
  test('[G81] a name that is on no line-up is the player who is on one, called otherwise', () => {
    const match = newMatch()
    take(match, 'a', lineup(called.map(name => ({ name }))), card('1', 'Portu'))
    take(match, 'b', card('7', 'Cristian Portugués Manzanera'))
    expect(yellows(match)).toBe(1)
  })

  test('[G81] a line-up that comes late says who was who before', () => {
    const match = newMatch()
    take(match, 'a', card('1', 'Portu'))
    take(match, 'b', card('7', 'Cristian Portugués Manzanera'))
    expect(yellows(match)).toBe(2)
    take(match, 'a', lineup(called.map(name => ({ name }))))
    expect(yellows(match)).toBe(1)
  })

  test('[G81] the squad of the game counts as a line-up', () => {
    const match = newMatch({ home: { name: 'Reds', lineup: called.map(name => ({ name })) } })
    take(match, 'a', card('1', 'Portu'))
    take(match, 'b', card('7', 'Cristian Portugués Manzanera'))
    expect(yellows(match)).toBe(1)
  })

  test('[G81] two who are on one line-up are two, and so are two without any', () => {
    const match = newMatch()
    take(match, 'a', lineup(called.map(name => ({ name }))), card('1', 'Portu'))
    take(match, 'b', card('7', 'Cristhian Stuani'))
    expect(yellows(match)).toBe(2)
    const bare = newMatch()
    take(bare, 'a', lineup([{ name: 'Portu' }]), card('1', 'Portu'))
    take(bare, 'b', card('7', 'Cristian Portugués Manzanera'))
    expect(yellows(bare)).toBe(2)
  })

  test('[G81] each feed says its numbers in its line-up, by its own ids: the same shirt is the same player', () => {
    const match = newMatch()
    take(match, 'a', lineup([{ id: 'a9', name: 'Portu', number: 9 }]), card('1', 'Portu', { players: [{ id: 'a9', name: 'Portu' }] }))
    take(
      match,
      'b',
      lineup([{ id: '77', name: 'Cristian Manzanera', number: 9 }]),
      card('7', 'C. Manzanera', { players: [{ id: '77', name: 'C. Manzanera' }] }),
    )
    expect(yellows(match)).toBe(1)
    take(
      match,
      'b',
      { ...lineup([{ id: '77', name: 'Cristian Manzanera', number: 10 }]), rev: 2 },
      card('7', 'C. Manzanera', { rev: 2, players: [{ id: '77', name: 'C. Manzanera' }] }),
    )
    expect(yellows(match)).toBe(2)
  })
})

test('[G82] kicks that a feed tells in another order are those of the same kickers', () => {
  const match = newMatch()
  const kick = (id: string, name: string, outcome: string) => ({ id, kind: 'kick', team: 'home', players: [{ name }], data: { outcome } })
  take(match, 'a', kick('k1', 'X', 'scored'), kick('k2', 'Y', 'missed'), kick('k3', 'Z', 'saved'))
  take(match, 'b', kick('q3', 'Z', 'saved'), kick('q1', 'X', 'scored'), kick('q2', 'Y', 'missed'))
  expect(match.board.shootout?.home).toEqual(['scored', 'missed', 'saved'])
})
