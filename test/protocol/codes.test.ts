import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { closes } from '../../src/protocol/index.ts'
import type { ConfigInput } from '../../src/server/index.ts'
import { quiet, RawClient, Sdk, startServer, TcpClient, type TestServer, textFrame, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_publish_for_client: true } as const
const namespaces = [
  { name: 'kept', ...open, history_size: 10, history_ttl: '1m', allow_history_for_client: true },
  { name: 'board', ...open, delivery: 'conflated' as const },
]

function start(client: ConfigInput['client'] = {}, channel: ConfigInput['channel'] = {}): Promise<TestServer> {
  return startServer({ client, channel: { without_namespace: open, namespaces, ...channel } })
}

const connect = async (server: TestServer, user = 'alice') => RawClient.connect(server.wsUrl, { token: await userToken(user) })

describe('error codes', () => {
  test('[B49] a command that fails unexpectedly is answered with 100, which is temporary and says nothing of the reason', async () => {
    await using server = await start()
    server.server.command('broken', z.object({}), () => {
      throw new Error('secret reason')
    })
    using raw = await connect(server)
    expect((await raw.call({ rpc: { method: 'broken' } })).error).toEqual({ code: 100, message: 'internal server error', temporary: true })
  })

  test('[B50] before connect every command is answered with 101, and a second connect with 107', async () => {
    await using server = await start()
    using raw = await RawClient.open(server.wsUrl)
    for (const command of ['subscribe', 'publish', 'presence', 'history', 'unsubscribe'])
      expect((await raw.call({ [command]: { channel: 'a', data: 1 } })).error?.code).toBe(101)
    for (const command of ['rpc', 'ping']) expect((await raw.call({ [command]: {} })).error?.code).toBe(101)
    expect((await raw.call({ connect: { token: await userToken('alice') } })).connect).toBeDefined()
    expect((await raw.call({ connect: { token: await userToken('alice') } })).error?.code).toBe(107)
    expect((await raw.call({ ping: {} })).ping).toEqual({})
  })

  test('[B51] an unknown command is answered with 104, and one that is malformed with 107 and the path of what is wrong', async () => {
    await using server = await start()
    using raw = await connect(server)
    expect((await raw.call({ dance: {} })).error).toEqual({ code: 104, message: 'method not found' })
    const wrong = async (command: object) => (await raw.call(command)).error
    expect(await wrong({ subscribe: {} })).toMatchObject({ code: 107, message: expect.stringContaining('subscribe.channel') })
    expect(await wrong({ subscribe: { channel: 7 } })).toMatchObject({ code: 107 })
    expect(await wrong({ subscribe: { channel: '' } })).toMatchObject({ code: 107 })
    expect(await wrong({ publish: { channel: 'a' } })).toMatchObject({ code: 107, message: expect.stringContaining('publish.data') })
    expect(await wrong({ history: { channel: 'kept:a', limit: 'x' } })).toMatchObject({
      code: 107,
      message: expect.stringContaining('history.limit'),
    })
    expect(await wrong({ history: { channel: 'kept:a', since: { offset: -1 } } })).toMatchObject({
      code: 107,
      message: expect.stringContaining('since.offset'),
    })
    expect(await wrong({ subscribe: [] })).toMatchObject({ code: 107 })
    expect(raw.closedWith).toBeUndefined()
  })

  test('[B52] to subscribe twice is 105, beyond the limit of channels is 106', async () => {
    await using server = await start({ channel_limit: 2 })
    using raw = await connect(server)
    const subscribe = async (channel: string) => (await raw.call({ subscribe: { channel } })).error?.code ?? 0
    expect([await subscribe('a'), await subscribe('a'), await subscribe('b'), await subscribe('c')]).toEqual([0, 105, 0, 106])
    await raw.call({ unsubscribe: { channel: 'a' } })
    expect(await subscribe('c')).toBe(0)
  })

  test('[B53] a new key in a conflated channel that is full is 106, a known one is taken', async () => {
    await using server = await start({}, { conflated_key_limit: 2 })
    using raw = await connect(server)
    const publish = async (key: string) => (await raw.call({ publish: { channel: 'board:1', data: { n: 1 }, key } })).error?.code ?? 0
    expect([await publish('a'), await publish('b'), await publish('c'), await publish('a')]).toEqual([0, 0, 106, 0])
  })

  test('[B54] commands beyond the rate are 111, which is temporary, and the connection stays for a while', async () => {
    // All eight come in one turn; a few milliseconds later there is room for another.
    await using server = await start({ command_rate: { per_second: 200, burst: 5 } })
    using raw = await connect(server)
    raw.send(Array.from({ length: 8 }, (_, index) => `{"id":${index + 10},"ping":{}}`).join('\n'))
    await raw.reply(17)
    const answers = raw.messages.filter(({ id = 0 }) => id >= 10)
    expect(answers.slice(0, 4).every(({ ping }) => ping !== undefined)).toBe(true)
    expect(answers.at(-1)?.error).toEqual({ code: 111, message: 'too many requests', temporary: true })
    await until('the rate has recovered', async () => (await raw.call({ ping: {} })).ping !== undefined)
  })

  test('[B55] a position that the history cannot go on from is 112', async () => {
    await using server = await start()
    await server.publish('kept:a', 1)
    using raw = await connect(server)
    const { error } = await raw.call({ history: { channel: 'kept:a', limit: 1, since: { epoch: 'other', offset: 0 } } })
    expect(error).toEqual({ code: 112, message: 'unrecoverable position' })
  })
})

