import { describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { seededRandom } from '../../src/kit/index.ts'
import { apiKey, FanfareProcess, LeanClient, RawClient, rounds, TcpClient, textFrame, tokenSecret, until, userToken } from '../kit/index.ts'
import { sendBinaryFrames } from './binary-frames.ts'
import { apiCalls, claims, commands, requests } from './corpus.ts'
import { Mutator } from './mutator.ts'

const share = rounds(0.1, 1)
const counts = {
  frames: 60_000 * share,
  binary: 20_000 * share,
  api: 18_000 * share,
  requests: 10_000 * share,
  tokens: 8_000 * share,
  cursors: 2_000 * share,
  bytes: 2_000 * share,
} as const
const total = Object.values(counts).reduce<number>((sum, count) => sum + count, 0)

const open = {
  allow_subscribe_for_client: true,
  allow_publish_for_client: true,
  allow_presence_for_client: true,
  allow_history_for_client: true,
  allow_user_limited_channels: true,
} as const
const plenty = { per_second: 1_000_000, burst: 1_000_000 } as const

const start = () =>
  FanfareProcess.start({
    client: {
      malformed_rate: plenty,
      command_rate: plenty,
      user_command_rate: plenty,
      address_connection_rate: plenty,
      connection_rate_limit: 1_000_000,
      channel_limit: 1000,
    },
    channel: {
      without_namespace: open,
      namespaces: [
        {
          name: 'room',
          ...open,
          presence: true,
          join_leave: true,
          history_size: 20,
          history_ttl: '30s',
          allowed_delta_types: ['fossil'],
          allow_tags_filter: true,
        },
        { name: 'board', ...open, delivery: 'conflated' },
        { name: 'healthy', ...open, history_size: 10_000, history_ttl: '10m' },
      ],
    },
  })

/** What a stranger may be told: errors of the protocol but 100, and statuses that say it was the stranger's fault; 505 is for a version of HTTP that is none. */
const isRightCode = (code: number) => (code > 100 && code <= 112) || (code >= 400 && code < 500) || code === 505

/** Bad token, bad request, too many requests, and the WebSocket protocol's own word for a message that is too big. */
const frameCloses: readonly number[] = [3500, 3501, 3013, 1009]

class Report {
  tried: number = 0
  readonly answers = new Map<number, number>()
  readonly wrong: string[] = []

  note(code: number, input: string): void {
    this.answers.set(code, (this.answers.get(code) ?? 0) + 1)
    if (!isRightCode(code)) this.wrong.push(`${code} for ${input.slice(0, 300)}`)
  }
}

describe('R4', () => {
  test(`[R4] ${total} mutated frames in JSON and Protobuf, requests, tokens, cursors and bytes: no crash, no leak, right codes, and a healthy client misses nothing`, async () => {
    await using server = await start()
    const token = await userToken('healthy')
    const healthy = new LeanClient(server.wsUrl, ['healthy:a'], { token })
    healthy.connect()
    await until('it is ready', () => healthy.isReady)
    const pulse = beat(server)

    const report = new Report()
    const mutator = new Mutator(seededRandom(4))
    await sendFrames(server, mutator, report, counts.frames / 10)
    await sendBinary(server, mutator, report, counts.binary / 10)
    await sendRequests(server, mutator, report, counts.requests / 10, counts.api / 10)
    const before = await server.residentMb()
    await sendFrames(server, mutator, report, (counts.frames * 9) / 10)
    await sendBinary(server, mutator, report, (counts.binary * 9) / 10)
    await sendRequests(server, mutator, report, (counts.requests * 9) / 10, (counts.api * 9) / 10)
    await sendTokens(server, mutator, report)
    await sendCursors(server, mutator, report)
    await sendBytes(server, mutator, report)

    const published = await pulse.stop()
    await until('the healthy client has all', () => healthy.channels.get('healthy:a')?.count === published)
    expect(healthy.faults).toEqual([])
    expect([healthy.cuts, healthy.closedWith]).toEqual([0, undefined])
    expect(report.wrong.slice(0, 20)).toEqual([])
    expect(report.tried).toBe(total)
    expect(server.isAlive).toBe(true)
    expect(server.log.filter(({ level }) => level === 'error')).toEqual([])
    await until('all strangers are forgotten', async () => (await sessionsOf(server)) === 1)
    const after = await server.residentMb()
    expect(after - before).toBeLessThan(80)
    healthy.close()
  })
})

/** Publishes to the healthy client, evenly. */
function beat(server: FanfareProcess) {
  let running = true
  const done = (async () => {
    let n = 0
    for (; running; n++) {
      const body = JSON.stringify({ channel: 'healthy:a', data: { n } })
      const response = await fetch(`${server.url}/api/publish`, { method: 'POST', headers: { 'X-API-Key': apiKey }, body })
      if (!response.ok) throw new Error(`the publisher was answered ${response.status}`)
      await Bun.sleep(25)
    }
    return n
  })()
  return {
    stop() {
      running = false
      return done
    },
  }
}

async function sessionsOf(server: FanfareProcess): Promise<number> {
  const stats = await fetch(`${server.url}/ops/stats`, { headers: { 'X-API-Key': apiKey } })
  const { sessions } = (await stats.json()) as { sessions: { websocket: number; sse: number } }
  return sessions.websocket + sessions.sse
}

async function sendFrames(server: FanfareProcess, mutator: Mutator, report: Report, count: number): Promise<void> {
  const perFrame = 25
  let raw: RawClient | undefined
  let left = count
  while (left > 0) {
    if (raw === undefined || raw.closedWith !== undefined || mutator.chance(0.02)) {
      raw?.socket.close()
      // Some never say who they are.
      raw = mutator.chance(0.3)
        ? await RawClient.open(server.wsUrl)
        : await RawClient.connect(server.wsUrl, { token: await userToken('fuzz') })
    }
    const lines = Array.from({ length: Math.min(perFrame, left) }, () => mutator.mutate(mutator.pick(commands), commands).slice(0, 2000))
    left -= lines.length
    report.tried += lines.length
    const from = raw.messages.length
    raw.send(mutator.chance(0.05) ? new TextEncoder().encode(lines.join('\n')) : lines.join('\n'))
    const client = raw
    const id = 4_000_000_000
    raw.send({ id, ping: {} })
    await until('the frame was answered', () => client.closedWith !== undefined || client.messages.some(message => message.id === id))
    for (const { id: of, error } of client.messages.slice(from))
      if (error !== undefined && of !== id) report.note(error.code, lines.join('\n'))
    client.messages.length = 0
    client.frames.length = 0
    if (client.closedWith !== undefined && !frameCloses.includes(client.closedWith.code))
      report.wrong.push(`closed with ${client.closedWith.code} for ${lines.join('\n').slice(0, 300)}`)
  }
  raw?.socket.close()
}

async function sendBinary(server: FanfareProcess, mutator: Mutator, report: Report, count: number): Promise<void> {
  report.tried += count
  const closed = (code: number, input: string) => {
    if (!frameCloses.includes(code)) report.wrong.push(`closed with ${code} for ${input.slice(0, 300)}`)
  }
  const answered = (code: number, input: string) => report.note(code, input)
  await sendBinaryFrames(server.wsUrl, await userToken('fuzz'), mutator, { answered, closed }, count)
}

/** Runs so many calls, a few at a time. */
async function several(count: number, run: (index: number) => Promise<void>, atOnce = 32): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await run(next++)
    }),
  )
}

