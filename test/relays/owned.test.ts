import { afterEach, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { SimClock } from '../../sim/core/clock.ts'
import type { Application } from '../../src/server/index.ts'
import { defineService, migrateSql, type Owned, type Ownership, type Sql } from '../../src/service.ts'
import { openSql } from '../../src/store/index.ts'
import { Applications, DirectClient } from '../kit/applications.ts'
import { FleetStage } from '../kit/fleet-stage.ts'

const tables = ['create table tally (key text primary key, n integer not null)']

/** A number by key, in rows that all nodes share, and in the memory of its owner. */
interface Tally {
  readonly key: string
  readonly ownership: Ownership
  n: number
}

/** The rows as one node reaches them: what it commits may be long on its way. */
class Way {
  #waiting: Promise<void> | undefined

  constructor(readonly sql: Sql) {}

  /** @returns what lets commits through again */
  holdUp(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting = promise
    return () => {
      this.#waiting = undefined
      resolve()
    }
  }

  get rows(): Sql {
    const { sql } = this
    const transaction: Sql['transaction'] = async (body, options) => {
      await this.#waiting
      return await sql.transaction(body, options)
    }
    return { dialect: sql.dialect, all: sql.all.bind(sql), run: sql.run.bind(sql), transaction, close: async () => undefined }
  }
}

interface Place {
  readonly application: Application
  readonly way: Way
  readonly events: string[]
  readonly tallies: Owned<Tally>
  add(key: string, by?: number): Promise<unknown>
}

const stages: FleetStage[] = []

afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close()
})

/** Three nodes that keep tallies. @param running keys that are open without a call */
async function three(running: readonly string[] = [], openMax = 100) {
  const stage = new FleetStage()
  stages.push(stage)
  const sql = await openSql('sqlite::memory:')
  await migrateSql(sql, 'tally', tables)
  const places: Place[] = []
  for (const id of ['a', 'b', 'c']) places.push(await place(stage, id, sql, running, openMax))
  stage.clock.advance(5000)
  const ownerOf = (key: string) => {
    const owners = places.filter(({ application }) => application.topology.ownerOf(`tally:${key}`).kind === 'here')
    return { owner: owners[0], others: places.filter(other => !owners.includes(other)), count: owners.length }
  }
  const keyAt = (node: Place) => Array.from({ length: 100 }, (_, n) => `key ${n}`).find(key => ownerOf(key).owner === node) ?? ''
  const [a, b, c] = places
  if (a === undefined || b === undefined || c === undefined) throw new Error('three places')
  return { stage, sql, places, a, b, c, ownerOf, keyAt }
}

async function place(stage: FleetStage, id: string, sql: Sql, running: readonly string[], openMax: number): Promise<Place> {
  const way = new Way(sql)
  const events: string[] = []
  const made: { tallies?: Owned<Tally>; add?: Place['add'] } = {}
  const service = defineService({
    name: 'tallies',
    migrations: tables,
    start(host) {
      made.tallies = host.owned<Tally>('tally', {
        openMax,
        isIdle: () => true,
        keys: () => running,
        async open(key, ownership) {
          events.push(`opened ${key}`)
          const [row] = await host.store.sql.all<{ n: number }>('select n from tally where key = ?1', key)
          return { key, ownership, n: row?.n ?? 0 }
        },
        close: ({ key }) => void events.push(`closed ${key}`),
      })
      const add = made.tallies.method('add', z.object({ by: z.number() }), async (tally, { by }) => {
        const n = tally.n + by
        await tally.ownership.write(queries =>
          queries.run('insert into tally (key, n) values (?1, ?2) on conflict (key) do update set n = excluded.n', tally.key, n),
        )
        tally.n = n
        return { n, at: id }
      })
      made.add = (key, by = 1) => add(key, { by })
    },
  })
  const rows = { openFor: async () => way.rows, close: async () => undefined }
  const application = await stage.add(id, { rows }, node => node.mount(service))
  const { tallies, add } = made
  if (tallies === undefined || add === undefined) throw new Error('it did not start')
  return { application, way, events, tallies, add }
}

