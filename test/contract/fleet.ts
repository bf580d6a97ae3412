import { afterEach, describe, expect, test } from 'bun:test'
import type { Json } from '../../src/kit/index.ts'
import { api, post } from '../kit/api.ts'
import {
  endAll,
  FetchedStream,
  inSeconds,
  RawClient,
  type SdkSubscription,
  sign,
  type TestInput,
  type TestServer,
  until,
  userToken,
} from '../kit/index.ts'
import type { Three } from '../kit/servers/fleet.ts'
import { connect } from '../kit/servers/tree.ts'

/** What is true at one node of a fleet is true at all of them, whatever they share publications, leases and rows by. */
export function fleetContract(name: string, open: (input?: TestInput) => Promise<Three>): void {
  afterEach(endAll)

  describe(`three nodes ${name}`, () => {
    test('[FL2] what is published at any node reaches clients of all in one order; its history is read and removed at any', async () => {
      const nodes = await open()
      const subscriptions = await followAll(nodes, 'room:1')
      for (const [index, node] of nodes.entries()) {
        expect(await api(node, 'publish', { channel: 'room:1', data: { n: index } })).toMatchObject({ status: 200 })
        expect(await api(node, 'broadcast', { channels: ['room:1', 'kept:1'], data: { all: index } })).toMatchObject({ status: 200 })
      }
      const expected = [0, 1, 2].flatMap(n => [{ n }, { all: n }])
      for (const subscription of subscriptions) expect(await subscription.gets(6)).toEqual(expected)
      for (const node of nodes) expect(await historyOf(node, 'room:1')).toEqual(expected)
      await api(nodes[1], 'history_remove', { channel: 'room:1' })
      for (const node of nodes) await until('nothing is kept', async () => (await historyOf(node, 'room:1')).length === 0)
      for (const node of nodes) expect(await historyOf(node, 'kept:1')).toHaveLength(3)
    })

    test('[FL2] a client recovers at any node from the position that another gave it', async () => {
      const nodes = await open()
      using first = await RawClient.connect(nodes[0].wsUrl, { token: await userToken('ann') })
      const { subscribe } = await first.call({ subscribe: { channel: 'kept:1', recoverable: true } })
      for (let n = 0; n < 5; n++) await nodes[2].publish('kept:1', { n })
      const { epoch, offset } = subscribe ?? {}
      for (const node of nodes) {
        using client = await RawClient.connect(node.wsUrl, { token: await userToken('ann') })
        const again = await client.call({ subscribe: { channel: 'kept:1', recover: true, epoch, offset } })
        expect(again.subscribe?.recovered).toBe(true)
        expect(again.subscribe?.publications?.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4].map(n => ({ n })))
      }
    })

    test('[FL3] presence, channels and nodes are the same asked at any node', async () => {
      const nodes = await open()
      await followAll(nodes, 'room:1')
      for (const node of nodes) {
        await until('all are present', async () => (await usersAt(node, 'room:1')).length === 3)
        expect(await usersAt(node, 'room:1')).toEqual(['user0', 'user1', 'user2'])
        expect((await api(node, 'presence_stats', { channel: 'room:1' })).body).toEqual({ result: { num_clients: 3, num_users: 3 } })
        expect((await api(node, 'channels', { pattern: 'room:*' })).body).toEqual({
          result: { channels: { 'room:1': { num_clients: 3 } } },
        })
        await until('all nodes are told of', async () => (await nodesAt(node)).length === 3)
        expect(await nodesAt(node)).toEqual(nodes.map(({ node: { id } }) => id).sort())
      }
    })

    test('[FL4] the server API acts on clients of any node, whichever it is called at', async () => {
      const nodes = await open()
      const [, second, third] = nodes
      const client = await connect(nodes[0], 'ann')
      const events: string[] = []
      client.client.on('subscribed', ({ channel }) => events.push(`subscribed ${channel}`))
      client.client.on('unsubscribed', ({ channel }) => events.push(`unsubscribed ${channel}`))
      client.client.on('publication', ({ channel, data }) => events.push(`${channel} ${JSON.stringify(data)}`))
      await api(second, 'subscribe', { user: 'ann', channel: 'kept:own' })
      await until('it is subscribed', () => events.includes('subscribed kept:own'))
      await api(third, 'publish', { channel: 'kept:own', data: 1 })
      await until('it has the publication', () => events.includes('kept:own 1'))
      await api(third, 'unsubscribe', { user: 'ann', channel: 'kept:own' })
      await until('it is not any more', () => events.includes('unsubscribed kept:own'))
      const own = await (await connect(third, 'ben')).subscribe('room:1').ready()
      await api(second, 'unsubscribe', { user: 'ben', channel: 'room:1' })
      await own.reaches('unsubscribed 2000')
      using raw = await RawClient.connect(nodes[0].wsUrl, { token: await userToken('eve') })
      await api(second, 'refresh', { user: 'eve', expired: true })
      expect((await raw.closes()).code).toBe(3005)
      await api(second, 'disconnect', { user: 'ann' })
      await client.reaches('disconnected 3503')
    })

    test('[FL4] what is ordered at a node has been done there when it answers', async () => {
      const nodes = await open()
      for (const [index, node] of nodes.entries()) {
        using raw = await RawClient.connect(node.wsUrl, { token: await userToken(`user${index}`) })
        await api(node, 'disconnect', { user: `user${index}` })
        expect(node.node.sessions.of(`user${index}`)).toEqual([])
        expect((await raw.closes()).code).toBe(3503)
      }
    })

    test('[FL5] a ticket of any node opens a stream at any other, once', async () => {
      const nodes = await open()
      const token = await userToken('ann')
      for (const [from, to] of pairs(nodes)) {
        const { body } = await post(from, '/auth/ticket', {}, { Authorization: `Bearer ${token}` })
        const ticket = String(Reflect.get(Object(body), 'ticket'))
        using stream = new FetchedStream(`${to.url}/sse?channel=kept:1&token=${ticket}`)
        expect(Object.keys((await stream.opened()).subs)).toEqual(['kept:1'])
        for (const node of [to, from]) expect((await fetch(`${node.url}/sse?channel=kept:1&token=${ticket}`)).status).toBe(401)
      }
    })

    test('[FL6] the watchlist of a stream is changed at any node, and goes with the stream to any other', async () => {
      const nodes = await open()
      const [first, second, third] = nodes
      const token = await userToken('ann')
      using stream = new FetchedStream(`${first.url}/sse?channel=kept:1&token=${token}`)
      const { session } = await stream.opened()
      const change = (node: TestServer, body: object, as = token) =>
        post(node, `/sse/${session}/subscriptions`, body, { Authorization: `Bearer ${as}` })
      expect(await change(second, { rev: 1, op: 'add', channels: ['kept:2'] })).toMatchObject({ status: 200, body: { rev: 1 } })
      expect(await change(third, { rev: 2, op: 'add', channels: ['kept:3'] })).toMatchObject({ status: 200, body: { rev: 2 } })
      expect((await change(third, { rev: 3, op: 'add', channels: ['kept:4'] }, await userToken('eve'))).status).toBe(403)
      await until('the changes are told', () => stream.texts.some(text => text.includes('"subs":{"rev":2}')))
      for (const n of [1, 2, 3]) await second.publish(`kept:${n}`, { n })
      await until('all three came', () => [1, 2, 3].every(n => stream.data(`kept:${n}`).length === 1))
      const cursor = stream.lastEventId
      stream[Symbol.dispose]()
      await second.publish('kept:3', { n: 4 })
      using resumed = new FetchedStream(`${third.url}/sse?channel=kept:1&token=${token}`, { 'Last-Event-ID': cursor })
      const { subs } = await resumed.opened()
      expect(Object.keys(subs).sort()).toEqual(['kept:1', 'kept:2', 'kept:3'])
      expect(resumed.data('kept:3')).toEqual([{ n: 4 }])
    })

    test('[FL7] what a service pushes to one client reaches it on whichever node it is', async () => {
      const nodes = await open()
      const [, , third] = nodes
      const client = await connect(nodes[0], 'ann')
      const subscription = await client.subscribe('kept:1').ready()
      const [session] = nodes[0].node.sessions.of('ann')
      expect(await third.server.push(session?.id ?? '', 'kept:1', [{ data: 'for ann' }])).toBe(true)
      expect(await subscription.gets(1)).toEqual(['for ann'])
      expect(await third.server.push('nobody', 'kept:1', [{ data: 1 }])).toBe(false)
    })

    test('[FL8] a token that is revoked at one node is void at all, and ends sessions on each', async () => {
      const nodes = await open()
      const token = await sign({ sub: 'ann', jti: 'one', exp: inSeconds(3600) })
      const clients = await Promise.all(nodes.map(({ wsUrl }) => RawClient.connect(wsUrl, { token })))
      expect((await api(nodes[1], 'revoke_token', { uid: 'one' })).body).toEqual({ result: {} })
      for (const client of clients) expect((await client.closes()).code).toBe(3500)
      for (const { wsUrl } of nodes) {
        using again = await RawClient.open(wsUrl)
        again.send({ id: 1, connect: { token } })
        expect((await again.closes()).code).toBe(3500)
      }
    })

    test('[FL9] the rate of a user holds on all nodes together: what goes beyond the share of a node is charged at the others', async () => {
      const client = { user_command_rate: { per_second: 1, burst: 100 }, user_connection_limit: 3 }
      const nodes = await open({ client })
      const [first, second] = nodes
      const token = await userToken('ann')
      using busy = await RawClient.connect(first.wsUrl, { token })
      const marker = await RawClient.connect(first.wsUrl, { token })
      await until('the others know of both', () => second.node.sessions.elsewhere?.('ann') === 2)
      expect(await answeredOf(busy, 80)).toBe(80)
      // What is reported after this goes with the same report, or a later one.
      marker[Symbol.dispose]()
      await until('the others know of what it spent', () => second.node.sessions.elsewhere?.('ann') === 0)
      using elsewhere = await RawClient.connect(second.wsUrl, { token })
      using other = await RawClient.connect(second.wsUrl, { token: await userToken('ben') })
      expect(await answeredOf(elsewhere, 80)).toBeLessThan(60)
      expect(await answeredOf(other, 80)).toBe(80)
    })

    test('[FL10] connections of a user are counted on all nodes together', async () => {
      const nodes = await open({ client: { user_connection_limit: 6 } })
      const [first, second, third] = nodes
      const token = await userToken('ann')
      const clients = await Promise.all([1, 2, 3, 4].map(() => RawClient.connect(first.wsUrl, { token })))
      await until('the others know', () => [second, third].every(({ node }) => node.sessions.elsewhere?.('ann') === 4))
      using fifth = await RawClient.connect(second.wsUrl, { token })
      using sixth = await RawClient.connect(second.wsUrl, { token })
      using seventh = await RawClient.open(second.wsUrl)
      seventh.send({ id: 1, connect: { token } })
      expect((await seventh.closes()).code).toBe(3504)
      using other = await RawClient.connect(second.wsUrl, { token: await userToken('ben') })
      for (const client of clients) client[Symbol.dispose]()
      await until('the others know', () => second.node.sessions.elsewhere?.('ann') === 0)
      using eighth = await RawClient.connect(second.wsUrl, { token })
      expect([fifth, sixth, eighth, other].map(({ closedWith }) => closedWith)).toEqual([undefined, undefined, undefined, undefined])
    })

    test('[FL11] a personal channel with a single connection ends the user’s others on whichever node', async () => {
      const client = { subscribe_to_user_personal_channel: { enabled: true, personal_channel_namespace: 'kept', single_connection: true } }
      const nodes = await open({ client })
      const token = await userToken('ann')
      using first = await RawClient.connect(nodes[0].wsUrl, { token })
      using second = await RawClient.connect(nodes[1].wsUrl, { token })
      expect((await first.closes()).code).toBe(3504)
      expect(second.closedWith).toBeUndefined()
    })
  })
}