describe('close codes', () => {
  test.each(
    Object.values(closes)
      .filter(({ code }) => code > 3000)
      .map(({ code, reason }) => [code, reason] as const),
  )('[B56] a close with %d (%s) makes the SDK come back below 3500, and stay away from there on', async (code, reason) => {
    await using server = await start()
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    server.node.sessions.of('alice')[0]?.close({ code, reason })
    if (code < 3500) {
      await sdk.reaches(`connecting ${code}`)
      await until('it is back', () => sdk.connections === 2)
    } else {
      await sdk.reaches(`disconnected ${code}`)
      await quiet(60)
      expect(sdk.connections).toBe(1)
    }
  })

  test('[B57] a server that closes says 3001', async () => {
    const server = await start()
    using raw = await connect(server)
    await server[Symbol.asyncDispose]()
    expect(await raw.closes()).toEqual({ code: 3001, reason: 'shutdown' })
  })

  test('[B58] whoever answers pings stays, the SDK too; whoever does not is closed with 3012', async () => {
    await using server = await start({ ping_interval: '500ms', pong_timeout: '200ms' })
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('sdk') }).connect()
    using good = await connect(server, 'good')
    using bad = await RawClient.connect(server.wsUrl, { token: await userToken('bad') }, { pongs: false })
    expect(await bad.closes()).toEqual({ code: 3012, reason: 'no pong' })
    await until('three pings went by', () => good.pings >= 3)
    expect(good.frames.filter(frame => frame.split('\n').includes('{}')).length).toBeGreaterThanOrEqual(3)
    expect(good.closedWith).toBeUndefined()
    expect(sdk.connections).toBe(1)
    expect(sdk.states.at(-1)).toBe('connected')
  })

  test('[B59] an interval below a second is told as one, so that a client still answers', async () => {
    await using server = await start({ ping_interval: '250ms', pong_timeout: '200ms' })
    using raw = await RawClient.open(server.wsUrl)
    expect((await raw.call({ connect: { token: await userToken('raw') } })).connect?.ping).toBe(1)
  })

  test('[B60] a client that floods beyond the rate is closed with 3013, and may come back', async () => {
    await using server = await start({ command_rate: { per_second: 1, burst: 5 } })
    using raw = await connect(server)
    raw.send(Array.from({ length: 40 }, (_, index) => `{"id":${index + 10},"ping":{}}`).join('\n'))
    expect(await raw.closes()).toEqual({ code: 3013, reason: 'too many requests' })
  })

  test('[B61] more commands than may wait for one before them end the connection with 3013', async () => {
    await using server = await start({ pending_command_limit: 10 })
    const gate = Promise.withResolvers<boolean>()
    server.server.authorize('', () => gate.promise)
    using raw = await connect(server)
    for (let index = 0; index < 40; index++) raw.send({ id: 100 + index, subscribe: { channel: `c${index}` } })
    expect(await raw.closes()).toMatchObject({ code: 3013 })
    gate.resolve(true)
    using other = await connect(server, 'other')
    expect((await other.call({ subscribe: { channel: 'a' } })).error).toBeUndefined()
  })

  test('[B62] rubbish is answered with 107 for a while; who goes on is closed with 3501', async () => {
    await using server = await start({ malformed_rate: { per_second: 1, burst: 5 } })
    using raw = await connect(server)
    for (let index = 0; index < 4; index++) raw.send('rubbish')
    await until('four refusals', () => raw.messages.filter(({ error }) => error?.code === 107).length === 4)
    expect((await raw.call({ ping: {} })).ping).toEqual({})
    for (let index = 0; index < 6; index++) raw.send('rubbish')
    expect(await raw.closes()).toEqual({ code: 3501, reason: 'bad request' })
  })

  test('[B63] a socket without a connect command is closed with 3502', async () => {
    await using server = await start({ stale_close_delay: '200ms' })
    using raw = await RawClient.open(server.wsUrl)
    using good = await connect(server)
    expect(await raw.closes()).toEqual({ code: 3502, reason: 'stale' })
    expect((await good.call({ ping: {} })).ping).toEqual({})
  })

  test('[B64] connections of one user beyond the limit are closed with 3504, and the SDK does not insist', async () => {
    await using server = await start({ user_connection_limit: 2 })
    using first = await connect(server)
    using second = await connect(server)
    using sdk = new Sdk(server.wsUrl, { token: await userToken('alice') })
    sdk.client.connect()
    await sdk.reaches('disconnected 3504')
    using other = await connect(server, 'bob')
    expect([first, second, other].map(({ closedWith }) => closedWith)).toEqual([undefined, undefined, undefined])
    second.socket.close()
    await until('there is room', () => server.node.sessions.of('alice').length === 1)
    using third = await connect(server)
    expect((await third.call({ ping: {} })).ping).toEqual({})
  })

  test('[B147] the answers to one frame of small questions are made as the socket drains: who reads gets all, who does not costs one', async () => {
    await using server = await start()
    using raw = await connect(server)
    for (let n = 0; n < 10; n++) await server.publish('kept:a', 'x'.repeat(60_000))
    const { history } = await raw.call({ history: { channel: 'kept:a', limit: -1 } })
    expect(history?.publications).toHaveLength(10)
    const questions = Array.from({ length: 100 }, (_, n) => ({ id: 100 + n, history: { channel: 'kept:a', limit: -1 } }))
    const pageBytes = JSON.stringify(history).length
    using still = await TcpClient.upgrade(server.wsUrl, [{ id: 1, connect: { token: await userToken('still') } }])
    await until('it is connected', () => still.received.includes('"id":1'))
    still.pause()
    const before = server.node.counters.bytesOut
    still.write(textFrame(questions.map(question => JSON.stringify(question)).join('\n')))
    raw.send(questions.map(question => JSON.stringify(question)).join('\n'))
    expect((await raw.reply(199)).history?.publications).toHaveLength(10)
    const made = server.node.counters.bytesOut - before - 100 * pageBytes
    // What the kernel holds of a connection has been passed on, so that it counts as read.
    expect(made).toBeLessThan(20 * pageBytes)
    expect(raw.closedWith).toBeUndefined()
  })

  test('[B65] a connection that reads nothing is closed with 3008 once more waits for it than is allowed', async () => {
    await using server = await start({ queue_max_size: 65_536, queue_high_water: 4096 })
    const connectAs = { id: 1, connect: { token: await userToken('slow') } }
    using slow = await TcpClient.upgrade(server.wsUrl, [connectAs, { id: 2, subscribe: { channel: 'a' } }])
    await until('it is subscribed', () => slow.received.includes('"id":2'))
    slow.pause()
    const [session] = server.node.sessions.of('slow')
    using good = await connect(server, 'good')
    await good.call({ subscribe: { channel: 'a' } })
    let published = 0
    await until('the server gave up on it', async () => {
      await server.publish('a', 'x'.repeat(10_000))
      published++
      await until('the other has it', () => good.publications('a').length === published)
      return session?.isClosed
    })
    expect(session?.state).toMatchObject({ close: { code: 3008, reason: 'slow' } })
    await until('the other has all', () => good.publications('a').length === published)
    expect(good.closedWith).toBeUndefined()
  })
})
