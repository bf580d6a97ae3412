import { describe, expect, test } from 'bun:test'
import {
  apiKey,
  connectAll,
  FanfareProcess,
  FetchedStream,
  LeanClient,
  rounds,
  Sdk,
  startServer,
  TurnClock,
  until,
  userToken,
} from '../kit/index.ts'

const leanTotal = rounds(1000, 10_000)
const sdkTotal = 40
const streamsTotal = 40
const windowMs = 3000
const channels = ['room:1', 'room:2', 'room:3']

const everyone = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const

const start = () =>
  FanfareProcess.start({
    shutdown: { timeout: `${windowMs}ms` },
    client: { allow_anonymous_connect_without_token: true },
    channel: {
      namespaces: [
        {
          name: 'room',
          history_size: 5000,
          history_ttl: '10m',
          history_store: 'disk',
          ...everyone,
        },
      ],
    },
  })

describe('R5', () => {
  test(`[R5] a restart sends ${leanTotal + sdkTotal + streamsTotal} clients away over the drain window, ends with code 0, and all are back and caught up`, async () => {
    await using server = await start()
    const lean = Array.from({ length: leanTotal }, (_, index) => new LeanClient(server.wsUrl, [channels[index % channels.length] ?? '']))
    await connectAll(lean)
    const sdks = await Promise.all(Array.from({ length: sdkTotal }, (_, index) => followBySdk(server, index)))
    const streams = Array.from(
      { length: streamsTotal },
      (_, index) => new FetchedStream(`${server.url}/sse?channel=${channels[index % channels.length]}`),
    )
    await Promise.all(streams.map(stream => stream.opened()))
    const flow = publish(server)
    await until('everybody has something', () => lean.every(client => countOf(client) > 2))

    const codes: number[] = []
    for (const client of lean) client.onClosed = code => codes.push(code)
    server.signal('SIGTERM')
    const exited = server.ended()
    await until('readiness fails at once', () => fetch(`${server.url}/readyz`).then(({ status }) => status === 503))
    expect(await exited).toBe(0)
    for (const client of lean) client.onClosed = undefined
    await until('all have read why', () => codes.length === leanTotal)
    expect(new Set(codes)).toEqual(new Set([3001]))
    await until('the streams have ended', () => streams.every(({ ended }) => ended))
    const advice = streams.map(({ events, retries }) => [events.at(-1)?.data.disconnect?.code, retries.length])
    expect(advice).toEqual(streams.map(() => [3001, 2]))
    expect(new Set(streams.map(({ retries }) => retries.at(-1))).size).toBeGreaterThan(streamsTotal / 2)

    await server.start()
    await comeBack(lean)
    await until('the SDKs are back', () => sdks.every(({ sdk }) => sdk.client.state === 'connected'))
    await flow.stop()
    const tops = new Map<string, number>()
    for (const channel of channels) tops.set(channel, await topOf(server, channel))
    await until('everybody has caught up', () =>
      lean.every(client => [...client.channels].every(([channel, { offset }]) => offset === tops.get(channel))),
    )
    expect(lean.flatMap(({ faults }) => faults)).toEqual([])
    await until('the SDKs too', () =>
      sdks.every(({ subscription, channel }) => subscription.publications.at(-1)?.offset === tops.get(channel)),
    )
    for (const { subscription, sdk } of sdks) {
      const offsets = subscription.publications.map(({ offset = 0 }) => offset)
      expect(offsets).toEqual(offsets.map((_, index) => (offsets[0] ?? 0) + index))
      expect(subscription.recoveries.at(-1)).toEqual({ recovered: true, wasRecovering: true })
      expect(sdk.states).toContain('connecting 3001')
    }
    for (const [index, stream] of streams.entries()) await resumes(server, stream, channels[index % channels.length] ?? '', tops)
    expect(server.log.filter(({ level }) => level === 'error')).toEqual([])
    for (const client of lean) client.close()
    for (const { sdk } of sdks) sdk[Symbol.dispose]()
  })

  test('[R5] whoever is sent away is so in waves over the window, and the last while there is still time to tell', async () => {
    const clock = new TurnClock(4)
    await using server = await startServer(
      {
        shutdown: { timeout: `${windowMs}ms` },
        client: { allow_anonymous_connect_without_token: true },
        channel: { without_namespace: everyone },
      },
      { clock },
    )
    const clients = Array.from({ length: 400 }, () => new LeanClient(server.wsUrl, ['news']))
    await connectAll(clients)
    const beganAtMs = clock.now()
    const closedAtMs: number[] = []
    server.node.on(event => void (event.kind === 'disconnect' && closedAtMs.push(clock.now() - beganAtMs)))
    await server.server.drain()
    expect(closedAtMs).toHaveLength(clients.length)
    expect(Math.max(...closedAtMs)).toBeLessThan(windowMs)
    for (let quarter = 0; quarter < 4; quarter++) {
      const share = closedAtMs.filter(ms => Math.floor((ms / windowMs) * 4) === quarter).length / clients.length
      expect(share).toBeWithin(0.1, 0.45)
    }
    for (const client of clients) client.close()
  })
})

function countOf(client: LeanClient): number {
  return [...client.channels.values()].reduce((sum, { count }) => sum + count, 0)
}

async function followBySdk(server: FanfareProcess, index: number) {
  const sdk = await new Sdk(server.wsUrl, { token: await userToken(`user${index}`), maxReconnectDelay: 1000 }).connect()
  const channel = channels[index % channels.length] ?? ''
  const subscription = await sdk.subscribe(channel, { recoverable: true }).ready()
  return { sdk, subscription, channel }
}

/** Publishes through the API until it is told to stop, also while the server is away: then it tries again. */
function publish(server: FanfareProcess) {
  let running = true
  const done = (async () => {
    for (let n = 0; running; n++) {
      const body = JSON.stringify({ channel: channels[n % channels.length], data: { n } })
      await fetch(`${server.url}/api/publish`, { method: 'POST', headers: { 'X-API-Key': apiKey }, body }).catch(() => undefined)
      await Bun.sleep(15)
    }
  })()
  return {
    stop() {
      running = false
      return done
    },
  }
}

/** Each waits a little before it tries again, as an SDK does. */
async function comeBack(lean: readonly LeanClient[]): Promise<void> {
  await until('all are back', async () => {
    for (const client of lean.filter(({ isOpen }) => !isOpen).slice(0, 100)) client.connect()
    await Bun.sleep(20)
    return lean.every(({ isReady }) => isReady)
  })
}

async function topOf(server: FanfareProcess, channel: string): Promise<number> {
  const body = JSON.stringify({ channel, limit: 0 })
  const response = await fetch(`${server.url}/api/history`, { method: 'POST', headers: { 'X-API-Key': apiKey }, body })
  const { result } = (await response.json()) as { result: { offset: number } }
  return result.offset
}

async function resumes(server: FanfareProcess, before: FetchedStream, channel: string, tops: ReadonlyMap<string, number>): Promise<void> {
  using stream = new FetchedStream(`${server.url}/sse?channel=${channel}`, { 'Last-Event-ID': before.lastEventId })
  const { subs } = await stream.opened()
  expect(subs[channel]).toMatchObject({ recovered: true, was_recovering: true })
  const offsets = [...before.publications(channel), ...stream.publications(channel)].map(({ offset = 0 }) => offset)
  expect(offsets.at(-1)).toBe(tops.get(channel) ?? -1)
  expect(offsets).toEqual(offsets.map((_, index) => (offsets[0] ?? 0) + index))
}
