import { describe, expect, test } from 'bun:test'
import {
  apiKey,
  FetchedStream,
  RawClient,
  Sdk,
  type SubscribeMessage,
  startServer,
  type TestServer,
  until,
  userToken,
} from '../kit/index.ts'
import { hurried } from '../kit/servers/tree.ts'

const kept = { history_size: 50, history_ttl: '10m', allow_subscribe_for_client: true, force_recovery: true } as const
const namespaces = [
  { name: 'kept', ...kept },
  { name: 'delta', ...kept, allowed_delta_types: ['fossil' as const], delta_publish: true },
  { name: 'behind', ...kept, delay_max: '10s' },
  { name: 'newest', delivery: 'latest' as const, allow_subscribe_for_client: true },
]

const start = () => startServer({ channel: { namespaces } })

async function epochOf(server: TestServer, channel: string): Promise<string> {
  return (await server.server.history(channel, { limit: 0 })).position.epoch
}

const offsetsOf = (result: SubscribeMessage | undefined) => result?.publications?.map(({ offset }) => offset)

/** Ends the subscription before the recovered publications are handed out, and subscribes again. */
async function leaveAndReturn(sdk: Sdk, channel: string): Promise<unknown[]> {
  const { subscription } = sdk.subscribe(channel, { recoverable: true })
  await subscription.ready()
  const seen: unknown[] = []
  subscription.on('publication', ({ data }) => seen.push(data))
  return seen
}

