import { afterEach, describe, expect, test } from 'bun:test'
import { FetchedStream, startServer, type TestServer, until } from '../../../test/kit/index.ts'
import { hurried } from '../../../test/kit/servers/tree.ts'
import { defineNamespace, defineService } from '../../service.ts'
import { addChunkRoutes } from './chunk-routes.ts'
import type { Snapshot } from './model/index.ts'

const channel = 'sports:game_1'
/** Seconds of chunks, holds and streams pass five times as fast. */
const times = 5
const servers: TestServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})

/** A game whose board only counts its updates, and whose history is on disk. */
async function start(data?: string, historySize = 512) {
  let version = 0
  const server = await startServer(data === undefined ? {} : { data }, {
    clock: hurried(times),
    services: [
      defineService({
        name: 'games',
        namespaces: [defineNamespace({ name: 'sports', delivery: 'lanes', historySize, historyTtlMs: 600_000, historyStore: 'disk' })],
        start(host) {
          const game = { id: '1', channel, snapshot: () => ({ board: { version } }) as Snapshot }
          const routes = addChunkRoutes(host, id => (id === '1' ? game : undefined))
          host.onClose(() => routes.close())
        },
      }),
    ],
  })
  servers.push(server)
  const publish = async (count: number) => {
    for (let n = 0; n < count; n++) await server.publish(channel, { n: ++version })
  }
  const ask = (path: string, init: RequestInit = {}) => fetch(`${server.url}/sports/games/1/${path}`, init)
  return { server, publish, ask, data: server.server.config.data }
}

interface ChunkBody {
  readonly epoch: string
  readonly chunk: number
  readonly next: string
  readonly publications: readonly { readonly offset: number; readonly data: { readonly n: number } }[]
}

const cacheOf = (response: Response) => [response.status, response.headers.get('cache-control')]
const numbersOf = ({ publications }: ChunkBody) => publications.map(({ data }) => data.n)
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, index) => index + from)
const finished = [200, 'public, max-age=31536000, immutable']
const over = [410, 'public, max-age=10']

describe('chunks over HTTP', () => {
  test('[S15] a finished chunk never changes; what is not finished is never kept by a cache', async () => {
    const { publish, ask } = await start()
    await publish(45)
    const first = await ask('chunks/1')
    expect(cacheOf(first)).toEqual(finished)
    const body = (await first.json()) as ChunkBody
    expect([body.chunk, numbersOf(body)]).toEqual([1, upTo(20)])
    expect(await (await ask('chunks/1')).json()).toEqual(body)
    expect(cacheOf(await ask('chunks/9'))).toEqual([404, 'no-store'])
    expect(cacheOf(await ask('sse/9'))).toEqual([404, 'no-store'])
    const stranger = await ask('../2/chunks/1')
    expect(cacheOf(stranger)).toEqual([404, 'public, max-age=1'])
    for (const path of ['chunks/one', 'chunks/-1', 'snapshot@now', 'sse/1.5']) expect((await ask(path)).status).toBe(404)
    for (const response of [first, stranger]) expect(response.headers.get('vary')).toBeNull()
  })

  test('[S15] the next chunk is held until it closes, for everyone who waits', async () => {
    const { publish, ask } = await start()
    await publish(20)
    const waiting = Array.from({ length: 50 }, () => ask('chunks/2'))
    await publish(3)
    const answers = await Promise.all(waiting)
    for (const answer of answers) expect(cacheOf(answer)).toEqual(finished)
    expect(new Set(await Promise.all(answers.map(answer => answer.text()))).size).toBe(1)
  })

  test('[S15] in a quiet time the answer is 204 after ten seconds, and nothing of the chunk is lost to those who ask again', async () => {
    const { publish, ask, server } = await start()
    await publish(20)
    const askedAtMs = server.server.clock.now()
    const quiet = await ask('chunks/2')
    expect(cacheOf(quiet)).toEqual([204, 'no-store'])
    expect(server.server.clock.now() - askedAtMs).toBeWithin(10_000, 12_000)
    const again = ask('chunks/2')
    await publish(1)
    expect(numbersOf((await (await again).json()) as ChunkBody)).toEqual([21])
  })

  test('[S13] a snapshot carries the place to go on from, and one of a version never changes', async () => {
    const { publish, ask } = await start()
    await publish(25)
    const latest = await ask('latest')
    expect(cacheOf(latest)).toEqual([200, 'public, max-age=1, stale-while-revalidate=5'])
    const body = (await latest.json()) as { epoch: string; next: string; permanent: string }
    expect(body).toMatchObject({ game: '1', offset: 25, version: 25, chunk: 2, snapshot: { board: { version: 25 } } })
    expect(body.permanent).toBe('/sports/games/1/snapshot@25')
    const permanent = await ask('snapshot@25')
    expect(cacheOf(permanent)).toEqual(finished)
    expect(await permanent.json()).toEqual(body)
    await publish(20)
    expect(await (await ask('snapshot@25')).json()).toEqual(body)
    expect(await (await ask('snapshot@45')).json()).toMatchObject({ offset: 45, chunk: 3 })
    expect(cacheOf(await ask('snapshot@46'))).toEqual([404, 'no-store'])
    expect(cacheOf(await ask('snapshot@7'))).toEqual(over)
    const next = (await (await ask(body.next.replace('/sports/games/1/', ''))).json()) as ChunkBody
    expect([next.chunk, next.epoch]).toEqual([2, body.epoch])
  })
})

