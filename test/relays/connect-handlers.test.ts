import { afterEach, describe, expect, test } from 'bun:test'
import { CommandError, type Json } from '../../src/index.ts'
import { inbox, RawClient, Rows, Sdk, type TestServer, until, userToken } from '../kit/index.ts'
import { endAll, hurried, startCentral, startRelay, upTo } from '../kit/servers/tree.ts'

afterEach(endAll)

/** A central node that gives everyone an inbox, from where their device stands. */
async function startWithHandler() {
  const rows = new Rows()
  const acked = new Map<string, number>()
  const asked: Json[] = []
  const central = await startCentral()
  const { server } = central
  server.namespace(inbox)
  server.provideHistory('inbox', rows)
  server.authorize('inbox', () => false)
  server.onConnect(async ({ client, user, transport }, data) => {
    asked.push({ client, user, transport, data: data ?? null })
    const device = Object(data).device
    if (device === 'stolen') throw new CommandError({ code: 403, message: 'device_unlinked' }, 'link it again')
    if (typeof device !== 'string') return undefined
    const offset = acked.get(device)
    const since = offset === undefined ? {} : { since: { epoch: rows.epoch, offset } }
    return { subs: { [`inbox:${user}`]: { ...since, data: { device, top: rows.top(`inbox:${user}`) } } }, data: { durability: 'memory' } }
  })
  const post = (n: number) => central.publish('inbox:alice', { n }, { at: rows.add('inbox:alice', { n }) })
  return { central, rows, acked, asked, post }
}

async function raw(server: TestServer, data: Json, more: object = {}) {
  const client = await RawClient.open(server.wsUrl)
  const reply = await client.call({ connect: { token: await userToken('alice'), data, ...more } })
  return { client, reply, inbox: reply.connect?.subs?.['inbox:alice'] }
}

/** A client on the published SDK, with what it heard of the subscriptions that the server made. */
async function follow(server: TestServer, data: Json) {
  const sdk = new Sdk(server.wsUrl, { token: await userToken('alice'), data })
  const heard: unknown[] = []
  sdk.client.on('subscribed', ({ channel, recovered, wasRecovering, data }) => heard.push({ channel, recovered, wasRecovering, data }))
  sdk.client.on('publication', ({ data, offset }) => heard.push([offset, data]))
  await sdk.connect()
  return { sdk, heard, [Symbol.dispose]: () => sdk[Symbol.dispose]() }
}

