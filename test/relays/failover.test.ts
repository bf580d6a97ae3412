import { afterEach, describe, expect, test } from 'bun:test'
import { connectAll, FetchedStream, LeanClient, RawClient, type TestServer, until, userToken } from '../kit/index.ts'
import { atEnd, cableTo, connect, endAll, hangsOn, hurried, publish, startCentral, startRelay, upTo } from '../kit/servers/tree.ts'

afterEach(endAll)

const readiness = async ({ url }: TestServer) => (await fetch(`${url}/readyz`)).status

/** Viewers of a channel who note every gap and every repetition, and whether they were ever disconnected. */
async function viewers(server: TestServer, count: number, channel = 'kept:1'): Promise<LeanClient[]> {
  const tokens = await Promise.all(Array.from({ length: count }, (_, n) => userToken(`user${n}`)))
  const clients = tokens.map(token => new LeanClient(server.wsUrl, [channel], { token }))
  await connectAll(clients)
  atEnd(() => {
    for (const client of clients) client.close()
  })
  return clients
}

async function allHave(clients: readonly LeanClient[], count: number, channel = 'kept:1'): Promise<void> {
  await until(`all have ${count} (${clients.map(client => client.channels.get(channel)?.count).join(', ')})`, () =>
    clients.every(client => client.channels.get(channel)?.count === count),
  )
  expect(clients.flatMap(({ faults }) => faults)).toEqual([])
  expect(clients.filter(({ closedWith }) => closedWith !== undefined)).toEqual([])
}

