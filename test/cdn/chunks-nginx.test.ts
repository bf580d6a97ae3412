import { describe, expect, test } from 'bun:test'
import { lacks, until } from '../kit/index.ts'
import { ChunkPoller } from './chunk-poller.ts'
import { channel, startOrigin } from './chunks-origin.ts'
import { NginxCache } from './nginx-cache.ts'

const pollers = 2000

describe.skipIf(lacks('nginx', 'chunks of a game behind a cache'))('behind nginx as documented', () => {
  test('[S15][CD6] two thousand viewers cause at most two requests a chunk, and each has every update once', async () => {
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

  test('[CD6] two thousand viewers whose chunk is gone are sent on at once, by one request', async () => {
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
