import { afterEach, describe, expect, test } from 'bun:test'
import { inbox, RawClient, Rows, type TestServer, until, userToken } from '../kit/index.ts'
import { connect, endAll, startCentral, startRelay, upTo } from '../kit/servers/tree.ts'

afterEach(endAll)

/** A central node whose inboxes a service keeps, with `count` entries in alice's. */
async function startKeeping(count = 0) {
  const rows = new Rows()
  const central = await startCentral()
  central.server.namespace(inbox)
  central.server.provideHistory('inbox', rows)
  central.server.authorize('inbox', ({ channel, user }) => channel === `inbox:${user}`)
  const post = (n: number) => central.publish('inbox:alice', { n }, { at: rows.add('inbox:alice', { n }) })
  for (let n = 1; n <= count; n++) await post(n)
  return { central, rows, post }
}

async function raw(server: TestServer, connect: object = {}) {
  return RawClient.connect(server.wsUrl, { token: await userToken('alice'), ...connect })
}

describe('histories that a service keeps', () => {
  test('[A47] publications stand where the history provider put them, live and recovered, at the central node, an edge and an edge of an edge', async () => {
    const { central, post } = await startKeeping(5)
    const regional = await startRelay([central])
    const edge = await startRelay([regional])
    for (const node of [central, regional, edge]) {
      const sdk = await connect(node)
      const subscription = await sdk.subscribe('inbox:alice', { since: { epoch: 'mine', offset: 2 } }).ready()
      expect(subscription.recoveries).toEqual([{ recovered: true, wasRecovering: true }])
      expect(await subscription.gets(3)).toEqual(upTo(3, 3))
      expect(subscription.publications.map(({ offset }) => offset)).toEqual([3, 4, 5])
      sdk.client.disconnect()
    }
    const sdk = await connect(edge)
    const subscription = await sdk.subscribe('inbox:alice').ready()
    expect(await post(6)).toEqual({ epoch: 'mine', offset: 6 })
    await post(7)
    expect(await subscription.gets(2)).toEqual(upTo(2, 6))
    const { offset, epoch } = await central.server.history('inbox:alice', { limit: 0 }).then(({ position }) => position)
    expect([offset, epoch]).toEqual([7, 'mine'])
    const page = await edge.server.history('inbox:alice', { since: { epoch: 'mine', offset: 3 }, limit: 2 })
    expect(page.publications.map(({ data }) => data)).toEqual(upTo(2, 4))
  })

  test('[A48] what is not kept any more, or of another history, is recovered false and no part of it, on every node', async () => {
    const { central, rows } = await startKeeping(8)
    rows.forget('inbox:alice', 4)
    const edge = await startRelay([central])
    for (const node of [central, edge]) {
      using client = await raw(node)
      for (const since of [
        { epoch: 'mine', offset: 2 },
        { epoch: 'another', offset: 6 },
        { epoch: 'mine', offset: 99 },
      ]) {
        const { subscribe } = await client.call({ subscribe: { channel: 'inbox:alice', recover: true, ...since } })
        expect(subscribe).toMatchObject({ recovered: false, was_recovering: true, epoch: 'mine', offset: 8 })
        expect(subscribe?.publications).toBeUndefined()
        await client.call({ unsubscribe: { channel: 'inbox:alice' } })
      }
      const { subscribe } = await client.call({ subscribe: { channel: 'inbox:alice', recover: true, epoch: 'mine', offset: 4 } })
      expect(subscribe).toMatchObject({ recovered: true, offset: 4 })
      expect(subscribe?.publications?.map(({ offset }) => offset)).toEqual([5, 6, 7, 8])
    }
  })

  test('[A49] publications that reach the server out of order reach every follower in order, once', async () => {
    const { central, rows } = await startKeeping(2)
    const edge = await startRelay([central])
    const clients = [await raw(central), await raw(edge)]
    for (const client of clients) await client.call({ subscribe: { channel: 'inbox:alice' } })
    for (let n = 3; n <= 60; n += 3) {
      const places = [n, n + 1, n + 2].map(each => ({ n: each, at: rows.add('inbox:alice', { n: each }) }))
      // Each was committed before; that their publishes overtake each other is as it goes.
      for (const { n: each, at } of places.reverse()) void central.publish('inbox:alice', { n: each }, { at })
      if (n % 4 === 0) await Bun.sleep(1)
    }
    for (const client of clients) {
      await until('all came', () => client.publications('inbox:alice').length === 60)
      await Bun.sleep(20)
      expect(client.publications('inbox:alice').map(({ offset }) => offset)).toEqual(Array.from({ length: 60 }, (_, index) => index + 3))
      client[Symbol.dispose]()
    }
  })

  test('[A47] an edge keeps no copy: an inbox is opened without reading it, and the provider is asked for what is missing alone', async () => {
    const { central, rows, post } = await startKeeping(20)
    const edge = await startRelay([central])
    rows.asked.length = 0
    using client = await raw(edge)
    await client.call({ subscribe: { channel: 'inbox:alice', recover: true, epoch: 'mine', offset: 18 } })
    // Where the channel stands when it is granted and when the edge opens it, and what the newcomer missed.
    expect(rows.asked).toEqual(['inbox:alice - 0', 'inbox:alice - 0', expect.stringMatching(/^inbox:alice 18 \d+$/)])
    rows.asked.length = 0
    await post(21)
    await until('it came', () => client.publications('inbox:alice').length === 1)
    expect(rows.asked).toEqual([])
  })

  test('[A50] without a place it is delivered without one; nobody else may give places, and nobody removes what a service keeps', async () => {
    const { central } = await startKeeping(1)
    using client = await raw(central)
    await client.call({ subscribe: { channel: 'inbox:alice' } })
    expect(await central.publish('inbox:alice', 'a sign')).toEqual({ epoch: '', offset: 0 })
    await until('it came', () => client.publications('inbox:alice').length === 1)
    expect(client.publications('inbox:alice')).toEqual([{ data: 'a sign' }])
    await expect(central.publish('kept:1', 1, { at: { epoch: 'mine', offset: 7 } })).rejects.toMatchObject({ code: 107 })
    await expect(central.node.broker.removeHistory('inbox:alice')).rejects.toMatchObject({ code: 108 })
    expect((await central.server.history('inbox:alice', { limit: -1 })).publications).toHaveLength(1)
  })

  test('[A48] a provider that fails is error 100, temporary, and the next attempt gets everything', async () => {
    const { central, rows } = await startKeeping(3)
    using client = await raw(central)
    const history = rows.history.bind(rows)
    rows.history = () => Promise.reject(new Error('the disk is full of hunter2'))
    const refused = await client.call({ subscribe: { channel: 'inbox:alice', recover: true, epoch: 'mine', offset: 1 } })
    expect(refused.error).toEqual({ code: 100, message: 'internal server error', temporary: true })
    rows.history = history
    const { subscribe } = await client.call({ subscribe: { channel: 'inbox:alice', recover: true, epoch: 'mine', offset: 1 } })
    expect(subscribe?.publications?.map(({ offset }) => offset)).toEqual([2, 3])
  })
})