describe('a session with a connect handler', () => {
  test('[A51] gets its subscriptions in the connect reply, with everything since where the service says, on the SDK, at the central node and an edge', async () => {
    const { central, acked, post } = await startWithHandler()
    const edge = await startRelay([await startRelay([central])])
    for (let n = 1; n <= 5; n++) await post(n)
    acked.set('phone', 2)
    for (const [index, node] of [central, edge].entries()) {
      using alice = await follow(node, { device: 'phone' })
      const top = 5 + index
      await until('what was missed came', () => alice.heard.length === 1 + top - 2)
      expect(alice.heard[0]).toEqual({ channel: 'inbox:alice', recovered: true, wasRecovering: true, data: { device: 'phone', top } })
      expect(alice.heard.slice(1)).toEqual(upTo(top - 2, 3).map((data, at) => [at + 3, data]))
      await post(top + 1)
      await until('the new one came', () => alice.heard.length === 2 + top - 2)
      expect(alice.heard.at(-1)).toEqual([top + 1, { n: top + 1 }])
    }
  })

  test('[A51] the handler is told the user and the client’s data; a session that it does not know goes its own way', async () => {
    const { central, asked } = await startWithHandler()
    const edge = await startRelay([central])
    for (const node of [central, edge]) {
      asked.length = 0
      const { client, reply, inbox } = await raw(node, { device: 'phone' })
      expect(asked).toEqual([{ client: reply.connect?.client ?? '', user: 'alice', transport: 'websocket', data: { device: 'phone' } }])
      expect(reply.connect?.data).toEqual({ durability: 'memory' })
      expect(inbox).toMatchObject({ recoverable: true, recovered: false, was_recovering: false, epoch: 'mine', offset: 0 })
      expect((await client.call({ unsubscribe: { channel: 'inbox:alice' } })).error?.code).toBe(103)
      client[Symbol.dispose]()
      const other = await raw(node, null)
      expect(other.reply.connect?.subs).toBeUndefined()
      expect(other.reply.connect?.data).toBeUndefined()
      other.client[Symbol.dispose]()
    }
  })

  test('[A52] what the service says counts more than what the client asks for; where it says nothing, the client’s wish counts', async () => {
    const { central, rows, acked, post } = await startWithHandler()
    const edge = await startRelay([central])
    for (let n = 1; n <= 6; n++) await post(n)
    const wish = { subs: { 'inbox:alice': { recover: true, epoch: 'mine', offset: 5 } } }
    for (const node of [central, edge]) {
      acked.set('phone', 3)
      const by = await raw(node, { device: 'phone' }, wish)
      expect(by.inbox?.publications?.map(({ offset }) => offset)).toEqual([4, 5, 6])
      const wished = await raw(node, { device: 'tablet' }, wish)
      expect(wished.inbox?.publications?.map(({ offset }) => offset)).toEqual([6])
      rows.forget('inbox:alice', 1)
      acked.set('phone', 0)
      const late = await raw(node, { device: 'phone' }, wish)
      expect(late.inbox).toMatchObject({ recovered: false, was_recovering: true, offset: 6, data: { device: 'phone' } })
      expect(late.inbox?.publications).toBeUndefined()
      for (const { client } of [by, wished, late]) client[Symbol.dispose]()
    }
  })

  test('[A53] a handler that refuses refuses the connection, which may ask again; one that fails is error 100 without its words', async () => {
    const { central } = await startWithHandler()
    const edge = await startRelay([central])
    central.server.onConnect(async (_client, data) => {
      if (Object(data).device === 'broken') throw new Error('the password is hunter2')
      return { subs: { 'room:lobby': {} }, data: { motd: 'hello' } }
    })
    const connects: string[] = []
    central.server.on('connect', ({ client }) => void connects.push(client.client))
    for (const node of [central, edge]) {
      const { client, reply } = await raw(node, { device: 'stolen' })
      expect(reply.error).toEqual({ code: 403, message: 'device_unlinked: link it again' })
      const broken = await client.call({ connect: { token: await userToken('alice'), data: { device: 'broken' } } })
      expect(broken.error).toEqual({ code: 100, message: 'internal server error', temporary: true })
      expect(connects).toEqual([])
      const { connect } = await client.call({ connect: { token: await userToken('alice'), data: { device: 'phone' } } })
      expect(Object.keys(connect?.subs ?? {})).toEqual(['inbox:alice', 'room:lobby'])
      expect(connect?.data).toEqual({ durability: 'memory', motd: 'hello' })
      await until('it is told once', () => connects.length === 1)
      connects.length = 0
      client[Symbol.dispose]()
    }
    using strange = (await raw(central, null)).client
    expect(strange.closedWith).toBeUndefined()
  })

  test('[A53] a handler that does not answer is an error that lets the client try again, before its connection is closed for good', async () => {
    const central = await startCentral({}, { clock: hurried(20) })
    central.server.onConnect(() => new Promise(() => undefined))
    const { client, reply } = await raw(central, {})
    expect(reply.error).toMatchObject({ code: 100, temporary: true })
    expect(client.closedWith).toBeUndefined()
    client[Symbol.dispose]()
  })

  test('[A51] nothing is lost or repeated while everyone connects and the service publishes', async () => {
    const { central, acked, post } = await startWithHandler()
    const edge = await startRelay([central])
    acked.set('phone', 0)
    const publishing = (async () => {
      for (let n = 1; n <= 120; n++) {
        await post(n)
        if (n % 3 === 0) await Bun.sleep(1)
      }
    })()
    const clients = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        await Bun.sleep(index * 3)
        return raw(index % 2 === 0 ? central : edge, { device: 'phone' })
      }),
    )
    await publishing
    for (const { client, inbox } of clients) {
      const recovered = inbox?.publications ?? []
      await until('all came', () => recovered.length + client.publications('inbox:alice').length >= 120)
      expect([...recovered, ...client.publications('inbox:alice')].map(({ offset }) => offset)).toEqual(
        Array.from({ length: 120 }, (_, index) => index + 1),
      )
      client[Symbol.dispose]()
    }
  })
})
