import { expect, test } from 'bun:test'
import { SimClock } from '../../../sim/core/clock.ts'
import { serviceHost } from '../../../test/kit/service-host.ts'
import { silentLog } from '../../hub/index.ts'
import type { Json } from '../../kit/index.ts'
import { Publication } from '../../protocol/index.ts'
import type { PublishOptions, Queries, Sql, SqlValue } from '../../service.ts'
import { migrateSql, openSql, SqlError } from '../../store/index.ts'
import { readBatch, readGame } from './batch.ts'
import { Games } from './games.ts'
import { limits } from './limits.ts'
import { Match } from './match.ts'
import { MatchPublisher } from './match-publisher.ts'
import { type Board, reduceBoard } from './model/index.ts'
import { Replicas } from './replicas.ts'
import { SportsStore, sportsTables } from './store.ts'

const teams = { home: 'Reds', away: 'Blues' }
const goal = (id: string, min = 10) => ({ id, kind: 'goal', team: 'home', period: 'first_half', clock: { min } })

/** Rows whose next commit takes place, or does not, and is not answered either way. */
class DeafRows {
  next: 'answers' | 'commits' | 'fails' = 'answers'

  reach(sql: Sql): Sql {
    const transaction: Sql['transaction'] = async (body, options) => {
      const { next } = this
      this.next = 'answers'
      if (next === 'fails') throw new SqlError('unavailable', 'no answer')
      const result = await sql.transaction(body, options)
      if (next === 'commits') throw new SqlError('unavailable', 'no answer')
      return result
    }
    return { dialect: sql.dialect, all: sql.all.bind(sql), run: sql.run.bind(sql), close: sql.close.bind(sql), transaction }
  }
}

test.each([
  ['took place', 'commits', 0],
  ['did not take place', 'fails', 1],
] as const)(
  '[SF14] a batch whose commit %s without an answer is not acknowledged, and is told again to the end',
  async (_, next, changed) => {
    const rows = new DeafRows()
    const { host, close } = await serviceHost(new SimClock(), sportsTables, undefined, sql => rows.reach(sql))
    const history = async () => ({ position: { epoch: '', offset: 0 }, publications: [], complete: true, state: [] })
    const games = new Games(
      { ...host, publish: async () => ({ offset: 1 }), history },
      { store: new SportsStore(host.store.sql), isShared: false },
    )
    await games.start()
    await games.put('m', teams)
    rows.next = next
    await expect(games.ingest('m', [goal('a')])).rejects.toMatchObject({ code: 100, temporary: true })
    expect(await games.ingest('m', [goal('a')])).toMatchObject({ changed, board: { version: 1 } })
    expect(await games.ingest('m', [goal('b', 20)])).toMatchObject({ changed: 1, board: { version: 2, score: { home: 2 } } })
    expect((await games.match('m'))?.board).toMatchObject({ version: 2, score: { home: 2 } })
    await close()
  },
)

/** A publisher of a match that a former owner had told up to a version. */
function published(announced: number, last?: Json) {
  const clock = new SimClock()
  const match = new Match({ game: readGame('m', teams), run: 0, version: 0, shown: [], seen: [] }, clock.now())
  for (const [n, id] of ['a', 'b'].entries()) match.applyBatch(readBatch('m', [goal(id, 10 * (n + 1))]), clock.now())
  const told: { readonly channel: string; readonly type: string; readonly key: string | undefined }[] = []
  const publish = async (channel: string, data: Json, { idempotencyKey: key }: PublishOptions = {}) => {
    told.push({ channel, type: String(Reflect.get(Object(data), 'type')), key })
    return { offset: told.length }
  }
  const history = async () => ({ publications: last === undefined ? [] : [new Publication({ data: last, time: 0, offset: 1 })] })
  const target = { announced: () => undefined, mayTell: () => true }
  const publisher = new MatchPublisher(match, announced, { clock, log: silentLog, publish, history }, target)
  const since = () => {
    clock.advance(limits.statsIntervalMs)
    return told.splice(0)
  }
  return { match, publisher, since }
}

test('[SF15] a new owner tells what the last one had not told, under a key by which a log knows that it has it already', async () => {
  const { publisher, since } = published(1)
  publisher.retell()
  await publisher.publish()
  const urgent = since().filter(({ channel, type }) => channel === 'sports:game_m' && type !== 'stats')
  expect(urgent).toEqual([{ channel: 'sports:game_m', type: 'events', key: '0 1 2 0' }])
  await publisher.publish()
  expect(since()).toEqual([])
})

test.each([
  ['all of it', 2, []],
  ['some of it', 1, ['0 1 2 0']],
])('[SF15] what a channel has of what was not noted as told, which is %s, is not told twice', async (_, version, keys) => {
  const { match, publisher, since } = published(0, {
    ...{ type: 'events', game: 'm', run: 0, since: 0, serverUtcMs: 0 },
    ...{ events: [], board: reduceBoard([], { version, rate: 1 }) },
  } as unknown as Json)
  await publisher.publish()
  expect(
    since()
      .flatMap(({ key }) => (key === undefined ? [] : [key]))
      .filter(key => /^\d/.test(key)),
  ).toEqual(keys)
  expect(match.version).toBe(2)
})

