import { describe, expect, test } from 'bun:test'
import { BackEnd, serveWith } from '../hooks/back-end.ts'
import { api, post, testServer } from '../kit/api.ts'
import { FetchedStream, RawClient, until, userToken } from '../kit/index.ts'

/** A back end that answers a hook when it is told to. */
function held(hook: string, result: object = {}) {
  const answers: (() => void)[] = []
  const backEnd = new BackEnd().on(hook, () => new Promise(resolve => answers.push(() => resolve({ result }))))
  return {
    backEnd,
    hooks: (names = [hook]) => backEnd.hooks(names, { timeout: '60s' }),
    asked: (count = 1) => until(`${hook} was asked ${count} times`, () => answers.length >= count),
    answer() {
      for (const answer of answers.splice(0)) answer()
    },
  }
}

describe('what the server API ended before it began', () => {
  test('[F89] a subscription that is unsubscribed while the back end is asked never goes live, on a WebSocket', async () => {
    const { hooks, asked, answer } = held('subscribe')
    const server = await serveWith(hooks())
    using client = await RawClient.connect(server.wsUrl, { token: await userToken('ada') })
    client.send({ id: 100, subscribe: { channel: 'asked:a' } })
    await asked()
    expect(await api(server, 'unsubscribe', { user: 'ada', channel: 'asked:a' })).toEqual({ status: 200, body: { result: {} } })
    answer()
    expect((await client.reply(100)).error).toMatchObject({ code: 103 })
    await server.publish('asked:a', 'secret')
    await client.call({ ping: {} })
    expect(client.data('asked:a')).toEqual([])
    expect(server.node.hub.subscriptions).toBe(0)
    const again = client.call({ subscribe: { channel: 'asked:a' } })
    await asked()
    answer()
    expect((await again).error).toBeUndefined()
  })

  test('[F89] nor on an event stream, nor by a change of its watchlist', async () => {
    const { hooks, asked, answer } = held('subscribe')
    const server = await serveWith(hooks())
    const headers = { Authorization: `Bearer ${await userToken('ada')}` }
    using stream = new FetchedStream(`${server.url}/sse?channel=asked:a&channel=open:b`, headers)
    await asked()
    await api(server, 'unsubscribe', { user: 'ada', channel: 'asked:a' })
    answer()
    const { session, subs } = await stream.opened()
    expect([subs['asked:a']?.error?.code, subs['open:b']?.error]).toEqual([103, undefined])
    const change = post(server, `/sse/${session}/subscriptions`, { rev: 1, op: 'add', channels: ['asked:c'] }, headers)
    await asked()
    await api(server, 'unsubscribe', { user: 'ada', channel: 'asked:c' })
    answer()
    expect((await change).body).toMatchObject({ accepted: [], rejected: [{ channel: 'asked:c', code: 103 }] })
  })

  test('[F89] nor one whose channel is still being opened upstream', async () => {
    const server = await testServer({ channel: { namespaces: [{ name: 'open', allow_subscribe_for_client: true }] } })
    const opened = Promise.withResolvers<void>()
    const { broker } = server.node
    const open = broker.open.bind(broker)
    broker.open = async (channel, query) => {
      await opened.promise
      return await open(channel, query)
    }
    using client = await RawClient.connect(server.wsUrl, { token: await userToken('ada') })
    client.send({ id: 100, subscribe: { channel: 'open:a' } })
    await until('the channel is being opened', () => server.node.hub.subscriptions === 1)
    await api(server, 'unsubscribe', { user: 'ada', channel: 'open:a' })
    opened.resolve()
    expect((await client.reply(100)).error).toMatchObject({ code: 103 })
    expect(server.node.hub.subscriptions).toBe(0)
  })

  test('[F90] who is disconnected while it is found out who they are does not get in', async () => {
    const { hooks, asked, answer } = held('connect', { user: 'mallory', channels: ['open:a'] })
    const server = await serveWith(hooks())
    using client = await RawClient.open(server.wsUrl)
    client.send({ id: 1, connect: {} })
    using stream = new FetchedStream(`${server.url}/sse?channel=open:a`)
    await asked(2)
    await api(server, 'disconnect', { user: 'mallory' })
    answer()
    expect((await client.closes()).code).toBe(3503)
    expect((await stream.response).status).toBe(403)
    expect(server.node.sessions.size).toBe(0)
    using ada = await RawClient.open(server.wsUrl)
    ada.send({ id: 1, connect: {} })
    await asked()
    await api(server, 'disconnect', { user: 'bob' })
    answer()
    expect((await ada.reply(1)).connect?.subs).toHaveProperty('open:a')
  })

  test('[F90] a channel that is taken away while the connect hook is asked does not come with the connection', async () => {
    const { hooks, asked, answer } = held('connect', { user: 'mallory', channels: ['open:a', 'open:b'] })
    const server = await serveWith(hooks())
    using client = await RawClient.open(server.wsUrl)
    client.send({ id: 1, connect: {} })
    using stream = new FetchedStream(`${server.url}/sse`)
    await asked(2)
    await api(server, 'unsubscribe', { user: 'mallory', channel: 'open:a' })
    answer()
    expect(Object.keys((await client.reply(1)).connect?.subs ?? {})).toEqual(['open:b'])
    expect(Object.keys((await stream.opened()).subs)).toEqual(['open:b'])
  })

  test('[F90] what a back end is asked to let through is not published for whoever was sent away meanwhile', async () => {
    const { hooks, asked, answer } = held('publish')
    const server = await serveWith(hooks())
    using client = await RawClient.connect(server.wsUrl, { token: await userToken('mallory') })
    client.send({ id: 100, publish: { channel: 'asked:a', data: 1 } })
    await asked()
    await api(server, 'disconnect', { user: 'mallory' })
    answer()
    await client.closes()
    await until('the answer was taken', () => server.server.hooks.tally.count('publish', 'answered') === 1)
    expect((await server.server.history('asked:a', { limit: 0 })).position.offset).toBe(0)
  })

  test('[F160] nor into a channel out of which the server took them meanwhile; who left by themselves had the right when they asked', async () => {
    const { hooks, asked, answer } = held('publish')
    const server = await serveWith(hooks(['publish', 'subscribe']))
    using client = await RawClient.connect(server.wsUrl, { token: await userToken('mallory') })
    await client.call({ subscribe: { channel: 'asked:a' } })
    await client.call({ subscribe: { channel: 'asked:b' } })
    client.send({ id: 100, publish: { channel: 'asked:a', data: 'insult' } })
    client.send({ id: 101, unsubscribe: { channel: 'asked:b' } })
    await asked()
    await api(server, 'unsubscribe', { user: 'mallory', channel: 'asked:a' })
    answer()
    expect((await client.reply(100)).error).toMatchObject({ code: 103 })
    expect((await server.server.history('asked:a', { limit: 0 })).position.offset).toBe(0)
    await client.reply(101)
    client.send({ id: 102, publish: { channel: 'asked:b', data: 'goodbye' } })
    await asked()
    answer()
    expect((await client.reply(102)).error).toBeUndefined()
  })
})
