import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { closeCodeIn, connectAll, LeanClient, quiet, ServerProcess, StreamRecord, TcpClient, until } from '../support/index.ts'

const clientsTotal = 1500
const hotPerSecond = 8
const phaseMs = 3000
/** Below this the difference is the machine's own noise. */
const noiseFloorMs = 20

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const history = { history_size: 2000, history_ttl: '10m' } as const

const start = () =>
  ServerProcess.start({
    client: { allow_anonymous_connect_without_token: true, queue_max_size: 262_144 },
    channel: {
      namespaces: [
        { name: 'feed', ...open, ...history },
        { name: 'board', ...open, delivery: 'conflated', interval: '50ms' },
      ],
    },
  })

describe('R3', () => {
  test(`[R3] slow readers among ${clientsTotal}: the others are as fast as without them, memory stays bounded, a slow stream is closed with 3008 and recovers, a slow conflated one stays fresh`, async () => {
    await using server = await start()
    const clients = Array.from({ length: clientsTotal }, () => new LeanClient(server.wsUrl, ['feed:hot']))
    await connectAll(clients)
    const fluent = new LeanClient(server.wsUrl, ['feed:bulk'])
    fluent.connect()
    await until('the fluent reader is ready', () => fluent.isReady)
    const latencies = new Latencies(clients)
    const flow = publish(server)
    await quiet(500)

    const before = await latencies.during(phaseMs)
    const memoryBefore = (await server.stats()).rssMb

    const stuck = await TcpClient.upgrade(server.wsUrl, [
      { id: 1, connect: {} },
      { id: 2, subscribe: { channel: 'feed:bulk', recoverable: true } },
    ])
    using _ = stuck
    await until('the stuck reader is subscribed', () => stuck.received.includes('"id":2'))
    const position = /"epoch":"([^"]+)","offset":(\d+)/.exec(stuck.received)
    stuck.pause()
    using slowStream = new SlowReader(server, '/sse?channel=feed:bulk', 1024)
    using slowBoard = new SlowReader(server, '/sse?channel=board:a', 4096)
    const window = latencies.during(phaseMs * 2)
    await until('both were given up', async () => (await server.stats()).closes['3008'] === 2, phaseMs)
    stuck.resume()
    await until('the stuck reader reads why', () => stuck.isClosed)
    expect(closeCodeIn(stuck.received)).toBe(3008)
    const meanwhile = await window
    expect((await server.stats()).rssMb - memoryBefore).toBeLessThan(64)
    const ages = slowBoard.agesAfter(phaseMs)
    expect(ages.length).toBeGreaterThan(5)
    expect(Math.max(...ages)).toBeLessThan(5000)
    slowStream[Symbol.dispose]()
    slowBoard[Symbol.dispose]()
    const after = await latencies.during(phaseMs)
    const published = await flow.stop()

    const back = await recover(server, position?.[1] ?? '', Number(position?.[2]))
    expect(back).toEqual(Array.from({ length: published.bulk - Number(position?.[2]) }, (_, index) => Number(position?.[2]) + 1 + index))
    await until('everybody has all', () => clients.every(client => client.channels.get('feed:hot')?.count === published.hot))
    expect([...clients, fluent].flatMap(({ faults }) => faults)).toEqual([])
    expect(fluent.channels.get('feed:bulk')?.count).toBe(published.bulk)
    const without = quantile([...before, ...after], 0.99)
    expect(quantile(meanwhile, 0.99)).toBeLessThan(Math.max(without * 1.5, without + noiseFloorMs))
    expect(server.complaints).toBe('')
    for (const client of [...clients, fluent]) client.close()
  }, 40_000)
})

/** Publishes a little to everybody and much to few, evenly. */
function publish(server: ServerProcess) {
  let running = true
  const bulkText = 'x'.repeat(20_000)
  const done = (async () => {
    const published = { hot: 0, bulk: 0 }
    const began = performance.now()
    while (running) {
      const elapsed = (performance.now() - began) / 1000
      const items: [string, unknown][] = []
      for (; published.hot < elapsed * hotPerSecond; published.hot++)
        items.push(['feed:hot', { at: performance.now(), text: 'x'.repeat(100) }])
      for (; published.bulk < elapsed * 40; published.bulk++) items.push(['feed:bulk', { n: published.bulk + 1, text: bulkText }])
      await server.storm(items)
      for (const key of ['A', 'B', 'C', 'D', 'E'])
        await server.publish('board:a', { at: Date.now(), text: `${'x'.repeat(100)}${Date.now()}` }, { key })
      await Bun.sleep(20)
    }
    return published
  })()
  return {
    stop() {
      running = false
      return done
    },
  }
}

class Latencies {
  #current: number[] = []

  constructor(clients: readonly LeanClient[]) {
    for (const client of clients)
      client.onPublication = (_channel, { data }) => this.#current.push(performance.now() - Number(Reflect.get(Object(data), 'at')))
  }

  async during(ms: number): Promise<number[]> {
    this.#current = []
    await quiet(ms)
    return this.#current
  }
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? Number.NaN
}

/** An event stream read by a program that is truly slow, with a small receive buffer. */
class SlowReader extends StreamRecord implements Disposable {
  readonly #startedAt = Date.now()
  readonly #ages: { readonly at: number; readonly age: number }[] = []
  readonly #child: Bun.Subprocess<Blob, 'pipe', 'inherit'>

  constructor(server: ServerProcess, path: string, bytesPerSecond: number) {
    super()
    const program = join(import.meta.dir, '../support/slow-reader.ts')
    const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`
    this.#child = Bun.spawn([process.execPath, program, String(server.port), String(bytesPerSecond), '0'], {
      stdin: new Blob([request]),
      stdout: 'pipe',
      stderr: 'inherit',
    })
    void this.#read()
  }

  /** How old each piece of news was when it was read, in milliseconds, from so long after the start. */
  agesAfter(ms: number): number[] {
    return this.#ages.filter(({ at }) => at > this.#startedAt + ms).map(({ age }) => age)
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of this.#child.stdout) {
      for (const [, at] of decoder.decode(chunk, { stream: true }).matchAll(/"at":(\d{13})/g))
        this.#ages.push({ at: Date.now(), age: Date.now() - Number(at) })
    }
  }
}

/** Everything after a position, as offsets. */
async function recover(server: ServerProcess, epoch: string, offset: number): Promise<number[]> {
  const client = new LeanClient(server.wsUrl, [])
  const offsets: number[] = []
  client.resumeFrom('feed:bulk', { epoch, offset })
  client.onPublication = (_channel, publication) => offsets.push(publication.offset ?? 0)
  client.connect()
  await until('it has recovered', () => client.isReady)
  client.close()
  if (client.faults.length > 0) throw new Error(client.faults.join(', '))
  return offsets
}
