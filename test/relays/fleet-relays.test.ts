import { afterEach, describe, expect, test } from 'bun:test'
import { api } from '../kit/api.ts'
import { endAll, FetchedStream, type Sdk, type SdkSubscription, type TestServer, until, userToken } from '../kit/index.ts'
import { isWhole, MemoryFleet, threeInMemory } from '../kit/servers/fleet.ts'
import { connect, hangsOn, startRelay, upTo } from '../kit/servers/tree.ts'

afterEach(endAll)

/** Viewers of a relay: they note what comes, and whether they were ever disconnected. */
class Crowd {
  readonly clients: Sdk[] = []
  readonly subscriptions: SdkSubscription[] = []
  readonly streams: FetchedStream[] = []

  static async at(relay: TestServer, count: number): Promise<Crowd> {
    const crowd = new Crowd()
    for (let n = 0; n < count; n++) {
      const client = await connect(relay, `viewer${n}`)
      crowd.clients.push(client)
      crowd.subscriptions.push(await client.subscribe('room:1').ready())
      const stream = new FetchedStream(`${relay.url}/sse?channel=room:1&token=${await userToken(`streamer${n}`)}`)
      await stream.opened()
      crowd.streams.push(stream)
    }
    return crowd
  }

  /** Waits until all have everything, and says that nobody has it twice or was disconnected. */
  async has(count: number): Promise<void> {
    for (const subscription of this.subscriptions) expect(await subscription.gets(count)).toEqual(upTo(count))
    for (const stream of this.streams) {
      await until(`${count} came by stream`, () => stream.data('room:1').length >= count)
      expect(stream.data('room:1')).toEqual(upTo(count))
    }
    expect(this.clients.map(({ connections }) => connections)).toEqual(this.clients.map(() => 1))
    expect(this.streams.map(({ ended }) => ended)).toEqual(this.streams.map(() => false))
  }

  [Symbol.dispose](): void {
    for (const stream of this.streams) stream[Symbol.dispose]()
  }
}

async function publishAt(server: TestServer, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await server.publish('room:1', { n })
}

describe('a relay below a fleet', () => {
  test('[FL17, R6] moves between central nodes that end, one after the other, and no viewer is disconnected, misses anything or sees it twice', async () => {
    const { servers } = await threeInMemory()
    const [first, second, third] = servers
    const relay = await startRelay([first, second])
    await hangsOn(relay, first)
    using crowd = await Crowd.at(relay, 5)
    await publishAt(third, 1, 20)
    await crowd.has(20)
    const publishing = publishAt(third, 21, 60)
    await first.server.close()
    await publishing
    await hangsOn(relay, second)
    await publishAt(second, 61, 80)
    await crowd.has(80)
  })

  test('[FL17] is reached through any central node: orders, pushes, presence and watchlists', async () => {
    const { servers } = await threeInMemory()
    const [first, second, third] = servers
    const relay = await startRelay([second])
    await hangsOn(relay, second)
    const client = await connect(relay, 'ann')
    await client.subscribe('room:1').ready()
    const listed = async (node: TestServer) => JSON.stringify((await api(node, 'presence', { channel: 'room:1' })).body)
    for (const node of servers) await until('she is present', async () => (await listed(node)).includes('"ann"'))
    const [session] = relay.node.sessions.of('ann')
    expect(await third.server.push(session?.id ?? '', 'room:1', [{ data: 'for ann' }])).toBe(true)
    const token = await userToken('ben')
    using stream = new FetchedStream(`${relay.url}/sse?channel=kept:1&token=${token}`)
    const opened = await stream.opened()
    await until('all nodes know of the relay', () => servers.every(({ server }) => server.topology.reports().length === 4))
    const changed = await fetch(`${first.url}/sse/${opened.session}/subscriptions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify({ rev: 1, op: 'add', channels: ['kept:2'] }),
    })
    expect(changed.status).toBe(200)
    await third.publish('kept:2', 'added')
    await until('it came', () => stream.data('kept:2').length === 1)
    await api(third, 'disconnect', { user: 'ann' })
    await client.reaches('disconnected 3503')
  })

  test('[FL17] hears once what was ordered while it moved', async () => {
    const fleet = new MemoryFleet()
    const [first, second] = [await fleet.add(), await fleet.add()]
    await isWhole([first, second])
    const relay = await startRelay([first, second])
    await hangsOn(relay, first)
    const client = await connect(relay, 'ann')
    const back = await connect(relay, 'ben', { minReconnectDelay: 1 })
    await api(second, 'disconnect', { user: 'ben', disconnect: { code: 3000, reason: 'again' } })
    await until('he is back', () => back.connections === 2)
    const closing = first.server.close()
    await api(second, 'disconnect', { user: 'ann' })
    await closing
    await client.reaches('disconnected 3503')
    await hangsOn(relay, second)
    // The new parent must not repeat what the old one told.
    await api(second, 'publish', { channel: 'room:1', data: 1 })
    expect(back.connections).toBe(2)
  })
})