describe('after a restart', () => {
  test('[CD2] the chunks are the same under the same numbers', async () => {
    const { server, publish, ask } = await start()
    await publish(45)
    const bodies = await Promise.all([1, 2, 3].map(async n => (await ask(`chunks/${n}`)).text()))
    await server.server.close()
    const second = await start(server.server.config.data)
    expect(await Promise.all([1, 2, 3].map(async n => (await second.ask(`chunks/${n}`)).text()))).toEqual(bodies)
    await second.publish(20)
    expect((JSON.parse(await (await second.ask('chunks/4')).text()) as ChunkBody).publications[0]?.offset).toBe(46)
  })

  test('[CD3] without the beginning of the history, numbers begin where none can have been, and 410 says where to go on', async () => {
    const { server, publish, ask } = await start(undefined, 30)
    await publish(40)
    await (await ask('chunks/2')).text()
    await publish(1)
    await (await ask('chunks/3')).text()
    await server.server.close()
    const second = await start(server.server.config.data, 30)
    const gone = await second.ask('chunks/3')
    expect(cacheOf(gone)).toEqual(over)
    const { snapshot } = (await gone.json()) as { snapshot: string }
    expect(snapshot).toBe('/sports/games/1/latest')
    expect(await (await fetch(`${second.server.url}${snapshot}`)).json()).toMatchObject({ chunk: 42, offset: 41 })
    const held = second.ask('chunks/42')
    await second.publish(20)
    expect(((await (await held).json()) as ChunkBody).publications.map(({ offset }) => offset)).toEqual(upTo(20, 42))
  })

  test('[CD4] a link names the history that it is of, so that a cache never serves what was thrown away', async () => {
    const { publish, ask } = await start()
    await publish(20)
    const { next, epoch } = (await (await ask('chunks/1')).json()) as ChunkBody
    expect(next).toBe(`/sports/games/1/chunks/2?epoch=${epoch}`)
    expect((await ask(`chunks/1?epoch=${epoch}`)).status).toBe(200)
    for (const path of ['chunks/1', 'sse/1', 'sse/9']) expect(cacheOf(await ask(`${path}?epoch=another`))).toEqual(over)
  })
})

describe('streams for caches', () => {
  test('[S16] begin with their chunk whatever was seen, carry what comes, and are ended after their time to live is over', async () => {
    const { publish, ask, server } = await start()
    await publish(41)
    const startedAtMs = server.server.clock.now()
    using stream = new FetchedStream(`${server.url}/sports/games/1/sse/2`, { 'Last-Event-ID': 'anything' })
    const response = await stream.response
    expect(cacheOf(response)).toEqual([200, 'public, max-age=20'])
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(['vary', 'set-cookie'].map(name => response.headers.get(name))).toEqual([null, null])
    await until('the past is there', () => stream.data(channel).length === 21)
    await publish(1)
    await until('an update comes at once', () => stream.data(channel).length === 22)
    await until('it has ended', () => stream.ended)
    expect(server.server.clock.now() - startedAtMs).toBeWithin(25_000, 28_000)
    expect(stream.events[0]?.data).toMatchObject({ from: { game: '1', chunk: 2 } })
    expect(stream.data(channel)).toEqual(upTo(22, 21).map(n => ({ n })))
    expect(stream.events.at(-1)?.data).toMatchObject({ next: { chunk: 4 } })
    expect(stream.comments).toBeGreaterThan(0)
    expect(cacheOf(await ask('sse/0'))).toEqual(over)
  })

  test('[CD5] one whose reader does not read is broken off, and holds no more than a bound', async () => {
    const { publish, server } = await start()
    await publish(1)
    let text = ''
    const closed = Promise.withResolvers<void>()
    const reader = await Bun.connect({
      hostname: '127.0.0.1',
      port: Number(new URL(server.url).port),
      socket: {
        open(socket) {
          socket.pause()
          socket.write('GET /sports/games/1/sse/1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
        },
        data: (_, bytes) => {
          text += bytes.toString('latin1')
        },
        close: () => closed.resolve(),
      },
    })
    for (let n = 0; n < 80; n++) {
      await server.publish(channel, 'x'.repeat(200_000))
      if (n % 10 === 0) await Bun.sleep(1)
    }
    reader.resume()
    await closed.promise
    expect(text.length).toBeLessThan(12_000_000)
    expect(text).not.toEndWith('0\r\n\r\n')
  })

  test('[CD5] one that ends before its time is broken off, so that no cache keeps a part for the whole', async () => {
    const { publish, server } = await start()
    await publish(1)
    const response = await fetch(`${server.url}/sports/games/1/sse/1`)
    const reading = response.text()
    await server.server.close()
    await expect(reading).rejects.toThrow()
  })
})
