import { describe, expect, test } from 'bun:test'
import { RawClient, Sdk, type SdkSubscription, startServer, type TestServer, until, userToken } from '../kit/index.ts'

const kept = { history_size: 50, history_ttl: '10m', allow_subscribe_for_client: true, allow_history_for_subscriber: true } as const
const namespaces = [
  { name: 'kept', ...kept },
  { name: 'forced', ...kept, force_recovery: true, force_positioning: true },
  { name: 'plain', allow_subscribe_for_client: true },
]

const start = () => startServer({ channel: { namespaces } })

/** Cuts the SDK's connection as a network would: without a close frame that says why. */
function cut(server: TestServer): void {
  for (const session of server.node.sessions.all()) session.socket.close(1011, 'cut by the test')
}

async function follow(server: TestServer, channel: string, options = {}): Promise<{ sdk: Sdk; subscription: SdkSubscription }> {
  const sdk = await new Sdk(server.wsUrl, { token: await userToken('alice'), minReconnectDelay: 100 }).connect()
  return { sdk, subscription: await sdk.subscribe(channel, options).ready() }
}

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, index) => ({ n: from + index }))

async function publish(server: TestServer, channel: string, from: number, count: number): Promise<void> {
  for (const data of upTo(count, from)) await server.publish(channel, data)
}

