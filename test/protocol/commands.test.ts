import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { CommandError } from '../../src/index.ts'
import { RawClient, Sdk, startServer, until, userToken } from '../kit/index.ts'

const room = {
  name: 'room',
  history_size: 100,
  history_ttl: '10m',
  presence: true,
  join_leave: true,
  allow_subscribe_for_client: true,
  allow_publish_for_subscriber: true,
  allow_presence_for_subscriber: true,
  allow_history_for_subscriber: true,
}

const start = () => startServer({ channel: { namespaces: [room] } })

async function connected(url: string, user: string, claims = {}): Promise<Sdk> {
  return new Sdk(url, { token: await userToken(user, claims) }).connect()
}

describe('commands of the SDK', () => {
  test('[B8] what one subscriber publishes comes to all of them in order, with who published it', async () => {
    await using server = await start()
    using alice = await connected(server.wsUrl, 'alice', { info: { name: 'Alice' } })
    using bob = await connected(server.wsUrl, 'bob')
    const hers = await alice.subscribe('room:1').ready()
    const his = await bob.subscribe('room:1').ready()
    for (const n of [1, 2, 3]) await alice.client.publish('room:1', { n })
    expect(await his.gets(3)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect(await hers.gets(3)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect(his.publications.map(({ offset }) => offset)).toEqual([1, 2, 3])
    expect(his.publications[0]?.info).toMatchObject({ user: 'alice', connInfo: { name: 'Alice' }, client: expect.any(String) })
  })

  test('[B9] presence lists every client with its info, and presence_stats counts clients and users apart', async () => {
    await using server = await start()
    using alice = await connected(server.wsUrl, 'alice', { info: { name: 'Alice' } })
    using again = await connected(server.wsUrl, 'alice', { info: { name: 'Alice' } })
    using bob = await connected(server.wsUrl, 'bob')
    const hers = await alice.subscribe('room:1').ready()
    await again.subscribe('room:1').ready()
    await bob.subscribe('room:1').ready()
    const { clients } = await hers.subscription.presence()
    expect(
      Object.values(clients)
        .map(({ user }) => user)
        .sort(),
    ).toEqual(['alice', 'alice', 'bob'])
    expect(Object.entries(clients).every(([id, info]) => info.client === id)).toBe(true)
    expect(Object.values(clients).find(({ user }) => user === 'alice')).toMatchObject({ connInfo: { name: 'Alice' } })
    expect(await hers.subscription.presenceStats()).toEqual({ numClients: 3, numUsers: 2 })
    bob.client.disconnect()
    await until('bob has gone', async () => (await hers.subscription.presenceStats()).numClients === 2)
  })

  test('[B10] joins and leaves come to the subscribers that ask for them', async () => {
    await using server = await start()
    using alice = await connected(server.wsUrl, 'alice')
    using deaf = await connected(server.wsUrl, 'deaf')
    using bob = await connected(server.wsUrl, 'bob')
    const hers = await alice.subscribe('room:1', { joinLeave: true }).ready()
    const quietOne = await deaf.subscribe('room:1').ready()
    const his = await bob.subscribe('room:1').ready()
    await until('alice saw bob join', () => hers.joins.includes('bob'))
    his.subscription.unsubscribe()
    await until('alice saw bob leave', () => hers.leaves.includes('bob'))
    deaf.client.disconnect()
    await until('alice saw the other leave', () => hers.leaves.includes('deaf'))
    expect(quietOne.joins).toEqual([])
    expect(quietOne.leaves).toEqual([])
  })

  test('[B11] history pages by limit and position, both ways round; without a limit it answers the position alone', async () => {
    await using server = await start()
    for (let n = 1; n <= 10; n++) await server.publish('room:1', { n })
    using alice = await connected(server.wsUrl, 'alice')
    const { subscription } = await alice.subscribe('room:1').ready()
    const numbers = (page: { publications: readonly { data: { n: number } }[] }) => page.publications.map(({ data }) => data.n)
    const { epoch, offset, publications } = await subscription.history({ limit: 0 })
    expect({ offset, publications, epoch: typeof epoch }).toEqual({ offset: 10, publications: [], epoch: 'string' })
    expect(numbers(await subscription.history({ limit: 3 }))).toEqual([1, 2, 3])
    expect(numbers(await subscription.history({ limit: 3, reverse: true }))).toEqual([10, 9, 8])
    expect(numbers(await subscription.history({ limit: -1 }))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(numbers(await subscription.history({ limit: 3, since: { offset: 4, epoch } }))).toEqual([5, 6, 7])
    expect(numbers(await subscription.history({ limit: 3, since: { offset: 4, epoch }, reverse: true }))).toEqual([3, 2, 1])
    expect(numbers(await subscription.history({ limit: 3, since: { offset: 9, epoch } }))).toEqual([10])
    expect(numbers(await subscription.history({ limit: 3, since: { offset: 10, epoch } }))).toEqual([])
  })

  test('[B12] rpc runs a command of the server, and every failure has its code', async () => {
    await using server = await start()
    server.server.command('sum', z.strictObject({ a: z.number(), b: z.number() }), ({ a, b }) => ({ sum: a + b }))
    server.server.command('whoami', z.object({}), (_input, { user }) => ({ user }))
    server.server.command('teapot', z.object({}), () => {
      throw new CommandError({ code: 418, message: 'teapot: short and stout' })
    })
    server.server.command('broken', z.object({}), () => {
      throw new Error('the secret of the house')
    })
    using alice = await connected(server.wsUrl, 'alice')
    const rpc = (method: string, data: unknown) =>
      alice.client.rpc(method, data).then(
        reply => reply.data,
        error => error,
      )
    expect(await rpc('sum', { a: 1, b: 2 })).toEqual({ sum: 3 })
    expect(await rpc('whoami', {})).toEqual({ user: 'alice' })
    expect(await rpc('sum', { a: 1 })).toMatchObject({ code: 107, message: expect.stringContaining('b') })
    expect(await rpc('nothing', {})).toMatchObject({ code: 104 })
    expect(await rpc('teapot', {})).toMatchObject({ code: 418, message: 'teapot: short and stout' })
    expect(await rpc('broken', {})).toMatchObject({ code: 100, temporary: true, message: 'internal server error' })
  })

  test('[B13] a message without an answer is taken, and the connection goes on', async () => {
    await using server = await start()
    using alice = await connected(server.wsUrl, 'alice')
    await alice.client.send({ typed: true })
    const { subscription } = await alice.subscribe('room:1').ready()
    expect((await subscription.presenceStats()).numClients).toBe(1)
  })

  test('[B14] commands that the SDK batches share a frame, and so do publications of one tick', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    await raw.call({ subscribe: { channel: 'room:1' } })
    using alice = await connected(server.wsUrl, 'alice')
    const hers = await alice.subscribe('room:1').ready()
    const before = raw.frames.length
    alice.client.startBatching()
    const published = Array.from({ length: 10 }, (_, n) => hers.subscription.publish({ n }))
    alice.client.stopBatching()
    await Promise.all(published)
    await until('all ten are there', () => raw.publications('room:1').length === 10)
    expect(raw.data('room:1')).toEqual(Array.from({ length: 10 }, (_, n) => ({ n })))
    expect(raw.frames.length - before).toBe(1)
    expect(await hers.gets(10)).toHaveLength(10)
  })

  test('[B15] several commands in a frame are answered in order, whatever is wrong with one of them', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    raw.send(
      [
        '{"id":10,"subscribe":{"channel":"room:1"}}',
        '{"id":11,"publish":{"channel":"room:1","data":{"n":1}}}',
        '{"id":12,"nothing":{}}',
        'not json',
        '{"id":13,"publish":{"channel":"room:1"}}',
        '{"id":14,"ping":{}}',
        '{"id":15,"unsubscribe":{"channel":"room:1"}}',
        '{"id":16,"publish":{"channel":"room:1","data":1}}',
      ].join('\n'),
    )
    const reply = await raw.reply(16)
    expect(reply.error).toMatchObject({ code: 103 })
    const answers = raw.messages.flatMap(({ id = 0, error, push }) => (id === 1 || push !== undefined ? [] : [[id, error?.code ?? 0]]))
    expect(answers).toEqual([
      [10, 0],
      [11, 0],
      [12, 104],
      [0, 107],
      [13, 107],
      [14, 0],
      [15, 0],
      [16, 103],
    ])
    expect(raw.data('room:1')).toEqual([{ n: 1 }])
  })

  test('[B16] an unsubscribe ends the channel for that client alone, and twice is no error', async () => {
    await using server = await start()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    using other = await RawClient.connect(server.wsUrl, { token: await userToken('other') })
    for (const client of [raw, other]) await client.call({ subscribe: { channel: 'room:1' } })
    expect((await raw.call({ unsubscribe: { channel: 'room:1' } })).unsubscribe).toEqual({})
    expect((await raw.call({ unsubscribe: { channel: 'room:1' } })).unsubscribe).toEqual({})
    await server.publish('room:1', { n: 1 })
    await until('the other has it', () => other.publications('room:1').length === 1)
    expect(raw.publications('room:1')).toEqual([])
    expect((await raw.call({ subscribe: { channel: 'room:1' } })).error).toBeUndefined()
  })

  test('[B17] publications carry tags and keys', async () => {
    await using server = await start()
    using alice = await connected(server.wsUrl, 'alice')
    const hers = await alice.subscribe('room:1').ready()
    await server.publish('room:1', { n: 1 }, { tags: { kind: 'goal' }, key: 'k' })
    await hers.gets(1)
    expect(hers.publications[0]).toMatchObject({ data: { n: 1 }, tags: { kind: 'goal' } })
  })
})
