import { afterEach, describe, expect, test } from 'bun:test'
import { LogLine } from '../../src/broker/index.ts'
import type { LeaseStore } from '../../src/cluster/index.ts'
import type { FleetOpener } from '../../src/server/index.ts'
import { sportsWith } from '../../src/services/sports/index.ts'
import { overPostgres } from '../contract/stores.ts'
import { endAll, type TestServer, until } from '../kit/index.ts'
import { isWhole, MemoryFleet } from '../kit/servers/fleet.ts'
import { Feed, goal } from './feed.ts'
import { Follower } from './follower.ts'

afterEach(endAll)

const teams = { home: 'Reds', away: 'Blues', league: 'north' }

/** A node whose ways to the log and to the leases can be cut. */
class Place {
  isCut = false
  #lines: LogLine[] = []

  constructor(readonly fleet: MemoryFleet) {}

  readonly open: FleetOpener = async context => {
    const { place, close } = await this.fleet.open(context)
    this.#lines = Object.values(place.logs).filter(line => line instanceof LogLine)
    return { place: { ...place, leases: this.#cuttable(place.leases) }, close }
  }

  cut(): void {
    this.isCut = true
    for (const line of this.#lines) line.cut()
  }

  mend(): void {
    this.isCut = false
    for (const line of this.#lines) line.mend()
  }

  #cuttable(leases: LeaseStore): LeaseStore {
    const reached = <T>(ask: () => Promise<T>): Promise<T> => (this.isCut ? Promise.reject(new Error('out of reach')) : ask())
    return {
      renew: (...given) => reached(() => leases.renew(...given)),
      leave: node => reached(() => leases.leave(node)),
      read: () => reached(() => leases.read()),
      take: (...given) => reached(() => leases.take(...given)),
      release: (...given) => reached(() => leases.release(...given)),
      watch: (...given) => leases.watch(...given),
    }
  }
}

/** Three servers with sports over one database. */
async function three(store: string) {
  const fleet = new MemoryFleet()
  const places = [new Place(fleet), new Place(fleet), new Place(fleet)] as const
  const start = ({ open }: Place) => fleet.add({ store }, { services: [sportsWith()], fleets: { shared: open } })
  const servers = [await start(places[0]), await start(places[1]), await start(places[2])] as const
  await isWhole(servers)
  /** The name of a game that a node owns. */
  const gameOf = ({ server }: TestServer) => {
    const names = Array.from({ length: 200 }, (_, n) => `g${n}`)
    const name = names.find(one => server.topology.ownerOf(`game:${one}`).kind === 'here')
    if (name === undefined) throw new Error('a node that owns nothing')
    return name
  }
  return { servers, places, gameOf }
}

/** Tells it to whoever takes it, again until somebody has. */
async function told(feeds: readonly Feed[], ...events: readonly object[]) {
  return await until('a node takes it', async () => {
    for (const feed of feeds) {
      const response = await feed.request({ events }).catch(() => undefined)
      if (response?.ok === true) return (await response.json()) as object
    }
    return undefined
  })
}

const scoreAt = async ({ url }: TestServer, game: string) => (await new Feed(url, game).get<{ board?: object }>('board')).board

overPostgres(kind => {
  describe('games in a fleet', () => {
    test('[SF10] whichever node a feed calls and a viewer is on, each game is taken in once, and shown alike at all', async () => {
      const { servers, gameOf } = await three(await kind.target())
      const [a, b, c] = servers
      const game = gameOf(c)
      const [atA, atB] = [new Feed(a.url, game), new Feed(b.url, game)]
      expect((await atA.put(teams)).status).toBe(201)
      const followers = servers.map(({ url }) => new Follower(url, game))
      for (const follower of followers) follower.connect()
      for (const follower of followers) await follower.connected()
      expect(await atA.post(goal('one'))).toMatchObject({ changed: 1, board: { score: { home: 1 } } })
      expect(await atB.post(goal('one'))).toMatchObject({ changed: 0 })
      expect(await atB.post(goal('two', { team: 'away' }))).toMatchObject({ changed: 1, board: { version: 2 } })
      expect(await atB.refused([{ id: 'x', kind: 'goal', clock: { min: -1 } }])).toContain('400 ')
      expect((await new Feed(b.url, 'nothing').request([])).status).toBe(404)
      for (const follower of followers) await follower.reaches(2)
      for (const server of servers) {
        expect(await scoreAt(server, game)).toMatchObject({ version: 2, score: { home: 1, away: 1 } })
        const { games } = (await (await fetch(`${server.url}/sports/games`)).json()) as { games: readonly object[] }
        expect(games).toMatchObject([{ id: game, board: { version: 2 } }])
      }
      expect(followers.map(({ view, faults }) => [view?.board.score, faults])).toEqual([1, 2, 3].map(() => [{ home: 1, away: 1 }, []]))
      for (const follower of followers) follower[Symbol.dispose]()
    })

    test('[SF11] an owner that is cut off loses no goal that was acknowledged, and no viewer shows one that was taken back', async () => {
      const { servers, places, gameOf } = await three(await kind.target())
      const [a, b, c] = servers
      const game = gameOf(a)
      const feeds = [b, c].map(({ url }) => new Feed(url, game))
      await new Feed(a.url, game).put(teams)
      const followers = [b, c].map(({ url }) => new Follower(url, game))
      for (const follower of followers) follower.connect()
      for (const follower of followers) await follower.connected()
      await told(feeds, goal('one'), goal('wrong', { clock: { min: 20 } }))
      places[0].cut()
      const gone = { id: 'wrong', rev: 2, state: 'deleted' }
      // It may have been kept by the owner that could not tell it any more.
      expect(await told(feeds, gone)).toMatchObject({ board: { version: 2, score: { home: 1 } } })
      // A feed that got no answer tells it again, and what came before it as well.
      expect(await told(feeds, goal('one'), goal('wrong', { clock: { min: 20 } }), gone)).toMatchObject({ changed: 0 })
      await told(feeds, goal('two', { clock: { min: 30 }, team: 'away' }))
      for (const follower of followers) await follower.reaches(3)
      for (const server of [b, c]) expect(await scoreAt(server, game)).toMatchObject({ version: 3, score: { home: 1, away: 1 } })
      expect(followers.map(({ view, faults }) => [view?.board.score, faults])).toEqual([1, 2].map(() => [{ home: 1, away: 1 }, []]))
      places[0].mend()
      const back = new Follower(a.url, game)
      back.connect()
      await back.connected()
      await told([new Feed(a.url, game)], goal('three', { clock: { min: 40 } }))
      for (const follower of [back, ...followers]) await follower.reaches(4)
      expect([back, ...followers].map(({ view }) => view?.board.score)).toEqual([1, 2, 3].map(() => ({ home: 2, away: 1 })))
      for (const follower of [back, ...followers]) follower[Symbol.dispose]()
    })

    test('[SF12] chunks for caches are the same at every node, and go on where their game has another owner', async () => {
      const { servers, gameOf } = await three(await kind.target())
      const [a, b, c] = servers
      const game = gameOf(a)
      const feed = new Feed(b.url, game)
      await feed.put(teams)
      const nextAt = async ({ url }: TestServer) => (await new Feed(url, game).get<{ next: string }>('latest')).next
      const chunkAt = async ({ url }: TestServer, path: string) => {
        const response = await until('the chunk is there', async () => {
          const answer = await fetch(url + path)
          return answer.status === 200 ? answer : undefined
        })
        return await response.text()
      }
      const path = await nextAt(b)
      expect(await nextAt(c)).toBe(path)
      await feed.post(goal('one'), goal('two', { clock: { min: 20 } }))
      const chunk = await chunkAt(b, path)
      expect(await chunkAt(c, path)).toBe(chunk)
      expect(chunk).toContain('"id":"two"')
      await a[Symbol.asyncDispose]()
      await told([feed], goal('three', { clock: { min: 30 } }))
      const { next } = JSON.parse(chunk)
      const later = await chunkAt(c, next)
      expect(await chunkAt(b, next)).toBe(later)
      expect(later).toContain('"id":"three"')
    })
  })
})
