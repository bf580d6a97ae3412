import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SimClock } from '../../../sim/core/clock.ts'
import { Folder } from '../../../test/kit/index.ts'
import { silentLog } from '../../hub/index.ts'
import type { Json } from '../../kit/index.ts'
import { readBatch, readGame } from './batch.ts'
import { Games } from './games.ts'
import { limits } from './limits.ts'
import { SportsStore } from './store.ts'

const ids = ['one', 'two'] as const
const gameOf = (id: string, venue = '') => readGame(id, { home: 'Reds', away: 'Blues', league: 'north', venue })

function open(clock: SimClock, path = ':memory:') {
  const store = new SportsStore(path)
  const games = new Games({ clock, log: silentLog, publish: async () => ({ offset: 1 }) }, store)
  const settle = (done: Promise<unknown>) => {
    let isDone = false
    done.then(() => {
      isDone = true
    })
    clock.settle()
    if (!isDone) throw new Error('it was not done in a turn')
  }
  settle(games.start())
  const close = () => {
    games.close()
    store.close()
  }
  return { games, settle, close }
}

/** Everything that viewers can see of all games, as of so long ago. */
function seen(games: Games, delayMs: number): unknown {
  const snapshots = ids.map(id => games.match(id, delayMs)?.snapshot(0)).filter(snapshot => snapshot !== undefined)
  return JSON.parse(JSON.stringify({ snapshots, list: games.list(undefined, delayMs) }))
}

type Deed = 'goal' | 'wrong' | 'gone' | 'text' | 'describe' | 'again'
const deeds = fc.array(
  fc.record({
    pauseMs: fc.nat(9_000),
    id: fc.constantFrom(...ids),
    deed: fc.constantFrom<Deed>('goal', 'goal', 'wrong', 'gone', 'text', 'describe', 'again'),
  }),
  { minLength: 1, maxLength: 30 },
)

function doDeed({ games, settle }: ReturnType<typeof open>, { id, deed }: { id: string; deed: Deed }, n: number): void {
  settle(begin(games, id, deed, n))
}

function begin(games: Games, id: string, deed: Deed, n: number): Promise<unknown> {
  const say = (event: Record<string, Json>) => games.ingest(id, readBatch(id, [event]))
  const at = { period: 'first_half', clock: { min: n } }
  switch (deed) {
    case 'goal':
      return say({ id: `g${n % 5}`, rev: n + 1, kind: 'goal', team: 'home', players: [{ name: 'Nine' }], ...at })
    case 'wrong':
      return say({ id: `g${n % 5}`, rev: n + 1, kind: 'goal', team: 'away', players: [{ name: 'Ten' }], ...at })
    case 'gone':
      return say({ id: `g${n % 5}`, rev: n + 1, state: 'deleted' })
    case 'text':
      return say({ id: `t${n}`, kind: 'commentary', data: { text: `Line ${n}.` }, ...at })
    case 'describe':
      return games.put(gameOf(id, `Road ${n}`))
    case 'again':
      return games.restart(gameOf(id, `Again ${n}`))
  }
}