async function ask(server: FanfareProcess, report: Report, path: string, init: RequestInit): Promise<void> {
  report.tried++
  const abort = new AbortController()
  const response = await fetch(`${server.url}${path}`, { ...init, signal: abort.signal }).catch(error => error as Error)
  if (response instanceof Error) {
    report.wrong.push(`${response.message} for ${init.method} ${path}`)
    return
  }
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (isStream) abort.abort()
  else await response.arrayBuffer()
  if (response.status >= 300 || response.status < 200) report.note(response.status, `${init.method} ${path} ${String(init.body)}`)
}

async function sendRequests(server: FanfareProcess, mutator: Mutator, report: Report, plain: number, api: number): Promise<void> {
  const bodies = apiCalls.map(([, body]) => body)
  await several(api, async () => {
    const [path, body] = mutator.pick(apiCalls)
    const headers: Record<string, string> = mutator.chance(0.9) ? { 'X-API-Key': apiKey } : {}
    await ask(server, report, path, { method: 'POST', headers, body: mutator.mutate(body, bodies) })
  })
  const paths = requests.map(([, path]) => path)
  const own = requests.flatMap(([, , body]) => body ?? [])
  const token = await userToken('fuzz')
  await several(plain, async () => {
    const [method, path, body] = mutator.pick(requests)
    const target = mutator.chance(0.6) ? encodeURI(mutator.mutate(path, paths).toWellFormed()).replace(/^\/*/, '/') : path
    const headers: Record<string, string> = mutator.chance(0.5) ? { Authorization: `Bearer ${token}` } : {}
    const used = mutator.chance(0.1) ? mutator.pick(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']) : method
    const carries = used !== 'GET' && used !== 'HEAD' && body !== undefined
    await ask(server, report, target, { method: used, headers, ...(carries ? { body: mutator.mutate(body, own) } : {}) })
  })
}

/** Mutated text, and mutated claims under a good signature. */
async function sendTokens(server: FanfareProcess, mutator: Mutator, report: Report): Promise<void> {
  const good = await userToken('fuzz', { info: { a: 1 } })
  await several(counts.tokens, async index => {
    const token = index % 2 === 0 ? mutator.mutate(good, [good]) : signed(mutator.mutate(mutator.pick(claims), claims))
    const printable = token.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 6000)
    if (index % 4 < 2) await ask(server, report, '/auth/ticket', { method: 'POST', headers: { Authorization: `Bearer ${printable}` } })
    else await ask(server, report, `/sse?channel=room:a&token=${encodeURIComponent(printable)}`, { method: 'GET' })
  })
}

function signed(payload: string): string {
  const content = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
  return `${content}.${createHmac('sha256', tokenSecret).update(content).digest('base64url')}`
}

async function sendCursors(server: FanfareProcess, mutator: Mutator, report: Report): Promise<void> {
  const token = await userToken('fuzz')
  const cursors = ['AQABBGFiY2QBAQIDBAAF', 'AQEHc2Vzc2lvbgMBBGFiY2QBAQIDBAAF', 'AQIHc2Vzc2lvbgMGcm9vbTphAQRhYmNkAQECAwQABQ']
  await several(counts.cursors, async () => {
    const cursor = mutator.mutate(mutator.pick(cursors), cursors).toWellFormed().slice(0, 2000)
    await ask(server, report, `/sse?channel=room:a&token=${token}&last_event_id=${encodeURIComponent(cursor)}`, { method: 'GET' })
  })
}

/** Bytes that are no HTTP, HTTP that is cut short or has a bad head, and WebSocket frames that break the rules. */
async function sendBytes(server: FanfareProcess, mutator: Mutator, report: Report): Promise<void> {
  const heads = requests.map(
    ([method, path, body = '']) =>
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nOrigin: http://x\r\n\r\n${body}`,
  )
  await several(
    counts.bytes,
    async index => {
      report.tried++
      if (index % 4 === 0) {
        using socket = await TcpClient.upgrade(server.wsUrl, [{ id: 1, ping: {} }])
        socket.write(badFrame(mutator, index))
        await until('it was answered or closed', () => socket.isClosed || socket.receivedBytes > 0)
        return
      }
      using client = await TcpClient.open(server.url)
      client.write(index % 4 === 1 ? mutator.bytes(200) : Buffer.from(mutator.mutate(mutator.pick(heads), heads), 'latin1'))
      await Bun.sleep(1)
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(client.received)?.[1] ?? 400)
      if (status >= 300) report.note(status, client.received)
    },
    16,
  )
}

function badFrame(mutator: Mutator, index: number): Uint8Array {
  const frames = [
    textFrame('x', 3),
    textFrame('x', 11),
    textFrame('{}', 0),
    textFrame('{"id":1,', 1, false),
    textFrame('x'.repeat(126), 9),
    textFrame('x', 9, false),
    Buffer.from([0x81, 0x02, 0x7b, 0x7d]),
    Buffer.from([0xf1, 0x80, 0, 0, 0, 0]),
    Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    Buffer.from([0x81, 0x84, 0, 0, 0, 0, 0xff, 0xfe, 0xc0, 0x80]),
    Buffer.from([0x88, 0x81, 0, 0, 0, 0, 1]),
    Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0, 1]),
    mutator.bytes(64),
  ]
  return frames[index % frames.length] ?? mutator.bytes(8)
}
