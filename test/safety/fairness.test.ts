import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { BackEnd, serveWith } from '../hooks/back-end.ts'
import { post, testServer } from '../kit/api.ts'
import { FetchedStream, RawClient, type TestServer, until, userToken } from '../kit/index.ts'

const channelsOf = (count: number, name = 'asked:c') => Array.from({ length: count }, (_, n) => `channel=${name}${n}`).join('&')
const as = async (user: string) => ({ Authorization: `Bearer ${await userToken(user)}` })
const wsOf = (server: TestServer) => server.wsUrl

/** A back end that answers when it is told to. */
class HeldBackEnd extends BackEnd {
  readonly #held: (() => void)[] = []

  holding(hook: string): this {
    return this.on(hook, () => new Promise(resolve => this.#held.push(() => resolve({ result: {} }))))
  }

  /** Questions that wait for their answer. */
  get held(): number {
    return this.#held.length
  }

  answer(count = this.#held.length): void {
    for (const answer of this.#held.splice(0, count)) answer()
  }

  usersOf(hook: string): unknown[] {
    return this.of(hook).map(({ body }) => body.user)
  }
}

describe('questions to a back end', () => {
  test('[F82] a stranger whom nothing lets in has no question asked, whatever number of channels they name', async () => {
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(['subscribe', 'rpc']))
    const response = await fetch(`${server.url}/sse?${channelsOf(100)}`)
    expect(response.status).toBe(403)
    const rpc = await post(server, '/rpc/orders.place', {})
    expect(rpc.status).toBe(401)
    expect(backEnd.asked).toHaveLength(0)
    expect(server.node.sessions.size).toBe(0)
  })

  test('[F83] channels that are being asked about count as channels: two changes at once get no more than the stream can hold', async () => {
    const backEnd = new HeldBackEnd().holding('subscribe')
    const server = await serveWith(backEnd.hooks(['subscribe'], { timeout: '60s' }))
    const headers = await as('mallory')
    using stream = new FetchedStream(`${server.url}/sse?${channelsOf(1)}`, headers)
    await until('it is asked', () => backEnd.held > 0)
    backEnd.answer()
    const { session } = await stream.opened()
    const { channelsPerSessionMax } = server.node.limits
    const change = (name: string) => ({ rev: 1, op: 'add', channels: Array.from({ length: 90 }, (_, n) => `asked:${name}${n}`) })
    const path = `/sse/${session}/subscriptions`
    let isOver = false
    const both = Promise.all(['x', 'y'].map(name => post(server, path, change(name), headers))).finally(() => {
      isOver = true
    })
    await until('both are over', () => {
      if (backEnd.held > 0) backEnd.answer()
      return isOver
    })
    await both
    expect(backEnd.of('subscribe').length).toBeLessThanOrEqual(channelsPerSessionMax)
    expect(backEnd.of('subscribe').length).toBeGreaterThan(90)
  })

  test('[F121] a stream that names more channels than a session may have is refused as a whole, before anything is looked at', async () => {
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(['subscribe']))
    for (const headers of [{}, await as('mallory')]) {
      const response = await fetch(`${server.url}/sse?${channelsOf(500)}`, { headers })
      expect([response.status, await response.json()]).toMatchObject([
        413,
        { error: { code: 106, message: expect.stringContaining('channel: at most 128 of them, and not 500') } },
      ])
    }
    expect(backEnd.asked).toHaveLength(0)
    expect(server.node.sessions.size).toBe(0)
  })

  test('[F84] every channel of a stream or a watchlist is charged to its user, before anything is asked', async () => {
    const backEnd = new BackEnd()
    const namespaces = [{ name: 'asked', subscribe_hook: true, allow_subscribe_for_client: true }]
    const client = { user_command_rate: { per_second: 1, burst: 60 } }
    const server = await testServer({ hooks: backEnd.hooks(['subscribe']), channel: { namespaces }, client })
    const headers = await as('mallory')
    using stream = new FetchedStream(`${server.url}/sse?${channelsOf(50)}`, headers)
    const { session } = await stream.opened()
    expect(backEnd.asked).toHaveLength(50)
    expect((await fetch(`${server.url}/sse?${channelsOf(50)}`, { headers })).status).toBe(429)
    const change = { rev: 1, op: 'add', channels: Array.from({ length: 50 }, (_, n) => `asked:d${n}`) }
    expect((await post(server, `/sse/${session}/subscriptions`, change, headers)).status).toBe(429)
    expect(backEnd.asked).toHaveLength(50)
  })

  test('[K30] a user’s question is asked though another’s thousand have no answer yet, and none of them is lost', async () => {
    const backEnd = new HeldBackEnd().holding('subscribe')
    const server = await serveWith(backEnd.hooks(['subscribe'], { timeout: '60s' }))
    const streams = await Promise.all(
      Array.from(
        { length: 8 },
        async (_, n) => new FetchedStream(`${server.url}/sse?${channelsOf(128, `asked:${n}-`)}`, await as('mallory')),
      ),
    )
    await until('the back end is busy', () => backEnd.held >= 64)
    using ada = await RawClient.connect(wsOf(server), { token: await userToken('ada') })
    ada.send({ id: 100, subscribe: { channel: 'asked:ada' } })
    await until('ada’s question is there', () => backEnd.usersOf('subscribe').includes('ada'))
    expect(backEnd.usersOf('subscribe').filter(user => user === 'mallory')).toHaveLength(64)
    while (backEnd.of('subscribe').length < 8 * 128 + 1 || backEnd.held > 0) {
      await until('more is asked', () => backEnd.held > 0)
      backEnd.answer()
    }
    expect((await ada.reply(100)).error).toBeUndefined()
    for (const stream of streams) {
      expect(Object.values((await stream.opened()).subs).every(({ error }) => error === undefined)).toBe(true)
      stream[Symbol.dispose]()
    }
  })
})

describe('commands of services', () => {
  /** A server with commands that end when they are told to. */
  async function withCommands() {
    const server = await testServer()
    const begun: { readonly user: string; readonly end: () => void }[] = []
    for (const [name, weight] of [
      ['try.light', 1],
      ['try.heavy', 16],
    ] as const) {
      server.server.command(
        name,
        z.object({}),
        (_input, { user }) => new Promise(resolve => begun.push({ user, end: () => resolve({}) })),
        { weight },
      )
    }
    const of = (user: string) => begun.filter(entry => entry.user === user)
    return { server, begun, of }
  }

  test('[F85] one heavy command of a user is under way at a time, over all connections and HTTP, and does not keep others from theirs', async () => {
    const { server, begun, of } = await withCommands()
    const token = await userToken('mallory')
    using one = await RawClient.connect(wsOf(server), { token })
    using other = await RawClient.connect(wsOf(server), { token })
    for (let id = 101; id < 104; id++) for (const client of [one, other]) client.send({ id, rpc: { method: 'try.heavy', data: {} } })
    const overHttp = post(server, '/rpc/try.heavy', {}, await as('mallory'))
    using ada = await RawClient.connect(wsOf(server), { token: await userToken('ada') })
    ada.send({ id: 100, rpc: { method: 'try.heavy', data: {} } })
    await until('ada’s has begun', () => of('ada').length === 1)
    for (let count = 1; count <= 7; count++) {
      await until(`${count} of mallory’s have begun`, () => of('mallory').length === count)
      expect(server.node.calls.underWay).toBe(32)
      of('mallory')[count - 1]?.end()
    }
    begun[0]?.end()
    of('ada')[0]?.end()
    expect((await overHttp).status).toBe(200)
    expect((await ada.reply(100)).error).toBeUndefined()
  })

  test('[F86] sixteen light ones of a user are under way at a time, the rest wait in order', async () => {
    const { server, of } = await withCommands()
    using client = await RawClient.connect(wsOf(server), { token: await userToken('mallory') })
    client.send(Array.from({ length: 40 }, (_, n) => JSON.stringify({ id: 100 + n, rpc: { method: 'try.light', data: {} } })).join('\n'))
    for (let ended = 0; ended < 40; ended++) {
      await until(`${ended} have ended`, () => of('mallory').length === Math.min(40, ended + 16))
      of('mallory')[ended]?.end()
    }
    const answered = () => client.messages.flatMap(({ id = 0 }) => (id >= 100 ? [id] : []))
    await until('all are answered', () => answered().length === 40)
    expect(answered()).toEqual(Array.from({ length: 40 }, (_, n) => 100 + n))
  })

  test('[F87] a command is charged by its weight', async () => {
    const server = await testServer({ client: { user_command_rate: { per_second: 1, burst: 50 } } })
    server.server.command('try.heavy', z.object({}), () => ({}), { weight: 20 })
    const headers = await as('mallory')
    const statuses: number[] = []
    for (let n = 0; n < 4; n++) statuses.push((await post(server, '/rpc/try.heavy', {}, headers)).status)
    expect(statuses).toEqual([200, 200, 429, 429])
    expect((await post(server, '/rpc/try.heavy', {}, await as('ada'))).status).toBe(200)
    expect(() => server.server.command('try.none', z.object({}), () => ({}), { weight: 0 })).toThrow('weight')
  })

  test('[F88] whoever asks for little is answered between the steps of heavy commands, not after all of them', async () => {
    const server = await testServer()
    let steps = 0
    server.server.command(
      'try.steps',
      z.object({}),
      async (_input, { pause }) => {
        for (let n = 0; n < 10_000; n++) {
          steps++
          await pause()
        }
        return {}
      },
      { weight: 50 },
    )
    server.server.command('try.light', z.object({}), () => ({ steps }))
    using ada = await RawClient.connect(wsOf(server), { token: await userToken('ada') })
    using mallory = await RawClient.connect(wsOf(server), { token: await userToken('mallory') })
    mallory.send(Array.from({ length: 40 }, (_, n) => JSON.stringify({ id: 100 + n, rpc: { method: 'try.steps', data: {} } })).join('\n'))
    await until('they have begun', () => steps > 0)
    const seen = (await ada.call({ rpc: { method: 'try.light', data: {} } })).rpc as { data: { steps: number } }
    expect(seen.data.steps).toBeLessThan(40 * 10_000)
    mallory.socket.close()
    await until('mallory has gone', () => server.node.sessions.size === 1)
    await until('what waited for a connection that is gone is not done', () => server.node.calls.underWay === 0)
    expect(steps).toBeLessThan(40 * 10_000)
  })
})