describe('games as they were', () => {
  test('[S12] at any moment of the last minute viewers who are behind are shown what viewers were shown then, also after a restart', () => {
    fc.assert(
      fc.property(deeds, fc.boolean(), (list, isRestarted) => {
        using folder = new Folder()
        const path = `${folder.path}/sports.sqlite`
        const clock = new SimClock()
        let world = open(clock, path)
        for (const id of ids) world.settle(world.games.put(gameOf(id)))
        clock.advance(61_000)
        const shown: { readonly atMs: number; readonly seen: unknown }[] = [{ atMs: 0, seen: seen(world.games, 0) }]
        for (const [n, deed] of list.entries()) {
          clock.advance(deed.pauseMs + 1)
          doDeed(world, deed, n)
          shown.push({ atMs: clock.now(), seen: seen(world.games, 0) })
        }
        if (isRestarted) {
          world.close()
          world = open(clock, path)
        }
        for (const delayMs of [1000, 5000, 13_000, 30_000, 60_000]) {
          const then = shown.findLast(({ atMs }) => atMs <= clock.now() - delayMs)
          expect(seen(world.games, delayMs)).toEqual(then?.seen)
        }
        world.close()
      }),
      { numRuns: 60 },
    )
  })

  test('[S12] a game that is new is in no list of who is behind, and begins there without what it has brought since', () => {
    const clock = new SimClock()
    const world = open(clock)
    const { games, settle } = world
    settle(games.put(gameOf('one')))
    clock.advance(5000)
    doDeed(world, { id: 'one', deed: 'goal' }, 1)
    expect(games.list(undefined, 30_000)).toEqual([])
    expect(games.list(undefined, 3000)).toMatchObject([{ id: 'one', board: { score: { home: 0 } } }])
    expect(games.match('one', 30_000)?.board).toMatchObject({ version: 0, score: { home: 0, away: 0 } })
    clock.advance(30_000)
    expect(games.list(undefined, 30_000)).toMatchObject([{ id: 'one', board: { score: { home: 1 } } }])
    world.close()
  })
})

test('[G84] a list has what is on, what comes next and what was last, each the nearest first; where there is more, the farthest is left out', () => {
  const clock = new SimClock()
  clock.advance(1000 * 3_600_000)
  const { games, settle, close } = open(clock)
  const now = clock.now()
  const put = (id: string, hours: number) =>
    settle(games.put(readGame(id, { home: 'Reds', away: 'Blues', kickoffUtcMs: now + hours * 3_600_000 })))
  const finish = (id: string) =>
    settle(games.ingest(id, readBatch(id, { events: [{ id: 'f', kind: 'status', data: { status: 'finished' } }] })))
  put('soon', 1)
  put('tomorrow', 24)
  for (const [id, hours] of [
    ['yesterday', -24],
    ['before', -48],
  ] as const) {
    put(id, hours)
    finish(id)
  }
  put('live', -500)
  settle(games.ingest('live', readBatch('live', { events: [{ id: 'k', kind: 'period_start', period: 'first_half', tEvent: now }] })))
  const ids = () => games.list().map(({ id }) => id)
  expect(ids()).toEqual(['live', 'soon', 'tomorrow', 'yesterday', 'before'])
  for (let n = 0; n < limits.listMax - 3; n++) put(`later-${n}`, 30 + n)
  expect(ids()).toHaveLength(limits.listMax)
  expect(ids().slice(0, 3)).toEqual(['live', 'soon', 'tomorrow'])
  expect(ids()).toContain('yesterday')
  expect(ids()).not.toContain(`later-${limits.listMax - 4}`)
  close()
})

test('[Y61] a change that cannot be told when the service starts is told later, and the service starts', async () => {
  using folder = new Folder()
  const clock = new SimClock()
  const path = `${folder.path}/games`
  let isFull = true
  const told: Json[] = []
  const publish = async (_: string, data: Json) => {
    if (isFull) throw new Error('the disk is full')
    told.push(data)
    return { offset: told.length }
  }
  const begun = new Games({ clock, log: silentLog, publish }, new SportsStore(path))
  void begun.put(gameOf('one')).catch(() => undefined)
  clock.settle()
  const again = new Games({ clock, log: silentLog, publish }, new SportsStore(path))
  const goal = readBatch('one', [{ id: 'g', kind: 'goal', team: 'home', period: 'first_half', clock: { min: 1 } }])
  void begun.ingest('one', goal).catch(() => undefined)
  clock.settle()
  let hasStarted = false
  void again.start().then(() => {
    hasStarted = true
  })
  clock.settle()
  expect([hasStarted, told]).toEqual([true, []])
  isFull = false
  begun.close()
  clock.advance(limits.retryMs + 100)
  expect(told).toContainEqual(expect.objectContaining({ type: 'events', game: 'one' }))
  again.close()
})
