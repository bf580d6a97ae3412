import { describe, expect, test } from 'bun:test'
import { Sdk, SteppedClock, SteppedSocket, startServer, until, userToken } from '../kit/index.ts'

const kept = { name: 'kept', history_size: 5000, history_ttl: '10m', allow_subscribe_for_client: true, force_recovery: true } as const

describe('R9', () => {
  test('[R9][B162] a client that missed much in many channels gets all of it on one connection', async () => {
    await using server = await startServer({ channel: { namespaces: [kept] } })
    const [channels, missed] = [100, 1000]
    const names = Array.from({ length: channels }, (_, n) => `kept:${n}`)
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    const counts = new Map<string, number>()
    const lost: string[] = []
    for (const name of names) {
      const subscription = sdk.client.newSubscription(name, { recoverable: true })
      subscription.on('publication', ({ offset = 0 }) => {
        if (offset !== (counts.get(name) ?? 0) + 1) lost.push(`${name}: ${offset} after ${counts.get(name)}`)
        counts.set(name, offset)
      })
      subscription.on('subscribed', ({ wasRecovering, recovered }) => {
        if (wasRecovering && !recovered) counts.set(name, missed)
      })
      subscription.subscribe()
      await subscription.ready()
    }
    sdk.client.disconnect()
    await until('it is gone', () => server.node.sessions.size === 0)
    const text = 'x'.repeat(780)
    for (let n = 0; n < missed; n++) await Promise.all(names.map(name => server.publish(name, { n, text })))
    const before = sdk.connections
    sdk.client.connect()
    await until('all channels are whole', () => names.every(name => counts.get(name) === missed))
    expect(lost).toEqual([])
    expect(sdk.connections - before).toBe(1)
    expect(server.node.counters.recovered).toBe(channels)
  })

  test.each([60_000, 5000])('[R9][B163] 3.6 MB over a line of %i bytes a second arrive whole on one connection', async bytesPerSecond => {
    const clock = new SteppedClock()
    await using server = await startServer({ channel: { namespaces: [kept] } }, { clock })
    for (let n = 1; n <= 900; n++) await server.publish('kept:1', { n, text: 'x'.repeat(4000) })
    const { epoch } = (await server.server.history('kept:1', { limit: 0 })).position
    using line = SteppedSocket.websocket(server.wsUrl)
    line.send({ id: 1, connect: { token: await userToken('slow') } })
    // Only from here on does time pass: a token is checked elsewhere than on this loop.
    await until('it is connected', () => server.node.sessions.of('slow')[0]?.isConnected)
    line.send({ id: 2, subscribe: { channel: 'kept:1', recover: true, epoch, offset: 0 } })
    await passes(line, clock, bytesPerSecond, () => offsetsIn(line).length === 900 || line.isClosed)
    expect(offsetsIn(line)).toEqual(Array.from({ length: 900 }, (_, n) => n + 1))
    expect(line.isClosed).toBe(false)
    expect([...server.node.counters.closes]).toEqual([])
    // It is alive, and goes on with what comes next.
    await server.publish('kept:1', { n: 901 })
    await passes(line, clock, bytesPerSecond, () => offsetsIn(line).length === 901 || line.isClosed)
    expect(offsetsIn(line).at(-1)).toBe(901)
  })

  test.each([60_000, 5000])(
    '[R9][E40] the same over an event stream of %i bytes a second, and its cursor is never ahead',
    async bytesPerSecond => {
      const clock = new SteppedClock()
      await using server = await startServer({ channel: { namespaces: [kept] } }, { clock })
      const url = `${server.url}/sse?channel=kept:1&token=${await userToken('slow')}`
      using first = SteppedSocket.events(url)
      await until('it is connected', () => server.node.sessions.size === 1)
      await passes(first, clock, bytesPerSecond, () => first.messages.length === 1)
      await server.publish('kept:1', { n: 1 })
      await passes(first, clock, bytesPerSecond, () => first.messages.length === 2)
      first[Symbol.dispose]()
      for (let n = 2; n <= 901; n++) await server.publish('kept:1', { n, text: 'x'.repeat(4000) })
      await until('it is gone', () => server.node.sessions.size === 0)
      using half = SteppedSocket.events(url, cursorIn(first))
      await until('it is connected', () => server.node.sessions.size === 1)
      await passes(half, clock, bytesPerSecond, () => offsetsIn(half).length >= 400 || half.isClosed)
      half[Symbol.dispose]()
      await until('it is gone', () => server.node.sessions.size === 0)
      using rest = SteppedSocket.events(url, cursorIn(half))
      await until('it is connected', () => server.node.sessions.size === 1)
      await passes(rest, clock, bytesPerSecond, () => offsetsIn(rest).at(-1) === 901 || rest.isClosed)
      expect([...offsetsIn(half), ...offsetsIn(rest)]).toEqual(Array.from({ length: 900 }, (_, n) => n + 2))
      expect(rest.isClosed).toBe(false)
    },
  )
})

/** The id of the last event. */
function cursorIn(line: SteppedSocket): string {
  return line.messages.flatMap(event => /^id: ?(.*)$/m.exec(event)?.[1] ?? []).at(-1) ?? ''
}

/** Reads at a pace of the clock's seconds, a tenth of one at a time, until something is so. */
async function passes(line: SteppedSocket, clock: SteppedClock, bytesPerSecond: number, isSo: () => boolean): Promise<void> {
  const stepMs = 100
  for (let left = 0; !isSo(); ) {
    left += (bytesPerSecond * stepMs) / 1000
    // What has been sent is on its way through the kernel: a few turns of the loop are all that it needs.
    for (let turns = 0; turns < 4 && left >= 1; turns++) {
      left -= line.read(Math.floor(left))
      await new Promise(resolve => setImmediate(resolve))
    }
    left = Math.min(left, bytesPerSecond)
    clock.advance(stepMs)
  }
}

interface Pushed {
  readonly pub?: { readonly offset: number }
}

interface Subscribed {
  readonly publications?: readonly { readonly offset: number }[]
}

interface Heard extends Pushed {
  readonly subscribe?: Subscribed
  readonly connect?: { readonly subs?: Readonly<Record<string, Subscribed>> }
  readonly push?: Pushed
  readonly batch?: readonly Pushed[]
}

const offsets = new WeakMap<SteppedSocket, { readonly list: number[]; read: number }>()

/** The offsets of all publications, of replies, first events and pushes, in order. */
function offsetsIn(line: SteppedSocket): readonly number[] {
  const known = offsets.get(line) ?? { list: [], read: 0 }
  offsets.set(line, known)
  for (; known.read < line.messages.length; known.read++) known.list.push(...offsetsOf(line.messages[known.read] ?? ''))
  return known.list
}

function offsetsOf(message: string): number[] {
  const { subscribe, connect, push, batch, ...rest }: Heard = JSON.parse(/^data: ?(.*)$/m.exec(message)?.[1] ?? message)
  const inReplies = [subscribe, ...Object.values(connect?.subs ?? {})].flatMap(sub => sub?.publications ?? [])
  const pushed = [push, rest, ...(batch ?? [])].flatMap(message => message?.pub ?? [])
  return [...inReplies, ...pushed].map(({ offset }) => offset)
}
