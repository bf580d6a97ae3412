import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { Folder } from '../../../test/kit/folder.ts'
import { migrateSql, openSql } from '../../store/index.ts'
import { readBatch, readGame } from './batch.ts'
import { Match } from './match.ts'
import { type FedGame, gameSchema, reduceStats, snapshotSchema } from './model/index.ts'
import { SportsStore, sportsTables } from './store.ts'

const nowUtcMs = 1_700_000_000_000
const longest = 'x'.repeat(128)

type Batches = readonly (readonly [source: string, events: readonly object[]])[]

/** Takes batches in and keeps them, reads the match again, and checks that pages could read both. */
async function keptAndRead(batches: Batches, described: Partial<FedGame> = {}): Promise<Match> {
  await using folder = new Folder()
  const target = `sqlite:${join(folder.path, 'sports.db')}`
  const game = readGame('m', { home: 'Reds', away: 'Blues', ...described })
  const match = new Match({ game, run: 0, version: 0, shown: [], seen: [] }, nowUtcMs)
  const sql = await openSql(target)
  await migrateSql(sql, 'sports', sportsTables)
  const store = new SportsStore(sql)
  await store.describe(match, 0, { atMs: nowUtcMs, before: undefined })
  for (const [index, [source, events]] of batches.entries()) {
    const batch = readBatch('m', { source, events: [...events] as never })
    const applied = match.draft(batch, nowUtcMs)
    await store.commit('m', index + 1, applied.change, applied.board, { atMs: nowUtcMs, before: applied.before })
    match.adopt(applied, batch.source, nowUtcMs)
  }
  await sql.close()
  const reopened = await openSql(target)
  const again = new SportsStore(reopened)
  expect(await again.games()).toHaveLength(1)
  const kept = await again.match('m')
  const stored = kept && { ...kept, seen: await again.words('m') }
  await reopened.close()
  if (stored === undefined) throw new Error('not kept')
  const read = new Match(stored, nowUtcMs)
  expect(read.snapshot(0)).toEqual(match.snapshot(0))
  expect(snapshotSchema.safeParse(JSON.parse(JSON.stringify(read.snapshot(0)))).error).toBeUndefined()
  return read
}

const goal = (id: string, min: number, fields: object = {}) => ({
  id,
  kind: 'goal',
  period: 'first_half',
  clock: { min },
  team: 'home',
  ...fields,
})

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('[S41] a feed may be called %s', async name => {
  const match = await keptAndRead([
    [name, [goal('g', 10)]],
    ['a', [goal(name, 10)]],
  ])
  expect([match.board.score.home, [...match.seen.keys()].toSorted()]).toEqual([1, [name, 'a'].toSorted()])
})

test('[S41] a figure may be called constructor', () => {
  const { events } = readBatch('m', [{ id: 's', kind: 'stat', team: 'home', data: { name: 'constructor', value: 5 } }])
  const stats = reduceStats(events.flatMap(event => ('kind' in event ? [event] : [])))
  expect(Object.entries(stats)).toContainEqual(['constructor', { home: 5, away: 0 }])
  expect(Object).not.toHaveProperty('home')
})

test('[S40] equal ids of the greatest length, of feeds with the longest names, are two events that can be read again', async () => {
  const [a, b] = ['a'.repeat(128), 'b'.repeat(128)]
  const match = await keptAndRead([
    [a, [goal(longest, 10)]],
    [b, [goal(longest, 40), { id: 'v', kind: 'var_start', ref: longest }]],
    [b, [goal(longest, 41, { rev: 2 })]],
  ])
  expect([match.board.score.home, match.events.length, match.board.review?.ref]).toEqual([
    2,
    3,
    match.events.find(({ id, kind }) => kind === 'goal' && id !== longest)?.id,
  ])
})

test('[S40] a revision is at most what can still be added to', async () => {
  const taken = await keptAndRead(
    [
      ['a', [goal('g', 10, { rev: 2 ** 52 })]],
      ['b', [goal('h', 10, { players: [{ name: 'X' }] })]],
      ['b', [goal('h', 10, { rev: 2, players: [{ name: 'Y' }] })]],
    ],
    { sources: ['b', 'a'] },
  )
  expect(taken.events).toMatchObject([{ players: [{ name: 'Y' }] }])
  for (const event of [goal('g', 10, { rev: 2 ** 52 + 1 }), { id: 'g', rev: 2 ** 53 - 1, state: 'deleted' }])
    expect(() => readBatch('m', [event] as never)).toThrow('[0].rev')
})

test('[S40] ids are whole characters, since a store could not keep half of one apart from another', () => {
  for (const event of [goal('\ud800', 10), goal('g', 10, { ref: 'x\udfff' }), { id: '\ud800', rev: 1, state: 'deleted' }])
    expect(() => readBatch('m', [event] as never)).toThrow(/\[0\]\.(id|ref): /)
  expect(() => readBatch('m', { source: '\ud800', events: [] })).toThrow('source: ')
})

test.each(['ßßß', '🦁🐯🐻', 'ŉŉŉŉ', 'Åland', '中国国家队', '?!', 'ﷺﷺﷺ'])(
  '[S40] a team called %s gets a code that boards can show',
  name => {
    expect(gameSchema.safeParse(readGame('m', { home: name, away: 'Blues' })).error).toBeUndefined()
  },
)

test('[S40] a day that no calendar has is refused, and so is a kick-off that no page could write', () => {
  for (const date of ['2026-99-99', '2026-02-30', '0000-00-00'])
    expect(() => readGame('m', { home: 'Reds', away: 'Blues', date })).toThrow('date: ')
  expect(readGame('m', { home: 'Reds', away: 'Blues', date: '2028-02-29' }).date).toBe('2028-02-29')
  expect(() => readGame('m', { home: 'Reds', away: 'Blues', kickoffUtcMs: 8e15 })).toThrow('kickoffUtcMs: ')
})
