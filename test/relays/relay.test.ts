import { afterEach, describe, expect, test } from 'bun:test'
import { createConnection } from 'node:net'
import { z } from 'zod'
import { apiKey, FetchedStream, RawClient, sign, type TestServer, until, userToken } from '../kit/index.ts'
import {
  connect,
  endAll,
  hangsOn,
  hurried,
  kept,
  namespaces,
  publish,
  rowOf,
  startCentral,
  startRelay,
  treeOf,
  upTo,
} from '../kit/servers/tree.ts'

afterEach(endAll)

describe('a tree of nodes', () => {
  test('[T21] channels, history and publications pass from the central node over a regional one to an edge, and back', async () => {
    const central = await startCentral()
    await publish(central, 'kept:1', 1, 3)
    const regional = await startRelay([central])
    const edge = await startRelay([regional])
    const sdk = await connect(edge)
    const subscription = await sdk.subscribe('kept:1').ready()
    await publish(central, 'kept:1', 4, 6)
    expect(await subscription.gets(3)).toEqual(upTo(3, 4))
    await subscription.subscription.publish({ n: 7 })
    expect(await subscription.gets(4)).toEqual(upTo(4, 4))
    const { position } = await central.server.history('kept:1', { limit: 0 })
    expect((await edge.server.history('kept:1', { limit: 0 })).position).toEqual(position)
    const late = await (await connect(edge, 'bob')).subscribe('kept:1', { since: { epoch: position.epoch, offset: 2 } }).ready()
    expect(await late.gets(5)).toEqual(upTo(5, 3))
  })

  test('[T21] every namespace comes from the parent, also when it changes: a relay has no channels of its own', async () => {
    const central = await startCentral()
    const edge = await startRelay([central], { channel: { namespaces: [{ name: 'own', allow_subscribe_for_client: true }] } })
    using raw = await RawClient.connect(edge.wsUrl, { token: await userToken('raw') })
    expect((await raw.call({ subscribe: { channel: 'own:1' } })).error?.code).toBe(102)
    expect((await raw.call({ subscribe: { channel: 'late:1' } })).error?.code).toBe(102)
    const rules = { name: 'late', allowSubscribeForClient: true, allowPublishForClient: true } as const
    central.server.namespace({ ...rules, historySize: 100, historyTtlMs: 600_000 })
    await until('the relay knows it', async () => (await raw.call({ subscribe: { channel: 'late:1' } })).error === undefined)
    await central.publish('late:1', { n: 1 })
    await until('it came', () => raw.data('late:1').length === 1)
    // The service changes its mind: those who follow it begin again under the new rules.
    central.server.namespace({ ...rules, delivery: 'latest', allowPublishForClient: false })
    await until('the subscription ended', () => raw.pushes('late:1').some(push => push.unsubscribe?.code === 2500))
    const again = await raw.call({ subscribe: { channel: 'late:1', recoverable: true } })
    expect(again.error).toBeUndefined()
    expect((await raw.call({ publish: { channel: 'late:1', data: 1 } })).error?.code).toBe(103)
  })

  test('[B148] answers that may be large are fetched one after the other, so that one frame of questions breaks no link for others', async () => {
    const warnings: unknown[] = []
    const log = { debug() {}, info() {}, error() {}, warn: (_: unknown, words?: string) => void warnings.push(words) }
    const read = { name: 'read', ...kept, allow_history_for_client: true }
    const central = await startCentral({ channel: { namespaces: [...namespaces, read] } })
    const edge = await startRelay([central], {}, { log })
    for (let n = 0; n < 30; n++) await central.publish('read:1', 'x'.repeat(50_000))
    using other = await RawClient.connect(edge.wsUrl, { token: await userToken('other') })
    await other.call({ subscribe: { channel: 'room:2' } })
    using greedy = await RawClient.connect(edge.wsUrl, { token: await userToken('greedy') })
    const questions = Array.from({ length: 200 }, (_, n) => ({ id: 100 + n, history: { channel: 'read:1', limit: -1 } }))
    greedy.send([...questions, { id: 300, ping: {} }].map(question => JSON.stringify(question)).join('\n'))
    await until('it has all of them in order, or had to go', () => greedy.closedWith !== undefined || greedy.messages.at(-1)?.id === 300)
    const answered = greedy.messages.flatMap(({ id = 0 }) => (id >= 100 ? [id] : []))
    expect(answered).toEqual(Array.from({ length: answered.length }, (_, n) => 100 + n))
    await central.publish('room:2', { n: 1 })
    await until('the other got it', () => other.data('room:2').length === 1)
    expect(other.closedWith).toBeUndefined()
    expect(other.pushes('room:2').some(({ unsubscribe }) => unsubscribe !== undefined)).toBe(false)
    expect(warnings).toEqual([])
  })

  test('[T22] what is not its own a relay asks of its parent: commands, access, pages, the server API, tickets', async () => {
    const central = await startCentral()
    central.server.command('echo', z.object({ text: z.string() }), ({ text }, { user }) => ({ text, user }))
    central.server.authorize('room', ({ user, action }) => action === 'subscribe' && user !== 'mallory' && { data: { hello: user } })
    const regional = await startRelay([central])
    const edge = await startRelay([regional])
    const token = await userToken('alice')
    const sdk = await connect(edge)
    expect((await sdk.client.rpc('echo', { text: 'hi' })).data).toEqual({ text: 'hi', user: 'alice' })
    const { snapshot } = await sdk.subscribe('room:1').ready()
    expect(snapshot).toEqual({ hello: 'alice' })
    using mallory = await RawClient.connect(edge.wsUrl, { token: await userToken('mallory') })
    expect((await mallory.call({ subscribe: { channel: 'room:1' } })).error?.code).toBe(103)

    const post = (path: string, body: unknown, headers: Record<string, string>) =>
      fetch(`${edge.url}${path}`, { method: 'POST', body: JSON.stringify(body), headers })
    const echoed = await post('/rpc/echo', { text: 'over http' }, { Authorization: `Bearer ${token}` })
    expect(await echoed.json()).toEqual({ text: 'over http', user: 'alice' })
    const wrong = await post('/rpc/echo', { text: 1 }, { Authorization: `Bearer ${token}` })
    expect([wrong.status, await wrong.json()]).toEqual([400, { error: { code: 107, message: expect.stringContaining('text') } }])
    const published = await post('/api/publish', { channel: 'kept:1', data: 1 }, { 'X-API-Key': apiKey })
    expect(await published.json()).toMatchObject({ result: { offset: 1 } })
    const missing = await fetch(`${edge.url}/nowhere?a=1`)
    expect([missing.status, missing.headers.get('x-content-type-options')]).toEqual([404, 'nosniff'])

    const { ticket } = (await (await post('/auth/ticket', {}, { Authorization: `Bearer ${token}` })).json()) as { ticket: string }
    using stream = new FetchedStream(`${regional.url}/sse?channel=kept:1&token=${ticket}`)
    expect(Object.keys((await stream.opened()).subs)).toEqual(['kept:1'])
    for (const node of [edge, regional, central]) {
      expect((await fetch(`${node.url}/sse?channel=kept:1&token=${ticket}`)).status).toBe(401)
    }
  })

  test('[T22] a request through relays is counted for the client that made it, and a stranger cannot speak for another', async () => {
    const central = await startCentral()
    central.server.route('GET', '/whoami', (_request, _params, address) => new Response(address))
    const edge = await startRelay([await startRelay([central])])
    const ask = (server: TestServer, from: string, header: string) =>
      new Promise<string>((resolve, reject) => {
        const { hostname, port } = new URL(server.url)
        const socket = createConnection({ host: hostname, port: Number(port), localAddress: from })
        let answer = ''
        socket.on('data', bytes => {
          answer += String(bytes)
        })
        socket.on('error', reject)
        socket.on('close', () => resolve(/127\.0\.0\.\d/.exec(answer)?.[0] ?? answer))
        socket.write(`GET /whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9\r\n${header}\r\n`)
      })
    expect(await ask(central, '127.0.0.7', '')).toBe('127.0.0.7')
    expect(await ask(central, '127.0.0.7', 'X-Fanfare-Node: a guess\r\n')).toBe('127.0.0.7')
    expect(await ask(edge, '127.0.0.8', '')).toBe('127.0.0.8')
  })

  test('[T23] the central node lists all nodes with their place and figures, and the edge is regional once a node hangs on it', async () => {
    const central = await startCentral()
    const clock = hurried(8)
    const west = await startRelay([central], { region: 'us' }, { clock })
    const east = await startRelay([central], { region: 'eu' }, { clock })
    const edge = await startRelay([east], { region: 'eu' }, { clock })
    for (const [server, count] of [
      [central, 1],
      [west, 2],
      [edge, 3],
    ] as const) {
      for (let n = 0; n < count; n++) await (await connect(server, `user${n}`)).subscribe('kept:1').ready()
    }
    await publish(central, 'kept:1', 1, 10)
    await until('all figures are there', () => rowOf(central, edge)?.delivered === 30 && rowOf(central, west)?.delivered === 20)
    const rows = treeOf(central).map(({ node, role, region, parent, viewers, viewersBelow, channels, delivered, relayed }) => ({
      ...{ node, role, region, parent, viewers, viewersBelow, channels, delivered, relayed },
    }))
    const id = { central: central.node.id, east: east.node.id }
    expect(rows.find(({ node }) => node === id.central)).toEqual({
      ...{
        node: id.central,
        role: 'central',
        region: '',
        parent: null,
        viewers: 1,
        viewersBelow: 5,
        channels: 1,
        delivered: 10,
        relayed: 20,
      },
    })
    expect(rows.find(({ node }) => node === west.node.id)).toMatchObject({ role: 'edge', region: 'us', parent: id.central, viewers: 2 })
    expect(rows.find(({ node }) => node === id.east)).toMatchObject({
      role: 'regional',
      viewers: 0,
      viewersBelow: 3,
      channels: 1,
      relayed: 10,
    })
    expect(rows.find(({ node }) => node === edge.node.id)).toMatchObject({ role: 'edge', parent: id.east, viewers: 3 })
    expect(rows).toHaveLength(4)
    await edge.server.close()
    await until('it is gone from the list', () => rowOf(central, edge) === undefined)
    await until('the regional one is an edge again', () => rowOf(central, east)?.role === 'edge')
  })

  test('[T24] what a parent sends does not depend on the viewers below', async () => {
    const central = await startCentral()
    const regional = await startRelay([central])
    const edge = await startRelay([regional])
    const viewers = await Promise.all(Array.from({ length: 50 }, (_, n) => connect(edge, `user${n}`)))
    const [first] = await Promise.all(viewers.map(sdk => sdk.subscribe('kept:1').ready()))
    for (let n = 1; n <= 200; n++) await central.publish('kept:1', { n })
    await first?.gets(200)
    expect(central.server.topology.children.relayed).toBe(200)
    expect(regional.server.topology.children.relayed).toBe(200)
  })

  test('[T25] a storm of joins at an edge costs one question for the channel with its history, and one of access, upstream', async () => {
    const central = await startCentral()
    let asked = 0
    central.server.authorize('room', () => {
      asked++
      return { data: { state: asked }, forEveryone: true }
    })
    await publish(central, 'room:1', 1, 100)
    const edge = await startRelay([await startRelay([central])])
    const { epoch } = (await central.server.history('room:1', { limit: 0 })).position
    const questions: string[] = []
    for (const child of central.server.topology.children.all()) {
      const { peer } = child.link ?? {}
      if (peer === undefined) continue
      const request = peer.request.bind(peer)
      peer.request = (name, input) => {
        questions.push(name)
        return request(name, input)
      }
    }
    const tokens = await Promise.all(Array.from({ length: 200 }, (_, n) => userToken(`user${n}`)))
    const clients = await Promise.all(tokens.map(token => RawClient.connect(edge.wsUrl, { token })))
    const replies = await Promise.all(
      clients.map((client, n) =>
        client.call({ subscribe: { channel: 'room:1', ...(n % 2 === 0 ? {} : { recover: true, epoch, offset: 90 }) } }),
      ),
    )
    expect(replies.filter(({ subscribe }) => subscribe?.recovered === true && subscribe.publications?.length === 10)).toHaveLength(100)
    expect(replies.filter(({ subscribe }) => JSON.stringify(subscribe?.data) === '{"state":1}')).toHaveLength(100)
    expect(asked).toBe(1)
    const count = (question: string) => questions.filter(name => name === question).length
    expect(['open', 'subscribe', 'history', 'authorize'].map(count)).toEqual([1, 0, 0, 1])
    for (const client of clients) client[Symbol.dispose]()
  })

  test('[T26] tokens are checked at the edge, with what they carry', async () => {
    const central = await startCentral()
    const edge = await startRelay([central])
    await hangsOn(edge, central)
    using raw = await RawClient.open(edge.wsUrl)
    raw.send({ id: 1, connect: { token: await sign({ sub: 'x' }, 'another-secret-that-is-32-bytes-long') } })
    expect((await raw.closes()).code).toBe(3500)
    using subscribed = await RawClient.open(edge.wsUrl)
    const reply = await subscribed.call({ connect: { token: await userToken('alice', { channels: ['kept:1'] }) } })
    expect(Object.keys(reply.connect?.subs ?? {})).toEqual(['kept:1'])
  })
})