test('[SF15] a board or figures of a former owner that come late are followed by the present ones, and one’s own are not', () => {
  const { match, publisher, since } = published(2)
  publisher.retell()
  const kinds = since().map(({ type }) => type)
  expect(new Set(kinds)).toEqual(new Set(['board', 'stats']))
  publisher.heardBoard(2)
  publisher.heard({ type: 'stats', game: 'm', run: 0, stats: match.stats })
  publisher.heard({ type: 'clock', serverUtcMs: 1 })
  expect(since()).toEqual([])
  publisher.heardBoard(1)
  expect(new Set(since().map(({ type }) => type))).toEqual(new Set(['board']))
  publisher.heard({ type: 'stats', game: 'm', run: 0, stats: {} })
  expect(since().map(({ type }) => type)).toEqual(['stats'])
  publisher.close()
  publisher.heardBoard(1)
  expect(since()).toEqual([])
})

/** Rows that count what is read of them. */
function counted(rows: Queries) {
  const read: { readonly statements: string[]; rows: number } = { statements: [], rows: 0 }
  const all = async <T>(text: string, ...values: SqlValue[]) => {
    const found = await rows.all<T>(text, ...values)
    read.statements.push(text.trim().split(/\s+/).slice(0, 3).join(' '))
    read.rows += found.length
    return found
  }
  return { read, rows: { all, run: rows.run.bind(rows) } }
}

test('[SF16] a copy of a game reads what has changed, once for all who ask at the same time, and begins anew with the game', async () => {
  const clock = new SimClock()
  const sql = await openSql('sqlite::memory:')
  await migrateSql(sql, 'sports', sportsTables)
  const store = new SportsStore(sql)
  const owner = new Match({ game: readGame('m', teams), run: 0, version: 0, shown: [], seen: [] }, clock.now())
  const atMs = clock.now()
  await store.describe(owner, 0, { atMs, before: undefined })
  let change = 1
  const take = async (...events: readonly object[]) => {
    const batch = readBatch('m', [...events] as never)
    const applied = owner.draft(batch, atMs)
    await store.commit('m', change++, applied.change, applied.board, { atMs, before: applied.before })
    owner.adopt(applied, batch.source, atMs)
  }
  await take(...Array.from({ length: 9 }, (_, n) => goal(`g${n}`, n + 1)))
  const { read, rows } = counted(sql)
  const replicas = new Replicas(clock, new SportsStore(rows))
  const shown = async (): Promise<Board | undefined> => (await replicas.match('m'))?.board
  expect(await shown()).toEqual(owner.board)
  read.statements.length = 0
  read.rows = 0
  await Promise.all([shown(), shown(), shown(), shown()])
  expect(read.statements).toEqual(['select change from', 'select change from'])
  await take({ id: 'g3', rev: 2, state: 'deleted' })
  read.rows = 0
  expect(await shown()).toEqual(owner.board)
  expect((await replicas.match('m'))?.snapshot(0)).toEqual(owner.snapshot(0))
  // The number of its last change, twice; the game, the event, and how it was before.
  expect(read.rows).toBe(5)
  await store.restart({ game: owner.game, run: 1, version: 3, board: { ...owner.board, version: 3 } }, change, {
    atMs,
    before: owner.before(owner),
  })
  const anew = await replicas.match('m')
  expect([anew?.run, anew?.version, anew?.events]).toEqual([1, 3, []])
  expect(await replicas.match('unknown')).toBeUndefined()
  await sql.close()
})

test('[SF11] of two changes that begin at the same one only the first is kept, and nothing of the other', async () => {
  const sql = await openSql('sqlite::memory:')
  await migrateSql(sql, 'sports', sportsTables)
  const store = new SportsStore(sql)
  const matchOf = () => new Match({ game: readGame('m', teams), run: 0, version: 0, shown: [], seen: [] }, 1)
  await store.describe(matchOf(), 0, { atMs: 1, before: undefined })
  const commit = (id: string) =>
    sql.transaction(queries => {
      const match = matchOf()
      const { change, board, before } = match.draft(readBatch('m', [goal(id)]), 1)
      return new SportsStore(queries).commit('m', 1, change, board, { atMs: 1, before })
    })
  await commit('first')
  await expect(commit('second')).rejects.toMatchObject({ code: 409, temporary: true })
  await expect(store.describe(matchOf(), 0, { atMs: 1, before: undefined })).rejects.toMatchObject({ code: 409 })
  const kept = await store.match('m')
  expect([kept?.change, kept?.shown.map(({ event }) => event.id)]).toEqual([2, ['first']])
  await sql.close()
})
