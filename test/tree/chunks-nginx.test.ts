import { describe, expect, test } from 'bun:test'
import { defineNamespace } from '../../src/hub/index.ts'
import type { Server, Service } from '../../src/server/index.ts'
import { addChunkRoutes } from '../../src/services/sports/chunk-routes.ts'
import type { Snapshot } from '../../src/services/sports/model/index.ts'
import { hurried } from '../multinode/tree.ts'
import { lacks, startServer, until } from '../support/index.ts'
import { ChunkPoller } from './chunk-poller.ts'
import { NginxCache } from './nginx-cache.ts'

const pollers = 2000
const channel = 'sports:game_1'

/** A game in chunks, and what was asked of the origin by path. */
async function startOrigin() {
  const asked = new Map<string, number>()
  const service = (server: Server): Service => {
    const counting = {
      clock: server.clock,
      follow: server.follow.bind(server),
      route: (method: string, path: string, handler: Parameters<Server['route']>[2]) =>
        server.route(method, path, (request, params, address) => {
          const { pathname } = new URL(request.url)
          asked.set(pathname, (asked.get(pathname) ?? 0) + 1)
          return handler(request, params, address)
        }),
    }
    const game = { id: '1', channel, snapshot: () => ({ board: { version: 1 } }) as Snapshot }
    const routes = addChunkRoutes(counting, id => (id === '1' ? game : undefined))
    const namespace = defineNamespace({ name: 'sports', delivery: 'lanes', historySize: 512, historyTtlMs: 600_000 })
    return { name: 'games', start: async () => server.namespace(namespace), close: async () => routes.close() }
  }
  const started = await startServer({}, { clock: hurried(2), services: [service] })
  return { server: started, asked }
}

describe.skipIf(lacks('nginx', 'chunks of a game behind a cache'))('behind nginx as documented', () => {
  test('[S15][D6] two thousand viewers cause at most two requests a chunk, and each has every update once', async () => {
    const { server, asked } = await startOrigin()
    await using origin = server
    await using nginx = await NginxCache.before(origin.url)
    let published = 0
    const publish = async (count: number, apartMs: number) => {
      for (let n = 0; n < count; n++) {
        await origin.publish(channel, { n: ++published, text: 'x'.repeat(300) })
        await Bun.sleep(apartMs)
      }
    }
    await publish(3, 0)
    const latest = (await (await fetch(`${nginx.url}/sports/games/1/latest`)).json()) as { next: string; offset: number; chunk: number }
    const viewers = Array.from({ length: pollers }, () => new ChunkPoller(nginx.port, latest.next, latest.offset))
    for (let from = 0; from < pollers; from += 200) await Promise.all(viewers.slice(from, from + 200).map(viewer => viewer.start()))

    // A lively stretch, a burst of more than one chunk, more than a hold without anything, and on.
    await publish(40, 100)
    await publish(50, 0)
    await Bun.sleep(6500)
    // The first newcomer after a quiet stretch is not given an answer from before it.
    const later = (await (await fetch(`${nginx.url}/sports/games/1/latest`)).json()) as { offset: number }
    expect(later.offset).toBe(published)
    await publish(10, 100)
    await until('all have everything', () => viewers.every(({ offset }) => offset >= published))

    expect(viewers.flatMap(({ faults }) => faults)).toEqual([])
    expect(new Set(viewers.map(({ offset, updates }) => `${updates} up to ${offset}`)).size).toBe(1)
    const perChunk = [...asked].filter(([path]) => path.includes('/chunks/'))
    expect(perChunk.length).toBeGreaterThan(6)
    expect(perChunk.filter(([, count]) => count > 2)).toEqual([])
    expect(asked.get('/sports/games/1/latest')).toBe(2)
    for (const viewer of viewers) viewer.stop()
  })

  test('[D6] two thousand viewers whose chunk is gone are sent on at once, by one request', async () => {
    const { server, asked } = await startOrigin()
    await using origin = server
    await using nginx = await NginxCache.before(origin.url)
    const gone = Array.from({ length: pollers }, () => new ChunkPoller(nginx.port, '/sports/games/1/chunks/0', 0))
    for (const viewer of gone) void viewer.start()
    await until('all know', () => gone.every(({ statuses }) => statuses.has(410)))
    expect(asked.get('/sports/games/1/chunks/0')).toBe(1)
    for (const viewer of gone) viewer.stop()
  })
})
