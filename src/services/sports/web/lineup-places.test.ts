import { describe, expect, test } from 'bun:test'
import type { Player } from '../model/index.ts'
import { placesOf } from './lineup-places.ts'
import { shortName } from './short-name.ts'

const named = (...positions: string[]): Player[] => positions.map(position => ({ name: position, position }))
const numbered = (count: number): Player[] => Array.from({ length: count }, (_, index) => ({ name: `${index + 1}` }))

/** The names line by line, from the goal and from the right. */
function rows(players: readonly Player[], formation?: string): string[][] | undefined {
  const places = placesOf(players, formation)
  return places === undefined
    ? undefined
    : [...Map.groupBy(places, ({ depth }) => depth)]
        .toSorted(([a], [b]) => a - b)
        .map(([, row]) => row.toSorted((a, b) => a.across - b.across).map(({ player }) => player.name))
}

describe('where those who begin stand', () => {
  test('[W45] a formation says how many stand in a line, in the order told', () => {
    expect(rows(numbered(11), '4-2-3-1')).toEqual([['1'], ['2', '3', '4', '5'], ['6', '7'], ['8', '9', '10'], ['11']])
  })

  test('[W45] positions say who stands where, whatever the order in which they are told', () => {
    const players = named(
      'Center Forward',
      'Left Wing',
      'Right Wing',
      'Left Center Midfield',
      'Center Defensive Midfield',
      'Right Center Midfield',
      'Left Back',
      'Right Center Back',
      'Left Center Back',
      'Right Back',
      'Goalkeeper',
    )
    const back = ['Right Back', 'Right Center Back', 'Left Center Back', 'Left Back']
    expect(rows(players, '4-3-3')).toEqual([
      ['Goalkeeper'],
      back,
      ['Right Center Midfield', 'Center Defensive Midfield', 'Left Center Midfield'],
      ['Right Wing', 'Center Forward', 'Left Wing'],
    ])
    expect(rows(players)?.slice(0, 2)).toEqual([['Goalkeeper'], back])
  })

  test('[W45] wing-backs stand where the formation counts them', () => {
    const players = named(
      'Goalkeeper',
      'Right Center Back',
      'Center Back',
      'Left Center Back',
      'Right Wing Back',
      'Left Wing Back',
      'Right Center Midfield',
      'Center Midfield',
      'Left Center Midfield',
      'Right Center Forward',
      'Left Center Forward',
    )
    expect(rows(players, '3-5-2')?.[2]).toEqual([
      'Right Wing Back',
      'Right Center Midfield',
      'Center Midfield',
      'Left Center Midfield',
      'Left Wing Back',
    ])
  })

  test('[W45] where neither is known, or a whole squad is told, there is no picture', () => {
    expect(placesOf(numbered(11))).toBeUndefined()
    expect(placesOf(numbered(10), '4-4-2')).toBeUndefined()
    expect(placesOf(numbered(23), '4-4-2')).toBeUndefined()
    expect(placesOf([], '4-4-2')).toBeUndefined()
    expect(placesOf(named('Goalkeeper', 'Waterboy'))).toBeUndefined()
  })
})

test('[W45] a long name is cut to the family name, with what belongs to it', () => {
  const names = [
    'Messi',
    'Mac Allister',
    'Kevin De Bruyne',
    'Pierre-Emerick Aubameyang',
    'Robin van der Berg',
    'Édouard Michut',
    'Jordi Alba',
  ]
  expect(names.map(shortName)).toEqual(['Messi', 'Mac Allister', 'De Bruyne', 'Aubameyang', 'van der Berg', 'Michut', 'Jordi Alba'])
})
