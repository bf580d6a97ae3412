import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { closeCodeIn, connectAll, LeanClient, rounds, ServerProcess, StreamRecord, TcpClient, until } from '../kit/index.ts'

const clientsTotal = rounds(400, 5000)
/** Publications to the slow ones in a turn, and the bytes of each. */
const bulkEach = 2
const bulkBytes = 20_000
/** Turns after which a reader that takes nothing must have been given up: what it is owed is bounded, whatever the system buffers. */
const turnsMax = 500
/** Turns in which a slow conflated reader is offered far more than it reads. */
const turnsAfter = 40
const boardKeys = ['A', 'B', 'C', 'D', 'E']

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const history = { history_size: 2000, history_ttl: '10m' } as const

const start = () =>
  ServerProcess.start({
    // No ping ends a reader before its outbox does, and whoever is closed may take its time to read why.
    client: {
      allow_anonymous_connect_without_token: true,
      queue_max_size: 262_144,
      ping_interval: '1h',
      pong_timeout: '1m',
      stalled_close_delay: '1h',
    },
    channel: {
      namespaces: [
        { name: 'feed', ...open, ...history },
        { name: 'board', ...open, delivery: 'conflated', interval: '50ms' },
      ],
    },
  })

describe('R3', () => {
  test(`[R3] slow readers among ${clientsTotal}: the others have every message of a turn before the next, memory stays bounded, a slow stream is closed with 3008 and recovers, a slow conflated one gets the newest`, async () => {
    await using server = await start()
    const clients = Array.from({ length: clientsTotal }, () => new LeanClient(server.wsUrl, ['feed:hot']))
    await connectAll(clients)
    const fluent = new LeanClient(server.wsUrl, ['feed:bulk'])
    fluent.connect()
    await until('the fluent reader is ready', () => fluent.isReady)
    const flow = new Flow(server, clients, fluent)
    for (let turn = 0; turn < 10; turn++) await flow.turn()
    const memoryBefore = (await server.stats()).rssMb

    using stuck = await TcpClient.upgrade(server.wsUrl, [
      { id: 1, connect: {} },
      { id: 2, subscribe: { channel: 'feed:bulk', recoverable: true } },
    ])
    await until('the stuck reader is subscribed', () => stuck.received.includes('"id":2'))
    const [, epoch = '', offset] = /"epoch":"([^"]+)","offset":(\d+)/.exec(stuck.received) ?? []
    stuck.pause()
    using slowStream = new SlowReader(server, '/sse?channel=feed:bulk', 1024)
    using slowBoard = new SlowReader(server, '/sse?channel=board:a', 4096)
    await until('they read', () => slowStream.bytes > 0 && slowBoard.bytes > 0)
    let turns = 0
    for (; (await server.stats()).closes['3008'] !== 2; turns++) {
      expect(turns, 'they are owed without a bound').toBeLessThan(turnsMax)
      await flow.turn()
    }
    stuck.resume()
    await until('the stuck reader reads why', () => stuck.isClosed)
    expect(closeCodeIn(stuck.received)).toBe(3008)
    for (let turn = 0; turn < turnsAfter; turn++) await flow.turn()
    expect((await server.stats()).rssMb - memoryBefore).toBeLessThan(64)

    // What is conflated stays small for whoever is slow, and its last word is the newest.
    await until('the slow board has the newest', () => slowBoard.newest === flow.turns)
    expect(slowBoard.values).toBeLessThan(flow.turns * boardKeys.length)

    const top = flow.turns * bulkEach
    const back = await recover(server, { epoch, offset: Number(offset) }, top)
    expect(back).toEqual(Array.from({ length: top - Number(offset) }, (_, index) => Number(offset) + 1 + index))
    expect([...clients, fluent].flatMap(({ faults }) => faults)).toEqual([])
    expect([...clients, fluent].filter(({ closedWith }) => closedWith !== undefined)).toEqual([])
    expect(server.complaints).toBe('')
    for (const client of [...clients, fluent]) client.close()
  })
})

/** Publishes a little to everybody and much to few, turn by turn: each ends when all who read have everything. */
class Flow {
  turns = 0
  readonly #bulkText = 'x'.repeat(bulkBytes)

  constructor(
    readonly server: ServerProcess,
    readonly clients: readonly LeanClient[],
    readonly fluent: LeanClient,
  ) {}

  async turn(): Promise<void> {
    const n = ++this.turns
    const bulk = Array.from({ length: bulkEach }, () => ['feed:bulk', { n, text: this.#bulkText }] as const)
    await this.server.storm([['feed:hot', { n, text: 'x'.repeat(100) }], ...bulk])
    for (const key of boardKeys) await this.server.publish('board:a', { n, text: `${'x'.repeat(100)}${n}` }, { key })
    await until(`everybody has turn ${n}`, () => this.clients.every(client => client.channels.get('feed:hot')?.count === n))
    await until(`the fluent one has turn ${n}`, () => this.fluent.channels.get('feed:bulk')?.count === n * bulkEach)
  }
}

/** An event stream read by a program that is truly slow, with a small receive buffer. */
class SlowReader extends StreamRecord implements Disposable {
  bytes = 0
  /** The number of the latest turn that was read of, and how many values were read. */
  newest = 0
  values = 0
  readonly #child: Bun.Subprocess<Blob, 'pipe', 'inherit'>

  constructor(server: ServerProcess, path: string, bytesPerSecond: number) {
    super()
    const program = join(import.meta.dir, '../kit/clients/slow-reader.ts')
    const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`
    this.#child = Bun.spawn([process.execPath, program, String(server.port), String(bytesPerSecond), '0'], {
      stdin: new Blob([request]),
      stdout: 'pipe',
      stderr: 'inherit',
    })
    void this.#read()
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of this.#child.stdout) {
      this.bytes += chunk.length
      rest += decoder.decode(chunk, { stream: true })
      for (let match = /"n":(\d+),/.exec(rest); match !== null; match = /"n":(\d+),/.exec(rest)) {
        this.newest = Math.max(this.newest, Number(match[1]))
        this.values++
        rest = rest.slice(match.index + match[0].length)
      }
    }
  }
}

/** Everything after a position, as offsets: what is long comes in more than one piece. */
async function recover(server: ServerProcess, from: { readonly epoch: string; readonly offset: number }, top: number): Promise<number[]> {
  const client = new LeanClient(server.wsUrl, [])
  const offsets: number[] = []
  client.resumeFrom('feed:bulk', from)
  client.onPublication = (_channel, publication) => offsets.push(publication.offset ?? 0)
  client.connect()
  await until('it has recovered', () => client.isReady && (offsets.at(-1) ?? 0) >= top)
  client.close()
  if (client.faults.length > 0) throw new Error(client.faults.join(', '))
  return offsets
}
