import { describe, expect, test } from 'bun:test'
import { lacks, RawClient, StreamRecord, until, userToken } from '../kit/index.ts'
import { ChunkPoller } from './chunk-poller.ts'
import { channel, startOrigin } from './chunks-origin.ts'
import { VarnishCache } from './varnish-cache.ts'

const viewers = 200

interface Latest {
  readonly next: string
  readonly offset: number
  readonly stream: string
}

/** A viewer of the shared event stream; how many of its publications have come. */
class StreamViewer implements Disposable {
  readonly record = new StreamRecord()
  readonly #abort = new AbortController()

  constructor(url: string) {
    void this.#read(url)
  }

  get count(): number {
    return this.record.pushes.filter(({ pub }) => pub !== undefined).length
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }

  async #read(url: string): Promise<void> {
    try {
      const response = await fetch(url, { signal: this.#abort.signal })
      for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) this.record.feed(text)
    } catch (error) {
      // The test has ended the stream.
      if (!this.#abort.signal.aborted) throw error
    }
  }
}

describe.skipIf(lacks('varnishd', 'chunks of a game behind Varnish'))('behind Varnish as documented', () => {
  test('[A97] who polls chunks shares each request, held ones too, and has every update once', async () => {
    const { server, asked } = await startOrigin()
    await using origin = server
    await using varnish = await VarnishCache.before(origin.url)
    let published = 0
    const publish = async () => {
      await origin.publish(channel, { n: ++published })
    }
    for (let n = 0; n < 3; n++) await publish()
    const latest: Latest = await (await fetch(`${varnish.url}/sports/games/1/latest`)).json()
    const pollers = Array.from({ length: viewers }, () => new ChunkPoller(varnish.port, latest.next, latest.offset))
    for (const poller of pollers) void poller.start()
    for (let n = 0; n < 60; n++) {
      await publish()
      if (n % 20 === 19) await until('all have it', () => pollers.every(({ offset }) => offset >= published))
    }
    expect(pollers.flatMap(({ faults }) => faults)).toEqual([])
    expect(new Set(pollers.map(({ offset, updates }) => `${updates} up to ${offset}`)).size).toBe(1)
    const perChunk = [...asked].filter(([path]) => path.includes('/chunks/'))
    expect(perChunk.length).toBeGreaterThan(2)
    expect(perChunk.filter(([, count]) => count > 2)).toEqual([])
    for (const poller of pollers) poller.stop()
  })

  test('[A97] an event stream is one request for all who begin with one chunk, each publication coming at once', async () => {
    const { server, asked } = await startOrigin()
    await using origin = server
    await using varnish = await VarnishCache.before(origin.url)
    await origin.publish(channel, { n: 1 })
    const { stream }: Latest = await (await fetch(`${varnish.url}/sports/games/1/latest`)).json()
    const streams = Array.from({ length: viewers }, () => new StreamViewer(new URL(stream, varnish.url).href))
    await until('all have begun', () => streams.every(({ record }) => record.events.length > 0))
    const before = Math.max(...streams.map(({ count }) => count))
    await origin.publish(channel, { n: 2 })
    await until('all have it', () => streams.every(({ count }) => count > before))
    expect([...asked].filter(([path]) => path.includes('/sse/')).map(([, count]) => count)).toEqual([1])
    for (const one of streams) one[Symbol.dispose]()
  })

  test('[A97] sockets and the rest pass through', async () => {
    const { server } = await startOrigin()
    await using origin = server
    await using varnish = await VarnishCache.before(origin.url)
    using client = await RawClient.connect(`${varnish.url.replace('http', 'ws')}/connection/websocket`, { token: await userToken('ada') })
    expect((await client.call({ subscribe: { channel } })).error).toBeUndefined()
    await origin.publish(channel, { n: 1 })
    await until('it came over the socket', () => client.publications(channel).length === 1)
    expect((await fetch(`${varnish.url}/api/info`, { method: 'POST' })).status).toBe(401)
  })
})
