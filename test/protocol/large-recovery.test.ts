import { describe, expect, test } from 'bun:test'
import { RawClient, SteppedClock, SteppedSocket, startServer, type TestServer, until, userToken } from '../kit/index.ts'

/** Turns of the loop in which nothing comes, after which time passes: what the system still has on its way is there by then. */
const idleTurns = 3000

const kept = {
  name: 'kept',
  history_size: 5000,
  history_ttl: '10m',
  allow_subscribe_for_client: true,
  allow_history_for_client: true,
  force_recovery: true,
} as const

const start = (client: object, clock?: SteppedClock) =>
  startServer({ channel: { namespaces: [kept] }, client }, clock === undefined ? {} : { clock })

async function epochOf(server: TestServer, channel: string): Promise<string> {
  return (await server.server.history(channel, { limit: 0 })).position.epoch
}

async function publish(server: TestServer, channel: string, count: number, bytes: number): Promise<void> {
  for (let n = 0; n < count; n++) await server.publish(channel, 'x'.repeat(bytes))
}

/** Lets what is on its way through the kernel arrive. */
const turn = () => new Promise(resolve => setImmediate(resolve))

describe('a large recovery', () => {
  test('[B164] up to the limit it comes whole, beyond it says recovered: false and brings nothing', async () => {
    await using server = await start({ recovery_max_size: 500_000 })
    await publish(server, 'kept:1', 60, 10_000)
    const epoch = await epochOf(server, 'kept:1')
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const ask = async (offset: number) => {
      raw.messages.length = 0
      return (await raw.call({ subscribe: { channel: 'kept:1', recover: true, epoch, offset } })).subscribe
    }
    expect(await ask(9)).toMatchObject({ recovered: false, was_recovering: true, offset: 60 })
    await raw.call({ unsubscribe: { channel: 'kept:1' } })
    const subscribed = await ask(20)
    expect(subscribed).toMatchObject({ recovered: true, offset: 20 })
    const seen = () => [...(subscribed?.publications ?? []), ...raw.publications('kept:1')].map(({ offset }) => offset)
    await until('all came', () => seen().length === 40)
    expect(seen()).toEqual(Array.from({ length: 40 }, (_, n) => 21 + n))
  })

  test('[B164] a channel that outruns its replay ends with 2500 on the same connection', async () => {
    await using server = await start({ recovery_max_size: 400_000 })
    await publish(server, 'kept:1', 35, 10_000)
    const epoch = await epochOf(server, 'kept:1')
    using still = SteppedSocket.websocket(server.wsUrl)
    still.send({ id: 1, connect: { token: await userToken('still') } })
    still.send({ id: 2, subscribe: { channel: 'kept:1', recover: true, epoch, offset: 0 } })
    await until('it is subscribed', () => server.node.sessions.of('still')[0]?.isSubscribed('kept:1'))
    await publish(server, 'kept:1', 30, 10_000)
    for (let turns = 0; !still.messages.some(text => text.includes('"unsubscribe"')); turns++) {
      expect(turns).toBeLessThan(100_000)
      still.read(4096)
      await turn()
    }
    const [ended] = still.messages.filter(text => text.includes('"unsubscribe"'))
    expect(ended).toContain('"code":2500')
    expect(still.isClosed).toBe(false)
    still.send({ id: 3, subscribe: { channel: 'kept:1', recover: true, epoch, offset: 0 } })
    for (let turns = 0; !still.messages.some(text => text.startsWith('{"id":3')); turns++) {
      expect(turns).toBeLessThan(100_000)
      still.read(4096)
      await turn()
    }
    expect(still.messages.find(text => text.startsWith('{"id":3'))).toContain('"recovered":false')
  })

  test('[B165] over a slow line every subscribe is answered before an SDK gives it up, recovered or not', async () => {
    const clock = new SteppedClock()
    await using server = await start({}, clock)
    const names = Array.from({ length: 50 }, (_, n) => `kept:${n}`)
    for (const name of names) await publish(server, name, 100, 8000)
    const commands = await Promise.all(
      names.map(async (channel, n) => ({
        id: 2 + n,
        subscribe: { channel, recover: true, epoch: await epochOf(server, channel), offset: 0 },
      })),
    )
    using line = SteppedSocket.websocket(server.wsUrl)
    line.send({ id: 1, connect: { token: await userToken('slow') } })
    // Only from here on does time pass: a token is checked elsewhere than on this loop.
    await until('it is connected', () => server.node.sessions.of('slow')[0]?.isConnected)
    line.send(...commands)
    await until('its commands are there', () => server.node.counters.commands > names.length)
    const answers = () => line.messages.filter(text => text.includes('"was_recovering":true'))
    const isOwed = () => line.receivedBytes < server.node.counters.bytesOut
    let seconds = 0
    for (; answers().length < names.length && seconds < 60; seconds += 0.1) {
      // 50 KB a second, as long as anything is on its way: however long the system takes over that, no time passes.
      for (let left = 5000, turns = 0; left > 0 && (isOwed() || turns < idleTurns); turns++) {
        left -= line.read(left)
        await turn()
      }
      clock.advance(100)
    }
    expect(answers()).toHaveLength(names.length)
    expect(seconds).toBeLessThan(5)
    expect(answers().filter(text => text.includes('"recovered":true')).length).toBeGreaterThan(1)
    expect(line.isClosed).toBe(false)
  })

  test('[B165] a subscribe whose answer has no room is put off with a temporary error, and not run', async () => {
    const clock = new SteppedClock()
    await using server = await start({}, clock)
    server.server.authorize('kept', () => ({ data: 'x'.repeat(300_000) }))
    using line = SteppedSocket.websocket(server.wsUrl)
    line.send({ id: 1, connect: { token: await userToken('slow') } })
    await until('it is connected', () => server.node.sessions.of('slow')[0]?.isConnected)
    line.send(...[2, 3, 4].map(id => ({ id, subscribe: { channel: `kept:${id}` } })))
    await until('its commands are there', () => server.node.counters.commands > 3)
    for (let turns = 0; turns < 20; turns++) await turn()
    clock.advance(3000)
    const answer = (id: number) => line.messages.find(text => text.startsWith(`{"id":${id},`))
    await until('all are answered', () => {
      line.read(65_536)
      return answer(4)
    })
    expect(answer(2)).toContain('"data":"xxx')
    for (const id of [3, 4]) expect(answer(id)).toContain('"error":{"code":111')
    line.send({ id: 5, subscribe: { channel: 'kept:3' } })
    await until('it is answered', () => {
      line.read(65_536)
      return answer(5)
    })
    expect(answer(5)).toContain('"data":"xxx')
  })

  test('[B68] a newest value comes within the reply, however large it is', async () => {
    await using server = await startServer({
      channel: { namespaces: [{ name: 'newest', delivery: 'latest', allow_subscribe_for_client: true }] },
    })
    await server.publish('newest:1', 'x'.repeat(300_000))
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const { subscribe } = await raw.call({ subscribe: { channel: 'newest:1', recover: true, epoch: '', offset: 0 } })
    expect(subscribe?.publications).toHaveLength(1)
  })

  test('[B166] a history page ends before it is too large, with one publication at least', async () => {
    await using server = await start({ history_max_size: 30_000 })
    await publish(server, 'kept:1', 5, 10_000)
    await publish(server, 'kept:1', 1, 50_000)
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('raw') })
    const page = async (since: number) => {
      const { history } = await raw.call({ history: { channel: 'kept:1', limit: -1, since: { epoch: '', offset: since } } })
      return history?.publications.map(({ offset }) => offset)
    }
    expect(await page(0)).toEqual([1, 2])
    expect(await page(2)).toEqual([3, 4])
    expect(await page(4)).toEqual([5])
    expect(await page(5)).toEqual([6])
  })

  test('[B163] thirty who recover much and read nothing cost little, and are closed', async () => {
    const clock = new SteppedClock()
    await using server = await start({}, clock)
    await publish(server, 'kept:1', 300, 50_000)
    const epoch = await epochOf(server, 'kept:1')
    const token = await userToken('still')
    const lines = Array.from({ length: 30 }, () => SteppedSocket.websocket(server.wsUrl))
    for (const line of lines)
      line.send({ id: 1, connect: { token } }, { id: 2, subscribe: { channel: 'kept:1', recover: true, epoch, offset: 0 } })
    await until('all recover', () => server.node.sessions.of('still').filter(session => session.isSubscribed('kept:1')).length === 30)
    for (let turns = 0; turns < 50; turns++) await turn()
    const heldBytes = server.node.sessions.all().map(({ socket, outbox }) => socket.bufferedBytes() + outbox.queuedBytes)
    expect(heldBytes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(30 * 300_000)
    for (let seconds = 0; seconds < 60; seconds++) {
      clock.advance(1000)
      await turn()
    }
    expect(server.node.sessions.of('still')).toEqual([])
    expect(server.node.unsent.total).toBe(0)
    for (const line of lines) line[Symbol.dispose]()
  })
})