/** How many of so many commands are answered before one is refused for their number. */
async function answeredOf(client: RawClient, commands: number): Promise<number> {
  for (let n = 0; n < commands; n++) if ((await client.call({ ping: {} })).error?.code === 111) return n
  return commands
}

async function followAll(nodes: Three, channel: string): Promise<SdkSubscription[]> {
  const subscriptions: SdkSubscription[] = []
  for (const [index, node] of nodes.entries()) subscriptions.push(await (await connect(node, `user${index}`)).subscribe(channel).ready())
  return subscriptions
}

function pairs(nodes: Three): readonly (readonly [TestServer, TestServer])[] {
  const [a, b, c] = nodes
  return [
    [a, b],
    [b, c],
    [c, a],
  ]
}

function resultOf(body: Json): Record<string, unknown> {
  return Object(Reflect.get(Object(body), 'result'))
}

async function historyOf(node: TestServer, channel: string): Promise<unknown[]> {
  const { body } = await api(node, 'history', { channel, limit: 100 })
  const { publications } = resultOf(body)
  return Array.isArray(publications) ? publications.map(publication => Reflect.get(Object(publication), 'data')) : []
}

async function usersAt(node: TestServer, channel: string): Promise<string[]> {
  const { presence } = resultOf((await api(node, 'presence', { channel })).body)
  return Object.values(Object(presence))
    .map(client => String(Reflect.get(Object(client), 'user')))
    .sort()
}

async function nodesAt(node: TestServer): Promise<string[]> {
  const { nodes } = resultOf((await api(node, 'info', {})).body)
  return Array.isArray(nodes) ? nodes.map(each => String(Reflect.get(Object(each), 'uid'))).sort() : []
}