describe('the place that a recovery goes on from', () => {
  test.each(['kept:1', 'delta:1'])('[B160] with recovered: true the offset is where %s was recovered from', async channel => {
    await using server = await start()
    for (const n of [1, 2, 3]) await server.publish(channel, { n })
    const epoch = await epochOf(server, channel)
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const ask = async (offset: number) => {
      const wish = { channel, recover: true, epoch, offset, ...(channel === 'delta:1' ? { delta: 'fossil' } : {}) }
      const { subscribe } = await raw.call({ subscribe: wish })
      await raw.call({ unsubscribe: { channel } })
      return [subscribe?.recovered, subscribe?.offset, offsetsOf(subscribe)]
    }
    expect(await ask(1)).toEqual([true, 1, [2, 3]])
    expect(await ask(3)).toEqual([true, 3, []])
    expect(await ask(0)).toEqual([true, 0, [1, 2, 3]])
    expect(await ask(9)).toEqual([false, 3, undefined])
  })

  test('[B160] also of a subscription that the server makes, with the connection or later', async () => {
    await using server = await start()
    for (const n of [1, 2, 3]) await server.publish('kept:1', { n })
    const epoch = await epochOf(server, 'kept:1')
    using raw = await RawClient.open(server.wsUrl)
    const token = await userToken('alice', { channels: ['kept:1'] })
    const { connect } = await raw.call({ connect: { token, subs: { 'kept:1': { recover: true, epoch, offset: 1 } } } })
    expect([connect?.subs?.['kept:1']?.offset, offsetsOf(connect?.subs?.['kept:1'])]).toEqual([1, [2, 3]])
    await server.publish('kept:2', { n: 1 })
    const since = { epoch: await epochOf(server, 'kept:2'), offset: 0 }
    const body = JSON.stringify({ user: 'alice', channel: 'kept:2', recover_since: since })
    await fetch(`${server.url}/api/subscribe`, { method: 'POST', headers: { 'X-API-Key': apiKey }, body })
    await until('it is told', () => raw.pushes('kept:2').length > 0)
    expect(raw.pushes('kept:2')[0]?.subscribe).toMatchObject({ recovered: true, offset: 0 })
  })

  test('[B160] also in a channel that is followed some time behind', async () => {
    await using server = await startServer({ channel: { namespaces } }, { clock: hurried(100) })
    for (const n of [1, 2]) await server.publish('behind:1', { n })
    const epoch = await epochOf(server, 'behind:1')
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const subscribe = await until('its past has come so far', async () => {
      await raw.call({ unsubscribe: { channel: 'behind:1' } })
      const reply = await raw.call({ subscribe: { channel: 'behind:1', data: { delay: '1s' }, recover: true, epoch, offset: 1 } })
      return reply.subscribe?.publications?.length === 1 && reply.subscribe
    })
    expect(subscribe).toMatchObject({ recovered: true, offset: 1, publications: [{ offset: 2 }] })
  })

  test('[B160] also of the newest value, which comes again until it was taken', async () => {
    await using server = await start()
    for (const n of [1, 2, 3]) await server.publish('newest:1', { n })
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const ask = async (position: object) => {
      const { subscribe } = await raw.call({ subscribe: { channel: 'newest:1', recoverable: true, recover: true, ...position } })
      await raw.call({ unsubscribe: { channel: 'newest:1' } })
      return subscribe
    }
    const { epoch } = (await ask({ epoch: '', offset: 0 })) ?? {}
    const told = await ask({ epoch, offset: 1 })
    expect([told?.recovered, told?.offset, offsetsOf(told)]).toEqual([true, 1, [3]])
    const again = await ask({ epoch: told?.epoch, offset: told?.offset })
    expect(offsetsOf(again)).toEqual([3])
    expect(await ask({ epoch, offset: 3 })).toMatchObject({ recovered: true, offset: 3, publications: [] })
    // A place in another history, which happens to be as far on as this one.
    const lost = await ask({ epoch: 'other', offset: 3 })
    expect(offsetsOf(lost)).toEqual([3])
    expect(offsetsOf(await ask({ epoch: lost?.epoch, offset: lost?.offset }))).toEqual([3])
  })

  test('[B160] also on an event stream, whose cursor counts what the event brings', async () => {
    await using server = await start()
    const url = `${server.url}/sse?channel=kept:1&channel=kept:2&token=${await userToken('alice')}`
    using first = new FetchedStream(url)
    await first.opened()
    await server.publish('kept:1', 1)
    await until('it came', () => first.data('kept:1').length === 1)
    first[Symbol.dispose]()
    for (const n of [2, 3]) await server.publish('kept:1', n)
    using second = new FetchedStream(url, { 'Last-Event-ID': first.lastEventId })
    const { subs } = await second.opened()
    expect([subs['kept:1']?.offset, offsetsOf(subs['kept:1'])]).toEqual([1, [2, 3]])
    second[Symbol.dispose]()
    using third = new FetchedStream(url, { 'Last-Event-ID': second.lastEventId })
    expect((await third.opened()).subs['kept:1']).toMatchObject({ recovered: true, offset: 3, publications: [] })
  })

  test('[B160] the SDK that leaves as soon as it is subscribed gets everything when it returns', async () => {
    await using server = await start()
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    const seen = await leaveAndReturn(sdk, 'kept:1')
    const subscription = sdk.client.getSubscription('kept:1')
    if (subscription === null) throw new Error('no subscription')
    await server.publish('kept:1', 1)
    await until('it came', () => seen.length === 1)
    subscription.unsubscribe()
    for (const n of [2, 3]) await server.publish('kept:1', n)
    let visits = 0
    subscription.on('subscribed', () => {
      if (++visits === 1) subscription.unsubscribe()
    })
    subscription.subscribe()
    await until('it was there and went', () => visits === 1)
    subscription.subscribe()
    await until('it is back', () => visits === 2)
    await server.publish('kept:1', 4)
    await until('the last one came', () => seen.includes(4))
    expect([...new Set(seen)]).toEqual([1, 2, 3, 4])
  })

  test('[B161] whoever is given a state and what came after it is told the place of the state', async () => {
    await using server = await start()
    for (const n of [1, 2, 3]) await server.publish('kept:1', { n })
    const epoch = await epochOf(server, 'kept:1')
    server.server.authorize('kept', () => ({ data: { upTo: 1 }, at: { epoch, offset: 1 } }))
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const { subscribe } = await raw.call({ subscribe: { channel: 'kept:1' } })
    expect(subscribe).toMatchObject({ recovered: false, offset: 1, data: { upTo: 1 } })
    await until('what came after it follows', () => raw.publications('kept:1').length === 2)
    expect(raw.publications('kept:1').map(({ offset }) => offset)).toEqual([2, 3])
  })

  test('[B161] a newcomer who is given the newest value is told the place before it', async () => {
    await using server = await start()
    for (const n of [1, 2, 3]) await server.publish('newest:1', { n })
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const { subscribe } = await raw.call({ subscribe: { channel: 'newest:1', recoverable: true } })
    expect([subscribe?.recovered, subscribe?.offset, offsetsOf(subscribe)]).toEqual([false, 2, [3]])
    const { subscribe: empty } = await raw.call({ subscribe: { channel: 'newest:2', recoverable: true } })
    expect([empty?.offset, offsetsOf(empty)]).toEqual([0, []])
  })
})