describe('what nodes own by key', () => {
  test('[SF1] is in the memory of one node, where calls for it run whichever node they are made at, and no client can make them', async () => {
    const { stage, sql, places, keyAt, b } = await three()
    const key = keyAt(b)
    for (const [index, { add }] of places.entries()) expect(await stage.done(add(key), 50)).toEqual({ n: index + 1, at: 'b' })
    expect(places.map(({ events }) => events)).toEqual([[], [`opened ${key}`], []])
    expect(places.map(({ tallies }) => tallies.here(key)?.n)).toEqual([undefined, 3, undefined])
    expect(await sql.all<object>('select key, n from tally')).toEqual([{ key, n: 3 }])
    const client = new DirectClient(b.application.node, 'ann', stage.clock)
    expect(client.call({ rpc: { method: 'tally.add', data: { by: 1 } } })?.error?.code).toBe(104)
    await expect(
      stage.done(b.application.topology.callOwner(`tally:${key}`, 'tally.add', { by: 'x' }, { user: '' }), 50),
    ).rejects.toMatchObject({
      code: 107,
    })
  })

  test('[SF2] is opened by another node when its owner is gone, from all that was committed, and fails for the moment until then', async () => {
    const { stage, a, b, c, keyAt } = await three()
    const key = keyAt(c)
    await stage.done(a.add(key, 5), 50)
    stage.kill(c.application)
    await expect(stage.done(a.add(key), 10_000)).rejects.toMatchObject({ code: 100, temporary: true })
    stage.clock.advance(5000)
    const answer = await stage.done(a.add(key), 50)
    expect(answer).toMatchObject({ n: 6 })
    expect([a, b].flatMap(({ events }) => events)).toEqual([`opened ${key}`])
    expect(c.tallies.here(key)).toBeUndefined()
  })

  test('[SF3] cannot be written by a former owner, however late that arrives: it fails for the moment', async () => {
    const { stage, sql, a, c, keyAt } = await three()
    const key = keyAt(c)
    await stage.done(c.add(key), 50)
    const letThrough = c.way.holdUp()
    const late = c.add(key, 100)
    late.catch(() => undefined)
    stage.stall(c.application, 4000)
    stage.clock.advance(3000)
    expect(await stage.done(a.add(key), 50)).toMatchObject({ n: 2 })
    letThrough()
    stage.clock.advance(50)
    await expect(stage.done(late, 5000)).rejects.toMatchObject({ code: 100, temporary: true })
    expect(await sql.all<object>('select n from tally')).toEqual([{ n: 2 }])
    expect(await stage.done(c.add(key, 100), 50)).toMatchObject({ n: 102 })
    expect(c.events.slice(0, 2)).toEqual([`opened ${key}`, `closed ${key}`])
  })

  test('[SF4] runs without a call where it must, at its owner, and at another one when that is gone', async () => {
    const keys = Array.from({ length: 12 }, (_, n) => `queue ${n}`)
    const { stage, a, b, c, ownerOf } = await three(keys)
    const openAt = ({ tallies }: Place) => keys.filter(key => tallies.here(key) !== undefined)
    for (const node of [a, b, c]) expect(openAt(node)).toEqual(keys.filter(key => ownerOf(key).owner === node))
    expect([a, b, c].flatMap(openAt).toSorted()).toEqual(keys.toSorted())
    stage.kill(a.application)
    stage.clock.advance(8000)
    expect([b, c].flatMap(openAt).toSorted()).toEqual(keys.toSorted())
  })

  test('[SF5] is closed when its node gives it back, and what is idle when there is too much of it', async () => {
    const { stage, a, c, keyAt, ownerOf } = await three([], 2)
    const key = keyAt(c)
    const here = Array.from({ length: 200 }, (_, n) => `more ${n}`).filter(one => ownerOf(one).owner === c)
    for (const one of [key, ...here.slice(0, 3)]) await stage.done(c.add(one), 50)
    expect(c.events.filter(event => event.startsWith('closed'))).toEqual([`closed ${key}`, `closed ${here[0]}`])
    expect(await stage.done(a.add(key), 50)).toMatchObject({ n: 2, at: 'c' })
    await stage.done(c.application.close(), 5000)
    expect(c.events.filter(event => event.startsWith('closed')).length).toBe(c.events.filter(event => event.startsWith('opened')).length)
    stage.clock.advance(5000)
    expect(await stage.done(a.add(key), 50)).toMatchObject({ n: 3 })
  })

  test('[SF6] is all at a node alone, from its start on, and may be called there as anywhere', async () => {
    const clock = new SimClock()
    const sql = await openSql('sqlite::memory:')
    const application = new Applications(clock).create('alone', {}, undefined, {
      rows: { openFor: async () => sql, close: () => sql.close() },
    })
    await application.start()
    const events: string[] = []
    const service = defineService({
      name: 'rooms',
      migrations: tables,
      start(host) {
        const rooms = host.owned<{ said: string[] }>('room', {
          keys: () => ['hall'],
          open: (key, { term, isHeld }) => {
            events.push(`${key} ${term} ${isHeld}`)
            return { said: [] }
          },
          close: ({ said }) => void events.push(said.join()),
        })
        const say = rooms.method('say', z.object({ text: z.string() }), (room, { text }) => room.said.push(text))
        host.command('say', z.object({ room: z.string(), text: z.string() }), ({ room, text }) => say(room, { text }))
      },
    })
    await application.mount(service)
    expect(events).toEqual(['hall 1 true'])
    for (const text of ['a', 'b'])
      expect(await application.node.call('say', { room: 'hall', text }, { user: 'ann' })).toBe(text === 'a' ? 1 : 2)
    expect(await application.node.call('say', { room: 'attic', text: 'c' }, { user: 'ann' })).toBe(1)
    await application.close()
    expect(events.toSorted()).toEqual(['a,b', 'attic 1 true', 'c', 'hall 1 true'])
  })
})
