import { afterEach, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { CommandError } from '../../src/index.ts'
import { FetchedStream, inbox, RawClient, Rows, Sdk, type TestServer, until, userToken } from '../kit/index.ts'
import { cableTo, endAll, rowOf, startCentral, startRelay, upTo } from '../kit/servers/tree.ts'

afterEach(endAll)

async function startInboxes() {
  const rows = new Rows()
  const central = await startCentral()
  const { server } = central
  server.namespace({ ...inbox, allowedDeltaTypes: ['fossil'], deltaPublish: true })
  server.provideHistory('inbox', rows)
  server.authorize('inbox', ({ channel, user }) => channel === `inbox:${user}`)
  server.onConnect(async ({ user }, data) => (data === undefined ? undefined : { subs: { [`inbox:${user}`]: {} } }))
  const post = (n: number) => central.publish('inbox:alice', { n }, { at: rows.add('inbox:alice', { n }) })
  for (let n = 1; n <= 10; n++) await post(n)
  return { central, post }
}

async function raw(server: TestServer, user = 'alice') {
  const client = await RawClient.open(server.wsUrl)
  const { connect } = await client.call({ connect: { token: await userToken(user), data: {} } })
  return { client, id: connect?.client ?? '' }
}

const old = upTo(4).map((data, index) => ({ data, offset: index + 1 }))

describe('a push to one client', () => {
  test('[A54] reaches that client alone, in order and beside the live ones, on whichever node it is', async () => {
    const { central, post } = await startInboxes()
    const regional = await startRelay([central])
    const edge = await startRelay([regional])
    let top = 10
    for (const node of [central, regional, edge]) {
      const [phone, tablet] = await Promise.all([raw(node), raw(node)])
      await post(++top)
      const pushed = central.server.push(phone.id, 'inbox:alice', old.slice(0, 2))
      const next = central.server.push(phone.id, 'inbox:alice', old.slice(2))
      await post(++top)
      expect(await Promise.all([pushed, next])).toEqual([true, true])
      await until('all came', () => phone.client.publications('inbox:alice').length === 6 && tablet.client.data('inbox:alice').length === 2)
      expect(phone.client.publications('inbox:alice').map(({ offset }) => offset)).toEqual([top - 1, 1, 2, 3, 4, top])
      expect(phone.client.data('inbox:alice').slice(1, 5)).toEqual(upTo(4))
      expect(tablet.client.data('inbox:alice')).toEqual([{ n: top - 1 }, { n: top }])
      for (const { client } of [phone, tablet]) client[Symbol.dispose]()
    }
    expect(await central.server.push('nobody', 'inbox:alice', old)).toBe(false)
  })

  test('[A54] a client that is not subscribed, or not yet, gets nothing, and the service is told so', async () => {
    const { central } = await startInboxes()
    const edge = await startRelay([central])
    const { client, id } = await raw(edge)
    const bob = await raw(edge, 'bob')
    expect(await central.server.push(bob.id, 'inbox:alice', old)).toBe(false)
    expect(await central.server.push(id, 'inbox:bob', old)).toBe(false)
    expect(await central.server.push(id, 'room:1', old)).toBe(false)
    client[Symbol.dispose]()
    await until('it is gone', async () => !(await central.server.push(id, 'inbox:alice', old)))
    expect(bob.client.pushes()).toEqual([])
    bob.client[Symbol.dispose]()
  })

  test('[A54] the SDK gets it as a publication; it counts as delivered', async () => {
    const { central } = await startInboxes()
    const edge = await startRelay([central])
    using alice = new Sdk(edge.wsUrl, { token: await userToken('alice'), data: {} })
    const got: unknown[] = []
    let id = ''
    alice.client.on('publication', ({ channel, data, offset }) => got.push([channel, data, offset]))
    alice.client.on('connected', ({ client }) => {
      id = client
    })
    await alice.connect()
    const before = edge.node.counters.delivered
    expect(await central.server.push(id, 'inbox:alice', old)).toBe(true)
    await until('it came', () => got.length === 4)
    expect(got).toEqual(upTo(4).map((data, index) => ['inbox:alice', data, index + 1]))
    expect(edge.node.counters.delivered - before).toBe(4)
  })

  test('[A55] moves no position: who resumes an event stream afterwards gets what came after its cursor, once', async () => {
    const { central, post } = await startInboxes()
    const url = `${central.url}/sse?channel=inbox:alice&token=${await userToken('alice')}`
    using stream = new FetchedStream(url)
    const { client } = await stream.opened()
    await post(11)
    await until('it came', () => stream.data('inbox:alice').length === 1)
    const cursor = stream.lastEventId
    await central.server.push(client, 'inbox:alice', old)
    await until('the old ones came', () => stream.data('inbox:alice').length === 5)
    expect(stream.lastEventId).toBe(cursor)
    stream[Symbol.dispose]()
    await post(12)
    using again = new FetchedStream(url, { 'Last-Event-ID': cursor })
    const { subs } = await again.opened()
    expect(subs['inbox:alice']).toMatchObject({ recovered: true, offset: 11 })
    expect(subs['inbox:alice']?.publications?.map(({ offset }) => offset)).toEqual([12])
  })

  test('[A55] the next delta is not built on what only one client got', async () => {
    const { central, post } = await startInboxes()
    using alice = new Sdk(central.wsUrl, { token: await userToken('alice') })
    let id = ''
    alice.client.on('connected', ({ client }) => {
      id = client
    })
    await alice.connect()
    const subscription = await alice.subscribe('inbox:alice', { delta: 'fossil' }).ready()
    await post(11)
    await post(12)
    await subscription.gets(2)
    await central.server.push(id, 'inbox:alice', old)
    await post(13)
    await post(14)
    expect(await subscription.gets(8)).toEqual([{ n: 11 }, { n: 12 }, ...upTo(4), { n: 13 }, { n: 14 }])
  })

  test('[A54] a node whose link is down at the moment does not hold up the service for long', async () => {
    const { central } = await startInboxes()
    const cable = await cableTo(central)
    const edge = await startRelay([cable])
    const { client, id } = await raw(edge)
    expect(await central.server.push(id, 'inbox:alice', old)).toBe(true)
    cable.pull()
    expect(await central.server.push(id, 'inbox:alice', old)).toBe(false)
    cable.plug()
    await until('it is there again', () => central.server.push(id, 'inbox:alice', old))
    client[Symbol.dispose]()
  })
})

describe('a service that ends subscriptions', () => {
  test('[A58] ends those of one user to one channel on every node, and the clients are told', async () => {
    const { central } = await startInboxes()
    const edge = await startRelay([central])
    const clients = await Promise.all([raw(central), raw(edge), raw(edge, 'bob')])
    for (const { client } of clients) expect((await client.call({ subscribe: { channel: 'room:1' } })).error).toBeUndefined()
    await central.server.unsubscribe('alice', 'room:1')
    const [here, there, bob] = clients
    for (const one of [here, there])
      await until('it is told', () => one?.client.pushes('room:1').some(({ unsubscribe }) => unsubscribe?.code === 2000))
    await central.publish('room:1', 'for bob')
    await until('bob got it', () => bob?.client.data('room:1').length === 1)
    expect([here?.client.data('room:1'), there?.client.data('room:1')]).toEqual([[], []])
    expect(bob?.client.pushes('room:1').some(({ unsubscribe }) => unsubscribe !== undefined)).toBe(false)
    for (const { client } of clients) client[Symbol.dispose]()
  })
})

describe('a command called through a relay', () => {
  test('[A56] says which client calls, and listeners at the central node hear of that client by the same id and user', async () => {
    const { central } = await startInboxes()
    const edge = await startRelay([await startRelay([central])])
    central.server.command('whoami', z.object({}), (_, { user, client }) => ({ user, client: client ?? 'none' }))
    const heard: unknown[] = []
    central.server.on('connect', ({ client: { client, user } }) => void heard.push(['connect', client, user]))
    central.server.on('disconnect', ({ client: { client, user }, code }) => void heard.push(['disconnect', client, user, code]))
    await until('the edge knows that someone listens', () => rowOf(central, edge) !== undefined)
    for (const node of [central, edge]) {
      heard.length = 0
      const { client, id } = await raw(node)
      expect((await client.call({ rpc: { method: 'whoami' } })).rpc).toEqual({ data: { user: 'alice', client: id } })
      const answer = await fetch(`${node.url}/rpc/whoami`, {
        method: 'POST',
        body: '{}',
        headers: { Authorization: `Bearer ${await userToken('alice')}` },
      })
      expect(await answer.json()).toEqual({ user: 'alice', client: 'none' })
      client[Symbol.dispose]()
      await until('its end is heard', () => heard.length === 2)
      expect(heard).toEqual([
        ['connect', id, 'alice'],
        ['disconnect', id, 'alice', 3000],
      ])
    }
  })

  test('[A57] an error may say when to try again: in the reply, and over HTTP in Retry-After, whole seconds rounded up, with its code as status', async () => {
    const { central } = await startInboxes()
    const edge = await startRelay([central])
    const slow = ({ ms }: { ms: number }) => {
      throw new CommandError({ code: 429, message: 'rate_limited', temporary: true, retryAfterMs: ms }, 'wait')
    }
    const gone = () => {
      throw new CommandError({ code: 410, message: 'gone' })
    }
    central.server.command('slow', z.object({ ms: z.int() }), slow, { anonymous: true })
    central.server.command('gone', z.object({}), gone, { anonymous: true })
    for (const node of [central, edge]) {
      const { client } = await raw(node)
      const error = { code: 429, message: 'rate_limited: wait', temporary: true, retry_after_ms: 1200 }
      expect((await client.call({ rpc: { method: 'slow', data: { ms: 1200 } } })).error).toEqual(error)
      expect((await client.call({ rpc: { method: 'gone' } })).error).toEqual({ code: 410, message: 'gone' })
      client[Symbol.dispose]()
      for (const [ms, seconds] of [
        [1200, '2'],
        [1000, '1'],
        [5, '1'],
      ] as const) {
        const answer = await fetch(`${node.url}/rpc/slow`, { method: 'POST', body: JSON.stringify({ ms }) })
        expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, seconds])
        expect(await answer.json()).toEqual({ error: { ...error, retry_after_ms: ms } })
      }
      const gone = await fetch(`${node.url}/rpc/gone`, { method: 'POST', body: '{}' })
      expect([gone.status, gone.headers.get('retry-after')]).toEqual([410, null])
    }
  })
})
