import { describe, expect, test } from 'bun:test'
import { BackEnd } from '../hooks/back-end.ts'
import { api, atEnd, connectAs, RawClient, subscribeTo, testServer, until, userToken } from '../kit/api.ts'
import { serveNews } from './news.ts'

describe('publishing', () => {
  test('[A8] publish answers the position and reaches the subscribers with its tags', async () => {
    const server = await serveNews()
    const client = await connectAs(server, 'alice')
    const subscription = client.newSubscription('news:a')
    const got: unknown[] = []
    subscription.on('publication', ({ data, tags, offset }) => got.push({ data, tags, offset }))
    subscription.subscribe()
    await subscription.ready()
    const { body } = await api(server, 'publish', { channel: 'news:a', data: { text: 'hi' }, tags: { lang: 'en' } })
    expect(body).toEqual({ result: { offset: 1, epoch: expect.any(String) } })
    await until('got has 1', () => got.length === 1)
    expect(got).toEqual([{ data: { text: 'hi' }, tags: { lang: 'en' }, offset: 1 }])
  })

  test('[A8] where no history is kept the result is empty, and data may be any JSON, null too', async () => {
    const server = await serveNews()
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'plain:a')
    for (const data of [null, false, 0, '', [], 'text'])
      expect((await api(server, 'publish', { channel: 'plain:a', data })).body).toEqual({ result: {} })
    await until('got has 6', () => got.length === 6)
    expect(got).toEqual([null, false, 0, '', [], 'text'])
  })

  test('[A80] data larger than half of what may wait for a client is refused with 106 and the sum, in a broadcast as a whole, and by a hook', async () => {
    const backEnd = new BackEnd().on('publish', () => ({ result: { data: 'y'.repeat(70_000) } }))
    const server = await testServer({
      client: { queue_max_size: 131_072 },
      hooks: backEnd.hooks(['publish']),
      channel: {
        namespaces: [
          { name: 'plain', allow_subscribe_for_client: true },
          { name: 'asked', publish_hook: true },
        ],
      },
    })
    const words =
      'limit exceeded: data: at most client.queue_max_size / 2 = 65536 bytes, got 70002, or whoever it waits for would be closed with 3008'
    const refused = { error: { code: 106, message: words } }
    const large = 'x'.repeat(70_000)
    expect((await api(server, 'publish', { channel: 'plain:a', data: large })).body).toEqual(refused)
    expect((await api(server, 'broadcast', { channels: ['plain:a', 'plain:b'], data: large })).body).toEqual(refused)
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    expect(await raw.call({ publish: { channel: 'asked:a', data: 1 } })).toMatchObject(refused)
    // What is allowed reaches a client that another one of its size has just been sent to.
    const { got } = await subscribeTo(await connectAs(server, 'bob'), 'plain:a')
    const allowed = 'x'.repeat(65_534)
    const commands = [1, 2].map(() => ({ publish: { channel: 'plain:a', data: allowed } }))
    await api(server, 'batch', { commands })
    await until('both came', () => got.length === 2)
    expect(got.every(text => text === allowed)).toBe(true)
  })

  test('[A9] skip_history delivers without a place in the history', async () => {
    const server = await serveNews()
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'news:a')
    await api(server, 'publish', { channel: 'news:a', data: 1, skip_history: true })
    await until('got has 1', () => got.length === 1)
    const { body } = await api(server, 'history', { channel: 'news:a', limit: 10 })
    expect(body).toMatchObject({ result: { publications: [], offset: 0 } })
  })

  test('[A10] the same idempotency_key in a channel is one publication, however often and at whatever time it is sent', async () => {
    const server = await serveNews()
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'news:a')
    const publish = (channel: string, key: string, data: number) => api(server, 'publish', { channel, data, idempotency_key: key })
    const answers = await Promise.all([publish('news:a', 'k', 1), publish('news:a', 'k', 2), publish('news:a', 'k', 3)])
    answers.push(await publish('news:a', 'k', 4))
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body ?? null)
    expect((await publish('news:b', 'k', 5)).body).toMatchObject({ result: { offset: 1 } })
    expect((await publish('news:a', 'other', 6)).body).toMatchObject({ result: { offset: 2 } })
    await until('got has 2', () => got.length === 2)
    expect(got).toHaveLength(2)
  })

  test('[A10] a broadcast is idempotent channel by channel', async () => {
    const server = await serveNews()
    const broadcast = () => api(server, 'broadcast', { channels: ['news:a', 'news:b'], data: 1, idempotency_key: 'k' })
    const { body } = await broadcast()
    expect((await broadcast()).body).toEqual(body)
    expect((await api(server, 'history', { channel: 'news:a' })).body).toMatchObject({ result: { offset: 1 } })
  })

  test('[A11] broadcast answers for each channel by itself', async () => {
    const server = await serveNews()
    const { got } = await subscribeTo(await connectAs(server, 'alice'), 'news:b')
    const { body } = await api(server, 'broadcast', { channels: ['news:a', 'unknown:x', 'news:b', ''], data: 'all' })
    expect(body).toEqual({
      result: {
        responses: [
          { result: { offset: 1, epoch: expect.any(String) } },
          { error: { code: 102, message: 'unknown channel' } },
          { result: { offset: 1, epoch: expect.any(String) } },
          { error: { code: 107, message: expect.stringContaining('channel: not a channel name') } },
        ],
      },
    })
    await until('got has 1', () => got.length === 1)
  })

  test('[A12] a publication may name the lane and the key that it goes by', async () => {
    const server = await serveNews()
    await api(server, 'publish', { channel: 'match:a', data: { shots: 3 }, lane: 'stats', key: 'home' })
    await api(server, 'publish', { channel: 'match:a', data: { shots: 4 }, lane: 'stats', key: 'home' })
    const { state } = await server.server.history('match:a', { limit: 0 })
    expect(state.map(({ data, key }) => ({ data, key }))).toEqual([{ data: { shots: 4 }, key: 'home' }])
  })
})

describe('delta', () => {
  test('[A12] publish with delta: true lets it go out as a delta, without it does not', async () => {
    const server = await testServer({
      channel: {
        namespaces: [
          { name: 'doc', history_size: 9, history_ttl: '1m', allowed_delta_types: ['fossil'], allow_subscribe_for_client: true },
        ],
      },
    })
    const client = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    atEnd(() => client[Symbol.dispose]())
    await client.call({ subscribe: { channel: 'doc:a', delta: 'fossil' } })
    const text = 'the same long text again and again, '.repeat(10)
    for (const [n, delta] of [false, true, false].entries()) await api(server, 'publish', { channel: 'doc:a', data: { text, n }, delta })
    await until('three publications', () => client.publications('doc:a').length === 3)
    expect(client.publications('doc:a').map(({ delta }) => delta === true)).toEqual([false, true, false])
  })
})
