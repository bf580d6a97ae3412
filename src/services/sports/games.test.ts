import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SimClock } from '../../../sim/core/clock.ts'
import { Folder } from '../../../test/kit/index.ts'
import { serviceHost } from '../../../test/kit/service-host.ts'
import type { Json } from '../../kit/index.ts'
import { Games } from './games.ts'
import { limits } from './limits.ts'
import { SportsStore, sportsTables } from './store.ts'

const ids = ['one', 'two'] as const
const gameOf = (venue = '') => ({ home: 'Reds', away: 'Blues', league: 'north', venue })

async function open(clock: SimClock, target?: string) {
  const { host, close: end } = await serviceHost(clock, sportsTables, target)
  const publish = async () => ({ offset: 1 })
  const games = new Games({ ...host, publish }, { store: new SportsStore(host.store.sql), isShared: false })
  await games.start()
  const close = async () => {
    games.close()
    await end()
  }
  return { games, close }
}

/** Everything that viewers can see of all games, as of so long ago. */
async function seen(games: Games, delayMs: number): Promise<unknown> {
  const matches = await Promise.all(ids.map(id => games.match(id, delayMs)))
  const snapshots = matches.flatMap(match => match?.snapshot(0) ?? [])
  return JSON.parse(JSON.stringify({ snapshots, list: await games.list(undefined, delayMs) }))
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

function doDeed({ games }: { readonly games: Games }, { id, deed }: { id: string; deed: Deed }, n: number): Promise<unknown> {
  const say = (event: Record<string, Json>) => games.ingest(id, [event])
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
      return games.put(id, gameOf(`Road ${n}`))
    case 'again':
      return games.restart(id, gameOf(`Again ${n}`))
  }
}

describe('games as they were', () => {
  test('[S12] at any moment of the last minute viewers who are behind are shown what viewers were shown then, also after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, fc.boolean(), async (list, isRestarted) => {
        using folder = new Folder()
        const target = `sqlite:${folder.path}/sports.sqlite`
        const clock = new SimClock()
        let world = await open(clock, target)
        for (const id of ids) await world.games.put(id, gameOf())
        clock.advance(61_000)
        const shown: { readonly atMs: number; readonly seen: unknown }[] = [{ atMs: 0, seen: await seen(world.games, 0) }]
        for (const [n, deed] of list.entries()) {
          clock.advance(deed.pauseMs + 1)
          await doDeed(world, deed, n)
          shown.push({ atMs: clock.now(), seen: await seen(world.games, 0) })
        }
        if (isRestarted) {
          await world.close()
          world = await open(clock, target)
        }
        for (const delayMs of [1000, 5000, 13_000, 30_000, 60_000]) {
          const then = shown.findLast(({ atMs }) => atMs <= clock.now() - delayMs)
          expect(await seen(world.games, delayMs)).toEqual(then?.seen)
        }
        await world.close()
      }),
      { numRuns: 60 },
    )
  })

  test('[S12] a game that is new is in no list of who is behind, and begins there without what it has brought since', async () => {
    const clock = new SimClock()
    const world = await open(clock)
    const { games } = world
    await games.put('one', gameOf())
    clock.advance(5000)
    await doDeed(world, { id: 'one', deed: 'goal' }, 1)
    expect(await games.list(undefined, 30_000)).toEqual([])
    expect(await games.list(undefined, 3000)).toMatchObject([{ id: 'one', board: { score: { home: 0 } } }])
    expect((await games.match('one', 30_000))?.board).toMatchObject({ version: 0, score: { home: 0, away: 0 } })
    clock.advance(30_000)
    expect(await games.list(undefined, 30_000)).toMatchObject([{ id: 'one', board: { score: { home: 1 } } }])
    await world.close()
  })
})

test('[G84] a list has what is on, what comes next and what was last, each the nearest first; where there is more, the farthest is left out', async () => {
  const clock = new SimClock()
  clock.advance(1000 * 3_600_000)
  const { games, close } = await open(clock)
  const now = clock.now()
  const put = (id: string, hours: number) => games.put(id, { home: 'Reds', away: 'Blues', kickoffUtcMs: now + hours * 3_600_000 })
  const finish = (id: string) => games.ingest(id, { events: [{ id: 'f', kind: 'status', data: { status: 'finished' } }] })
  await put('soon', 1)
  await put('tomorrow', 24)
  for (const [id, hours] of [
    ['yesterday', -24],
    ['before', -48],
  ] as const) {
    await put(id, hours)
    await finish(id)
  }
  await put('live', -500)
  await games.ingest('live', { events: [{ id: 'k', kind: 'period_start', period: 'first_half', tEvent: now }] })
  const ids = async () => (await games.list()).map(({ id }) => id)
  expect(await ids()).toEqual(['live', 'soon', 'tomorrow', 'yesterday', 'before'])
  for (let n = 0; n < limits.listMax - 3; n++) await put(`later-${n}`, 30 + n)
  expect(await ids()).toHaveLength(limits.listMax)
  expect((await ids()).slice(0, 3)).toEqual(['live', 'soon', 'tomorrow'])
  expect(await ids()).toContain('yesterday')
  expect(await ids()).not.toContain(`later-${limits.listMax - 4}`)
  await close()
})

test('[Y61] a change that cannot be told when the service starts is told later, and the service starts', async () => {
  using folder = new Folder()
  const clock = new SimClock()
  const target = `sqlite:${folder.path}/games`
  let isFull = true
  const told: Json[] = []
  const publish = async (_: string, data: Json) => {
    if (isFull) throw new Error('the disk is full')
    told.push(data)
    return { offset: told.length }
  }
  const begin = async () => {
    const { host, close } = await serviceHost(clock, sportsTables, target)
    const games = new Games({ ...host, publish }, { store: new SportsStore(host.store.sql), isShared: false })
    await games.start()
    return { games, close }
  }
  const begun = await begin()
  await expect(begun.games.put('one', gameOf())).rejects.toThrow('the disk is full')
  await expect(begun.games.ingest('one', [goal])).rejects.toThrow('the disk is full')
  await begun.close()
  const again = await begin()
  expect(told).toEqual([])
  isFull = false
  clock.advance(limits.retryMs + 100)
  for (let turn = 0; turn < 20; turn++) clock.advance(limits.retryMs)
  expect(told).toContainEqual(
    expect.objectContaining({ type: 'snapshot', snapshot: expect.objectContaining({ events: [expect.objectContaining({ id: 'g' })] }) }),
  )
  await again.close()
})

const goal = { id: 'g', kind: 'goal', team: 'home', period: 'first_half', clock: { min: 1 } }