describe('recovery', () => {
  test.each([
    ['kept:1', { recoverable: true }],
    ['forced:1', {}],
  ])('[B18] after a cut the SDK has every publication of %s once, and is told that it recovered', async (channel, options) => {
    await using server = await start()
    const { sdk, subscription } = await follow(server, channel, options)
    using _ = sdk
    await publish(server, channel, 1, 5)
    await subscription.gets(5)
    cut(server)
    await sdk.reaches('connecting 1')
    await publish(server, channel, 6, 20)
    await until('it is back', () => subscription.recoveries.length === 2)
    await publish(server, channel, 26, 5)
    expect(await subscription.gets(30)).toEqual(upTo(30))
    expect(subscription.recoveries[1]).toEqual({ recovered: true, wasRecovering: true })
  })

  test('[B19] when more was missed than is kept, it is told recovered: false and gets no part of it', async () => {
    await using server = await start()
    const { sdk, subscription } = await follow(server, 'kept:1', { recoverable: true })
    using _ = sdk
    await publish(server, 'kept:1', 1, 5)
    await subscription.gets(5)
    cut(server)
    await sdk.reaches('connecting 1')
    await publish(server, 'kept:1', 6, 51)
    await until('it is back', () => subscription.recoveries.length === 2)
    expect(subscription.recoveries[1]).toEqual({ recovered: false, wasRecovering: true })
    await publish(server, 'kept:1', 57, 1)
    expect(await subscription.gets(6)).toEqual([...upTo(5), { n: 57 }])
  })

  test('[B20] a position of another epoch, or from beyond the end, is not recovered; the very end is', async () => {
    await using server = await start()
    await publish(server, 'kept:1', 1, 3)
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const { epoch = '' } = (await raw.call({ subscribe: { channel: 'kept:1', recoverable: true } })).subscribe ?? {}
    const resume = async (position: object) => {
      await raw.call({ unsubscribe: { channel: 'kept:1' } })
      const { subscribe } = await raw.call({ subscribe: { channel: 'kept:1', recover: true, ...position } })
      return [subscribe?.recovered, subscribe?.was_recovering, subscribe?.publications?.map(({ data }) => data)]
    }
    expect(await resume({ epoch: 'other', offset: 1 })).toEqual([false, true, undefined])
    expect(await resume({ epoch, offset: 99 })).toEqual([false, true, undefined])
    expect(await resume({ epoch, offset: 3 })).toEqual([true, true, []])
    expect(await resume({ epoch, offset: 1 })).toEqual([true, true, [{ n: 2 }, { n: 3 }]])
    expect(await resume({ epoch, offset: 0 })).toEqual([true, true, upTo(3)])
    expect(await resume({ epoch: '', offset: 0 })).toEqual([true, true, upTo(3)])
  })

  test('[B21] recovery and positions are given where there is a history and the client or the namespace asks', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const terms = async (subscribe: object) => {
      const reply = await raw.call({ subscribe })
      return [reply.subscribe?.recoverable, reply.subscribe?.positioned, reply.subscribe?.offset]
    }
    expect(await terms({ channel: 'kept:1' })).toEqual([undefined, undefined, 0])
    expect(await terms({ channel: 'kept:2', recoverable: true })).toEqual([true, undefined, 0])
    expect(await terms({ channel: 'kept:3', positioned: true })).toEqual([undefined, true, 0])
    expect(await terms({ channel: 'forced:1' })).toEqual([true, true, 0])
    expect(await terms({ channel: 'plain:1', recoverable: true, positioned: true })).toEqual([undefined, undefined, undefined])
  })

  test('[B22] a recovery that publications race misses none and repeats none', async () => {
    await using server = await start()
    let n = 0
    let running = true
    const publisher = (async () => {
      for (; running; await Bun.sleep(1)) for (let i = 0; i < 3; i++) await server.publish('kept:1', { n: ++n })
    })()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const first = (await raw.call({ subscribe: { channel: 'kept:1', recoverable: true } })).subscribe
    const seen: number[] = []
    let since = first?.offset ?? 0
    const note = (offset: number | undefined) => seen.push(offset ?? -1)
    for (let round = 0; round < 40; round++) {
      await raw.call({ unsubscribe: { channel: 'kept:1' } })
      for (const { offset } of raw.publications('kept:1')) note(offset)
      raw.messages.length = 0
      since = seen.at(-1) ?? since
      const { subscribe } = await raw.call({ subscribe: { channel: 'kept:1', recover: true, epoch: first?.epoch, offset: since } })
      expect(subscribe?.recovered).toBe(true)
      for (const { offset } of subscribe?.publications ?? []) note(offset)
    }
    running = false
    await publisher
    expect(seen.length).toBeGreaterThan(40)
    expect(seen).toEqual(seen.map((_, index) => (first?.offset ?? 0) + 1 + index))
  })

  test('[B23] history that was removed is not recovered, and the offsets go on', async () => {
    await using server = await start()
    await publish(server, 'kept:1', 1, 3)
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const { epoch } = (await raw.call({ subscribe: { channel: 'kept:1', recoverable: true } })).subscribe ?? {}
    await server.node.broker.removeHistory('kept:1')
    await raw.call({ unsubscribe: { channel: 'kept:1' } })
    const { subscribe } = await raw.call({ subscribe: { channel: 'kept:1', recover: true, epoch, offset: 1 } })
    expect(subscribe).toMatchObject({ recovered: false, was_recovering: true, offset: 3 })
    expect(subscribe?.publications).toBeUndefined()
    expect(await server.publish('kept:1', { n: 4 })).toMatchObject({ offset: 4 })
  })

  test('[B24] history that got too old is not recovered', async () => {
    await using server = await startServer({
      channel: { namespaces: [{ name: 'short', ...kept, history_ttl: '150ms' }] },
    })
    await server.publish('short:1', { n: 1 })
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const { epoch } = (await raw.call({ subscribe: { channel: 'short:1', recoverable: true } })).subscribe ?? {}
    const resume = async () => {
      await raw.call({ unsubscribe: { channel: 'short:1' } })
      return (await raw.call({ subscribe: { channel: 'short:1', recover: true, epoch, offset: 0 } })).subscribe
    }
    await until('it is too old', async () => (await resume())?.recovered === false)
    expect((await resume())?.publications).toBeUndefined()
  })

  test('[B76] what was missed is recovered up to the limit, and beyond it not at all', async () => {
    await using server = await startServer({ client: { recovery_max_publication_limit: 10 }, channel: { namespaces } })
    await publish(server, 'kept:1', 1, 30)
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const resume = async (offset: number) => {
      const { subscribe } = await raw.call({ subscribe: { channel: 'kept:1', recover: true, epoch: '', offset } })
      await raw.call({ unsubscribe: { channel: 'kept:1' } })
      return [subscribe?.recovered, subscribe?.publications?.length]
    }
    expect(await resume(20)).toEqual([true, 10])
    expect(await resume(19)).toEqual([false, undefined])
  })

  test('[B78] a quiet channel keeps epoch and offset longer than its publications, and begins anew when they are forgotten as well', async () => {
    const brief = { name: 'brief', ...kept, history_ttl: '100ms', history_meta_ttl: '2s' }
    await using server = await startServer({ channel: { linger: '0s', namespaces: [brief] } })
    const { epoch } = await server.publish('brief:1', 1)
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const place = async () => {
      const { subscribe } = await raw.call({ subscribe: { channel: 'brief:1', recover: true, epoch, offset: 0 } })
      await raw.call({ unsubscribe: { channel: 'brief:1' } })
      return subscribe
    }
    await until('the publication is too old', async () => (await place())?.recovered === false)
    expect(await place()).toMatchObject({ epoch, offset: 1 })
    const position = async () => (await server.server.history('brief:1', { limit: 0 })).position
    await until('the place is forgotten', async () => (await position()).epoch !== epoch)
    expect(await position()).toMatchObject({ offset: 0 })
    await until('nobody holds the channel', () => server.node.hub.size === 0)
    const anew = await place()
    expect(anew).toMatchObject({ offset: 0, recovered: false })
    expect(anew?.epoch).not.toBe(epoch)
  })
})
