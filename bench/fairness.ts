import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { signToken } from '../src/server/index.ts'
import { type Benchmark, Findings, type Outcome } from './benchmark.ts'
import { NeighbourRows } from './neighbour-rows.ts'
import { Caller, type Latency, latencyOf, type Reply } from './neighbours.ts'
import { post } from './peers/post.ts'
import type { ServerProcess, Stage } from './stage.ts'

const own = join(import.meta.dir, '..')
const secret = 'a secret of the benchmark alone, 32 bytes or more'
const apiKey = 'a-key-of-the-benchmark-alone, 32 bytes or more'

/** What a neighbour may wait more than beside nobody, at p99. */
const moreMsMax = 50
const memoryMbMax = 150
const neighbourCount = 10
const quietMs = 1500
const attacks = 100
const messages = 100_000
const groups = { count: 100, members: 256 } as const
const streams = { count: 14, channels: 1000, answerMs: 20 } as const
const unread = { clients: 30, publications: 1000, bytes: 60_000, watchedMs: 8000 } as const

/** Everything but keys, namespaces and a back end is as it comes. */
function configuration(backEnd: string) {
  return {
    client: { token: { hmac_secret_key: secret } },
    http_api: { key: apiKey, body_size_limit: 64 * 1024 * 1024 },
    hooks: { secret, allowed_hosts: [backEnd], subscribe: { url: `http://${backEnd}/subscribe`, timeout: '10s' } },
    channel: {
      namespaces: [
        { name: 'h', subscribe_hook: true },
        { name: 'large', history_size: unread.publications, history_ttl: '10m', allow_subscribe_for_client: true },
      ],
    },
  }
}

/** What one user's or stranger's worst costs a neighbour, on this code and on that of another checkout. */
export function fairness(beside: string | undefined): Benchmark {
  return {
    name: 'fairness',
    async run(stage, note): Promise<Outcome> {
      const findings = new Findings()
      const ours = await measure(stage, own, note)
      const theirs = beside === undefined ? undefined : await measure(stage, beside, line => note(`${beside}: ${line}`))
      for (const [work, { quiet, during }] of ours.latencies) {
        const other = theirs?.latencies.get(work)
        if (during.failed > 0) findings.shortfalls.push(`${during.failed} of a neighbour's ${during.asked} commands failed during ${work}`)
        findings.figures.push({
          id: 'R10',
          work: `${work}: a neighbour waits at p99, beside nobody ${quiet.p99.toFixed(1)} ms${other === undefined ? '' : `, before ${other.during.p99.toFixed(0)} ms`}`,
          unit: 'ms',
          value: during.p99,
          atMost: quiet.p99 + moreMsMax,
        })
      }
      findings.figures.push({
        id: 'R10',
        work: `memory of ${unread.clients} who read nothing of a history of ${(unread.publications * unread.bytes) / 1e6} MB${theirs === undefined ? '' : `, before ${theirs.memoryMb.toFixed(0)} MB`}`,
        unit: 'MB',
        value: ours.memoryMb,
        atMost: memoryMbMax,
      })
      return findings
    },
  }
}

interface Measured {
  readonly latencies: ReadonlyMap<string, { readonly quiet: Latency; readonly during: Latency }>
  readonly memoryMb: number
}

async function measure(stage: Stage, checkout: string, note: (line: string) => void): Promise<Measured> {
  const backEnd = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async () => {
      await Bun.sleep(streams.answerMs)
      return Response.json({ result: {} })
    },
  })
  const place = await Place.make(stage, checkout, `127.0.0.1:${backEnd.port}`)
  const latencies = new Map<string, { quiet: Latency; during: Latency }>()
  try {
    const scene = await Scene.open(place)
    for (const [work, ask, attack] of scene.attacks()) {
      const quiet = await latencyOf(scene.neighbours, ask, Bun.sleep(quietMs))
      const during = await latencyOf(scene.neighbours, ask, attack())
      note(`${work}: ${told(during)}; beside nobody ${told(quiet)}`)
      latencies.set(work, { quiet, during })
    }
    scene.close()
    const memoryMb = await memoryOfUnread(place.server)
    note(`memory of ${unread.clients} who read nothing: ${memoryMb.toFixed(0)} MB`)
    return { latencies, memoryMb }
  } finally {
    await place.server.stop()
    await backEnd.stop(true)
  }
}

