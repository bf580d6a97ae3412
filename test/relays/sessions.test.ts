import { afterEach, describe, expect, test } from 'bun:test'
import type { LifecycleEvent } from '../../src/hub/index.ts'
import { FetchedStream, quiet, RawClient, type SdkSubscription, type TestServer, until, userToken } from '../kit/index.ts'
import { cableTo, connect, endAll, hangsOn, hurried, publish, startCentral, startRelay, upTo } from '../kit/servers/tree.ts'

afterEach(endAll)

/** Everything that a listener on the central node hears. */
function eventsOf({ node }: TestServer): string[] {
  const events: string[] = []
  node.on((event: LifecycleEvent) => {
    events.push('channel' in event ? `${event.kind} ${event.channel}` : event.kind)
  })
  return events
}

const present = async ({ node }: TestServer, channel = 'room:1') =>
  [...(await node.presence.list(channel)).values()].map(({ user }) => user).sort()

const changeWatch = async ({ url }: TestServer, session: string, token: string, change: object) => {
  const response = await fetch(`${url}/sse/${session}/subscriptions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify(change),
  })
  return { status: response.status, body: await response.json() }
}

describe('sessions anywhere in the tree', () => {
  test('[T33] presence is the same on every node, and joins and leaves reach every node once', async () => {
    const central = await startCentral()
    const regional = await startRelay([central])
    const edge = await startRelay([regional])
    const other = await startRelay([central])
    const servers = [central, regional, edge, other]
    const clients = await Promise.all(servers.map((server, n) => connect(server, `user${n}`)))
    const subscriptions: SdkSubscription[] = []
    for (const client of clients) {
      subscriptions.push(await client.subscribe('room:1').ready())
      await until('all have heard', () => subscriptions.every(({ joins }) => new Set(joins).size >= 1))
    }
    const all = ['user0', 'user1', 'user2', 'user3']
    for (const server of servers) expect(await present(server)).toEqual(all)
    await until('the first heard every join', () => subscriptions[0]?.joins.length === 4)
    expect(subscriptions[0]?.joins).toEqual(all)
    expect((await subscriptions[3]?.subscription.presenceStats())?.numClients).toBe(4)
    clients[2]?.client.disconnect()
    await until('all heard that one left', () => [0, 1, 3].every(n => subscriptions[n]?.leaves.length === 1))
    expect(subscriptions[3]?.leaves).toEqual(['user2'])
    for (const server of servers) expect(await present(server)).toEqual(['user0', 'user1', 'user3'])
  })

  test('[T34] presence outlives a link that breaks for a moment, and not a node that dies', async () => {
    const clock = hurried(15)
    const central = await startCentral({}, { clock })
    const cable = await cableTo(central)
    const edge = await startRelay([cable], {}, { clock })
    const doomed = await startRelay([await cableTo(central)], {}, { clock })
    const watcher = await (await connect(central, 'watcher')).subscribe('room:1').ready()
    const stays = await connect(edge, 'stays')
    await stays.subscribe('room:1').ready()
    const leaves = await connect(edge, 'leaves')
    await leaves.subscribe('room:1').ready()
    await (await connect(doomed, 'doomed', { minReconnectDelay: 60_000 })).subscribe('room:1').ready()
    await until('all are there', async () => (await present(central)).length === 4)
    cable.pull()
    leaves.client.disconnect()
    await Bun.sleep(50)
    cable.plug()
    await hangsOn(edge, central)
    // The node dies without a word: its uplink is cut, and nothing of it comes back.
    doomed.server.topology.close()
    await until('who left and who died are gone', async () => (await present(central)).length === 2)
    expect(await present(central)).toEqual(['stays', 'watcher'])
    await until('the leaves were heard', () => watcher.leaves.length === 2)
    expect(watcher.leaves.toSorted()).toEqual(['doomed', 'leaves'])
    expect(watcher.joins.toSorted()).toEqual(['doomed', 'leaves', 'stays', 'watcher'])
    expect(await present(edge)).toEqual(['stays', 'watcher'])
  })

  test('[T35] what happens on any node is heard on the central one once, and a channel is occupied from its first subscriber to its last', async () => {
    const central = await startCentral()
    const events = eventsOf(central)
    const regional = await startRelay([central])
    const edges = [await startRelay([regional]), await startRelay([regional]), await startRelay([central])]
    const clients = await Promise.all([...edges, regional, central].map((server, n) => connect(server, `user${n}`)))
    await Promise.all(clients.map(client => client.subscribe('kept:1').ready()))
    await until('all was heard', () => events.filter(event => event === 'subscribe kept:1').length === 5)
    for (const client of clients) client.client.disconnect()
    await until('the end was heard', () => events.includes('channel_vacated kept:1'))
    await until('all ends were heard', () => events.filter(event => event === 'disconnect').length === 5)
    const count = (event: string) => events.filter(other => other === event).length
    expect({
      connect: count('connect'),
      subscribe: count('subscribe kept:1'),
      unsubscribe: count('unsubscribe kept:1'),
      disconnect: count('disconnect'),
      occupied: count('channel_occupied kept:1'),
      vacated: count('channel_vacated kept:1'),
    }).toEqual({ connect: 5, subscribe: 5, unsubscribe: 5, disconnect: 5, occupied: 1, vacated: 1 })
    expect(events.indexOf('channel_occupied kept:1')).toBeLessThan(events.indexOf('subscribe kept:1'))
  })

  test('[T35] a listener that comes later hears which channels are occupied; what happens without a link is told with the next', async () => {
    const clock = hurried(15)
    const central = await startCentral({}, { clock })
    const cable = await cableTo(central)
    const edge = await startRelay([cable], {}, { clock })
    const first = await connect(edge, 'first')
    await first.subscribe('kept:1').ready()
    const events = eventsOf(central)
    central.server.topology.changed()
    await until('it heard of the channel', () => events.includes('channel_occupied kept:1'))
    cable.pull()
    const second = await connect(edge, 'second')
    await second.subscribe('kept:1').ready()
    first.client.disconnect()
    await until('the edge knows', () => edge.node.sessions.size === 1)
    cable.plug()
    await hangsOn(edge, central)
    await until('all was told', () => events.includes('disconnect') && events.includes('subscribe kept:1'))
    // The lease of the broken link ends, and the channel stays occupied by the new one.
    await quiet(1300)
    expect(events.toSorted()).toEqual(
      ['channel_occupied kept:1', 'connect', 'disconnect', 'subscribe kept:1', 'unsubscribe kept:1'].toSorted(),
    )
    await edge.server.close()
    await until('now it is vacated', () => events.includes('channel_vacated kept:1'))
  })

  test('[T36] the server’s orders reach sessions on any node, also those whose link was down when they were given, once', async () => {
    const central = await startCentral()
    const cable = await cableTo(central)
    const edge = await startRelay([await startRelay([cable])])
    const { broker } = central.node
    const alice = await connect(edge, 'alice')
    const events: string[] = []
    for (const event of ['subscribed', 'unsubscribed', 'publication'] as const) {
      alice.client.on(event, ({ channel }: { channel: string }) => events.push(`${event} ${channel}`))
    }
    await broker.control({ kind: 'subscribe', user: 'alice', channel: 'kept:1', options: {} })
    await until('subscribed', () => events.includes('subscribed kept:1'))
    await publish(central, 'kept:1', 1, 1)
    await until('it came', () => events.includes('publication kept:1'))
    await broker.control({ kind: 'unsubscribe', user: 'alice', channel: 'kept:1' })
    await until('unsubscribed', () => events.includes('unsubscribed kept:1'))
    const bob = await connect(edge, 'bob')
    const carol = await connect(edge, 'carol', { minReconnectDelay: 1, maxReconnectDelay: 5 })
    cable.pull()
    await broker.control({ kind: 'disconnect', user: 'bob', code: 3503, reason: 'force disconnect' })
    await broker.control({ kind: 'disconnect', user: 'carol', code: 3011, reason: 'force reconnect' })
    cable.plug()
    await bob.reaches('disconnected 3503')
    await carol.reaches('connecting 3011')
    await until('carol is back', () => carol.connections === 2)
    cable.cut()
    await until('the link is new', () => central.server.topology.children.size === 1)
    await broker.control({ kind: 'refresh', user: 'carol', expired: true })
    await carol.reaches('connecting 3005')
    expect(carol.states.filter(state => state === 'connecting 3011')).toHaveLength(1)
    expect(alice.connections).toBe(1)
  })

  test('[T37] a stream resumes on any node from its cursor', async () => {
    const central = await startCentral()
    const west = await startRelay([central])
    const east = await startRelay([await startRelay([central])])
    const token = await userToken('alice')
    const open = ({ url }: TestServer, lastEventId = '') =>
      new FetchedStream(
        `${url}/sse?channel=kept:1&channel=kept:2&channel=newest:1&token=${token}`,
        lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId },
      )
    let seen = 0
    let cursor = ''
    for (const [round, server] of [west, east, central, west].entries()) {
      using stream = open(server, cursor)
      const { subs } = await stream.opened()
      if (round > 0) expect([subs['kept:1']?.recovered, subs['kept:2']?.recovered]).toEqual([true, true])
      await publish(central, 'kept:1', seen + 1, seen + 5)
      await central.publish('kept:2', { round })
      await until('all came', () => stream.publications('kept:1').length === (round === 0 ? 5 : 10) && stream.data('kept:2').length > 0)
      expect(stream.data('kept:1').slice(-5)).toEqual(upTo(5, seen + 1))
      cursor = stream.lastEventId
      seen += 5
      stream[Symbol.dispose]()
      await publish(central, 'kept:1', seen + 1, seen + 5)
      seen += 5
    }
  })

  test('[T38] the channels of a stream are changed from any node, by its own user alone, and a stream that moves keeps them', async () => {
    const central = await startCentral()
    const regional = await startRelay([central])
    const east = await startRelay([regional])
    const west = await startRelay([central])
    const token = await userToken('alice')
    using stream = new FetchedStream(`${east.url}/sse?channel=kept:1&token=${token}`)
    const { session } = await stream.opened()
    for (const [index, server] of [west, central, regional, east].entries()) {
      const rev = index + 1
      const change = { rev, op: 'add', channels: [`kept:${rev + 1}`] }
      expect(await changeWatch(server, session, token, change)).toEqual({
        status: 200,
        body: { rev, accepted: [`kept:${rev + 1}`], rejected: [] },
      })
      expect((await changeWatch(west, session, token, change)).status).toBe(200)
    }
    expect((await changeWatch(west, session, await userToken('mallory'), { rev: 5, op: 'add', channels: ['kept:9'] })).status).toBe(403)
    expect((await changeWatch(west, session, token, { rev: 9, op: 'add', channels: ['kept:9'] })).status).toBe(409)
    expect((await changeWatch(west, 'nowhere.x', token, { rev: 1, op: 'add', channels: ['kept:9'] })).status).toBe(404)
    // So many that the cursor cannot carry their names: the node that had the stream is asked for them.
    const many = Array.from({ length: 60 }, (_, n) => `kept:a-rather-long-name-of-a-channel-${n}`)
    expect((await changeWatch(west, session, token, { rev: 5, op: 'add', channels: many })).status).toBe(200)
    await central.publish(many[7] ?? '', { n: 1 })
    await until('it came', () => stream.data(many[7] ?? '').length === 1)
    const cursor = stream.lastEventId
    stream[Symbol.dispose]()
    await until('the node knows that it broke', () => east.node.sessions.size === 0)
    await central.publish(many[7] ?? '', { n: 2 })
    using moved = new FetchedStream(`${west.url}/sse?channel=kept:1&token=${token}`, { 'Last-Event-ID': cursor })
    const { subs, rev } = await moved.opened()
    expect([Object.keys(subs).length, rev]).toEqual([65, 5])
    expect(moved.data(many[7] ?? '')).toEqual([{ n: 2 }])
  })

  test('[T39] a history that was removed is gone on every node', async () => {
    const central = await startCentral()
    const edges = [await startRelay([central]), await startRelay([await startRelay([central])])]
    await publish(central, 'room:1', 1, 5)
    const raws = await Promise.all(edges.map(async ({ wsUrl }) => RawClient.connect(wsUrl, { token: await userToken('raw') })))
    const kept = async (raw: RawClient) => {
      const { history } = await raw.call({ history: { channel: 'room:1', limit: 10 } })
      return history?.publications.length
    }
    for (const raw of raws) await raw.call({ subscribe: { channel: 'room:1' } })
    expect(await Promise.all(raws.map(kept))).toEqual([5, 5])
    await central.node.broker.removeHistory('room:1')
    await until('it is gone everywhere', async () => (await Promise.all(raws.map(kept))).every(length => length === 0))
    for (const raw of raws) raw[Symbol.dispose]()
  })
})