describe('a link that breaks', () => {
  test('[T27] what was missed arrives once, in order, and no viewer is disconnected', async () => {
    const central = await startCentral()
    const cable = await cableTo(central)
    const edge = await startRelay([cable])
    const clients = await viewers(edge, 20)
    using stream = new FetchedStream(`${edge.url}/sse?channel=kept:1&token=${await userToken('sse')}`)
    await stream.opened()
    await publish(central, 'kept:1', 1, 20)
    for (let round = 0; round < 3; round++) {
      cable.pull()
      await publish(central, 'kept:1', 21 + round * 20, 40 + round * 20)
      cable.plug()
      await hangsOn(edge, central)
    }
    await publish(central, 'kept:1', 81, 100)
    await allHave(clients, 100)
    await until('the stream has all', () => stream.publications('kept:1').length === 100)
    expect(stream.data('kept:1')).toEqual(upTo(100))
    expect(stream.ended).toBe(false)
  })

  test('[T28] without a parent, viewers are served from the tail and publishing fails for the time being; then all is well again', async () => {
    const central = await startCentral()
    const cable = await cableTo(central)
    const edge = await startRelay([cable], {}, { clock: hurried(5) })
    const below = await startRelay([edge, central])
    const watcher = await (await connect(edge, 'watcher')).subscribe('kept:1').ready()
    const [lean] = await viewers(edge, 1)
    await publish(central, 'kept:1', 1, 10)
    await watcher.gets(10)
    const { epoch } = (await central.server.history('kept:1', { limit: 0 })).position
    expect(await readiness(edge)).toBe(200)
    cable.goDead()
    await publish(central, 'kept:1', 11, 20)
    await until('the silence is noticed', async () => (await readiness(edge)) === 503)
    expect(await (await fetch(`${edge.url}/readyz`)).json()).toMatchObject({ status: 'degraded' })
    expect((await fetch(`${edge.url}/healthz`)).status).toBe(200)
    // A node below with another way up has taken it.
    await hangsOn(below, central)

    using raw = await RawClient.connect(edge.wsUrl, { token: await userToken('raw') })
    const resumed = await raw.call({ subscribe: { channel: 'kept:1', recover: true, epoch, offset: 4 } })
    expect(resumed.subscribe?.publications?.map(({ data }) => data)).toEqual(upTo(6, 5))
    expect((await raw.call({ publish: { channel: 'kept:1', data: 1 } })).error).toMatchObject({ code: 100, temporary: true })
    expect((await fetch(`${edge.url}/sports`)).status).toBe(503)
    // Who has seen more elsewhere is not set back here.
    using ahead = await RawClient.connect(edge.wsUrl, { token: await userToken('ahead') })
    const early = await ahead.call({ subscribe: { channel: 'kept:1', recover: true, epoch, offset: 15 } })
    expect(early.error).toMatchObject({ code: 100, temporary: true })

    cable.revive()
    await hangsOn(edge, central)
    await publish(central, 'kept:1', 21, 25)
    expect(await watcher.gets(25)).toEqual(upTo(25))
    expect(watcher.states).toEqual(['subscribing 0', 'subscribed'])
    await allHave(lean === undefined ? [] : [lean], 25)
    await until('the resumed one has all', () => raw.data('kept:1').length === 15)
    expect(raw.data('kept:1')).toEqual(upTo(15, 11))
    const late = await ahead.call({ subscribe: { channel: 'kept:1', recover: true, epoch, offset: 15 } })
    expect(late.subscribe?.recovered).toBe(true)
    expect(await readiness(edge)).toBe(200)
  })

  test('[T29] a stream that cannot open a channel now, since its node has no parent, has it once there is one', async () => {
    const central = await startCentral()
    const cable = await cableTo(central)
    const edge = await startRelay([cable], {}, { clock: hurried(5) })
    cable.pull()
    await until('it is without a parent', async () => (await readiness(edge)) === 503)
    using stream = new FetchedStream(`${edge.url}/sse?channel=kept:new&token=${await userToken('alice')}`)
    expect((await stream.response).status).toBe(200)
    const first = await until('it has begun', () => stream.events[0])
    expect(first.data.connect?.subs['kept:new']?.error?.code).toBe(100)
    cable.plug()
    await until('the channel is there', () => stream.events.some(({ data }) => data.channel === 'kept:new' && data.subscribe !== undefined))
    await central.publish('kept:new', 'first')
    await until('it has what is published', () => stream.events.some(({ data }) => data.pub?.data === 'first'))
    expect(stream.ended).toBe(false)
  })

  test('[T30] a node that reads nothing costs its parent no more than the bound, and has everything in the end', async () => {
    const central = await startCentral({
      channel: { namespaces: [{ name: 'big', history_size: 1000, history_ttl: '10m', allow_subscribe_for_client: true }] },
    })
    const cable = await cableTo(central)
    // Its viewers get all of it at once.
    const edge = await startRelay([cable], { client: { user_unsent_size_limit: 64 * 1024 * 1024 } })
    const clients = await viewers(edge, 3, 'big:1')
    await central.publish('big:1', 'first')
    await allHave(clients, 1, 'big:1')
    cable.goDead()
    const text = 'x'.repeat(50_000)
    for (let n = 0; n < 800; n++) {
      await central.publish('big:1', text)
      if (n % 20 === 0) await Bun.sleep(0)
    }
    await until('the parent has cut it off', () => central.server.topology.children.size === 0)
    cable.revive()
    await allHave(clients, 801, 'big:1')
  })

  test('[T31] more than the history keeps is said: viewers begin again, and miss nothing that comes after', async () => {
    const short = { name: 'short', history_size: 10, history_ttl: '10m', force_recovery: true, allow_subscribe_for_client: true } as const
    const central = await startCentral({ channel: { namespaces: [short] } })
    const cable = await cableTo(central)
    const edge = await startRelay([cable])
    const subscription = await (await connect(edge)).subscribe('short:1').ready()
    await publish(central, 'short:1', 1, 5)
    await subscription.gets(5)
    cable.pull()
    await publish(central, 'short:1', 6, 30)
    cable.plug()
    await until('it began again', () => subscription.recoveries.length === 2)
    expect(subscription.recoveries[1]).toEqual({ recovered: false, wasRecovering: true })
    await publish(central, 'short:1', 31, 33)
    expect(await subscription.gets(8)).toEqual([...upTo(5), ...upTo(3, 31)])
  })

  test('[T32] a relay never hangs on itself: two that are each other’s second choice stay apart when the first is gone', async () => {
    const central = await startCentral()
    const cable = await cableTo(central)
    const clock = hurried(4)
    const one = await startRelay([cable], {}, { clock })
    const two = await startRelay([cable, one], {}, { clock })
    const three = await startRelay([two, cable], {}, { clock })
    await hangsOn(two, central)
    await hangsOn(three, two)
    cable.pull()
    await until('all have noticed', async () => (await Promise.all([one, two, three].map(readiness))).every(status => status === 503))
    expect([one, two, three].map(({ server }) => server.topology.children.size)).toEqual([0, 0, 0])
    cable.plug()
    await until('all are back', () => [one, two, three].every(({ server }) => !server.topology.isOrphan))
    const subscription = await (await connect(three)).subscribe('kept:1').ready()
    await publish(central, 'kept:1', 1, 3)
    expect(await subscription.gets(3)).toEqual(upTo(3))
  })

  test('[T27] a central node that was started again with its histories on disk is followed without a gap; without, all begin anew', async () => {
    const disk = {
      name: 'disk',
      history_size: 100,
      history_ttl: '10m',
      history_store: 'disk',
      force_recovery: true,
      allow_subscribe_for_client: true,
    }
    const memory = { ...disk, name: 'memory', history_store: 'memory' }
    const channel = { namespaces: [disk, memory] as never }
    const first = await startCentral({ channel })
    const cable = await cableTo(first)
    const edge = await startRelay([cable])
    const sdk = await connect(edge)
    const onDisk = await sdk.subscribe('disk:1').ready()
    const inMemory = await sdk.subscribe('memory:1').ready()
    for (const name of ['disk:1', 'memory:1']) await publish(first, name, 1, 5)
    await onDisk.gets(5)
    await inMemory.gets(5)
    cable.pull()
    const { port } = new URL(first.url)
    await first.server.close()
    const second = await startCentral({ channel, port: Number(port), data: first.server.config.data })
    for (const name of ['disk:1', 'memory:1']) await publish(second, name, 6, 8)
    cable.plug()
    await hangsOn(edge, second)
    for (const name of ['disk:1', 'memory:1']) await publish(second, name, 9, 10)
    expect(await onDisk.gets(10)).toEqual(upTo(10))
    expect(onDisk.states).toEqual(['subscribing 0', 'subscribed'])
    await until('the other began anew', () => inMemory.recoveries.length === 2)
    expect(inMemory.recoveries[1]).toEqual({ recovered: false, wasRecovering: true })
  })
})