function told({ p50, p99, asked, failed }: Latency): string {
  return `${p50.toFixed(1)} ms median, ${p99.toFixed(1)} ms p99 of ${asked}${failed === 0 ? '' : `, ${failed} failed`}`
}

/** A server with its folder, which is filled while it is away. */
class Place {
  private constructor(
    readonly stage: Stage,
    readonly server: ServerProcess,
    /** Conversations of the one who asks for much. */
    readonly searched: string,
  ) {}

  static async make(stage: Stage, checkout: string, backEnd: string): Promise<Place> {
    const port = stage.nextPort()
    const folder = await stage.folder(`fairness-${port}`)
    await rm(folder, { recursive: true, force: true })
    const config = join(folder, 'config.json')
    await Bun.write(config, JSON.stringify(configuration(backEnd)))
    const flags = ['--port', String(port), '--config', config, '--data', join(folder, 'data'), '--demo', 'off']
    const launch = { command: [process.execPath, join(checkout, 'src', 'cli', 'main.ts'), 'start', ...flags], port }
    const first = await stage.startServer('fanfare', launch)
    const mallory = await Caller.connect(first.url, 'mallory', secret)
    const searched = await opened(mallory, { method: 'chat.direct', data: { with: 'bob' } })
    const group = await opened(mallory, { method: 'chat.group', data: { title: 'group', members: ['bob'], cid: 'group' } })
    mallory.close()
    await first.stop()
    const rows = new NeighbourRows(join(folder, 'data', 'fanfare-rows.sqlite'))
    rows.addMessages(searched, 'mallory', messages)
    rows.addGroups(group, 'mallory', groups.count, groups.members)
    rows.close()
    return new Place(stage, await stage.startServer('fanfare', launch), searched)
  }
}

async function opened(caller: Caller, rpc: object): Promise<string> {
  const reply = await caller.call({ rpc })
  const id = reply.rpc?.data?.conversation
  if (id === undefined) throw new Error(`no conversation was opened: ${JSON.stringify(reply.error)}`)
  return id
}

type Ask = (neighbour: Caller, index: number) => Promise<Reply>
type Attack = readonly [work: string, ask: Ask, attack: () => Promise<unknown>]

/** One who asks for much, and those who ask for little. */
class Scene {
  #channels = 0

  private constructor(
    readonly place: Place,
    readonly mallory: Caller,
    readonly neighbours: readonly Caller[],
    readonly conversations: readonly string[],
    readonly token: string,
  ) {}

  static async open(place: Place): Promise<Scene> {
    const { url } = place.server
    const neighbours: Caller[] = []
    const conversations: string[] = []
    for (let n = 0; n < neighbourCount; n++) {
      const neighbour = await Caller.connect(url, `neighbour-${n}`, secret)
      neighbours.push(neighbour)
      conversations.push(await opened(neighbour, { method: 'chat.direct', data: { with: `friend-${n}` } }))
    }
    const token = await signToken(secret, { sub: 'mallory' })
    return new Scene(place, await Caller.connect(url, 'mallory', secret), neighbours, conversations, token)
  }

  attacks(): readonly Attack[] {
    const { mallory, place } = this
    const history: Ask = (neighbour, index) =>
      neighbour.call({ rpc: { method: 'chat.history', data: { conversation: this.conversations[index], limit: 1 } } })
    const subscribe: Ask = async neighbour => {
      const channel = `h:n${this.#channels++}`
      const reply = await neighbour.call({ subscribe: { channel } })
      void neighbour.call({ unsubscribe: { channel } })
      return reply
    }
    const search = { rpc: { method: 'chat.search', data: { conversation: place.searched, text: 'what nobody said' } } }
    const list = { rpc: { method: 'chat.conversations', data: {} } }
    const many = (command: object) => () => mallory.callAll(Array.from({ length: attacks }, () => command))
    return [
      [`${attacks} × chat.search over ${messages.toLocaleString('en')} messages`, history, many(search)],
      [`${attacks} × chat.conversations with ${groups.count} groups of ${groups.members}`, history, many(list)],
      [
        `${streams.count} streams of ${streams.channels.toLocaleString('en')} hooked channels, of a stranger`,
        subscribe,
        () => this.#streams(''),
      ],
      [
        `${streams.count} streams of ${streams.channels.toLocaleString('en')} hooked channels, of a user`,
        subscribe,
        () => this.#streams(this.token),
      ],
    ]
  }

  close(): void {
    for (const caller of [this.mallory, ...this.neighbours]) caller.close()
  }

  /** Each is over with its first event, or with its refusal. */
  async #streams(token: string): Promise<void> {
    await Promise.all(
      Array.from({ length: streams.count }, async (_, stream) => {
        const channels = Array.from({ length: streams.channels }, (_, n) => `channel=h:${(stream * streams.channels + n).toString(36)}`)
        const abort = new AbortController()
        const headers: Record<string, string> = token === '' ? {} : { Authorization: `Bearer ${token}` }
        const response = await fetch(`${this.place.server.url}/sse?${channels.join('&')}`, { headers, signal: abort.signal })
        const reader = response.body?.getReader()
        const decoder = new TextDecoder()
        for (let text = ''; reader !== undefined && !text.includes('"connect":'); ) {
          const { done, value } = await reader.read()
          if (done) break
          text += decoder.decode(value, { stream: true })
        }
        abort.abort()
      }),
    )
  }
}

/** How much larger the server gets while sockets that read nothing ask for a whole history. */
async function memoryOfUnread(server: ServerProcess): Promise<number> {
  const data = 'x'.repeat(unread.bytes)
  for (let n = 0; n < unread.publications; n++)
    await post(`${server.url}/api/publish`, JSON.stringify({ channel: 'large:a', data }), { 'X-API-Key': apiKey })
  const answer: { result: { epoch: string } } = JSON.parse(
    await post(`${server.url}/api/history`, JSON.stringify({ channel: 'large:a', limit: 0 }), { 'X-API-Key': apiKey }),
  )
  const before = server.usage().residentBytes
  let most = before
  const sockets = []
  for (let n = 0; n < unread.clients; n++) {
    const socket = connect({ port: server.port, host: '127.0.0.1' })
    socket.on('error', () => undefined)
    socket.pause()
    const token = await signToken(secret, { sub: `deaf-${n}` })
    socket.write(upgrade)
    socket.write(frameOf({ id: 1, connect: { token } }))
    socket.write(frameOf({ id: 2, subscribe: { channel: 'large:a', recover: true, epoch: answer.result.epoch, offset: 0 } }))
    sockets.push(socket)
  }
  for (const untilMs = performance.now() + unread.watchedMs; performance.now() < untilMs; await Bun.sleep(50))
    most = Math.max(most, server.usage().residentBytes)
  for (const socket of sockets) socket.destroy()
  return (most - before) / 1024 / 1024
}

const upgrade = [
  'GET /connection/websocket HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Protocol: centrifuge-json',
  '\r\n',
].join('\r\n')

/** A text frame of a client, masked with zeros (RFC 6455, 5.2). */
function frameOf(command: object): Uint8Array {
  const payload = new TextEncoder().encode(JSON.stringify(command))
  const head = payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 255]
  return Uint8Array.from([...head, 0, 0, 0, 0, ...payload])
}
