import { describe, expect, test } from 'bun:test'
import { BinaryClient, binaryFrame } from '../kit/clients/binary-client.ts'
import { bytesOf, ProtobufSdk, type ProtobufSubscription } from '../kit/clients/protobuf-sdk.ts'
import { RawClient, Sdk, type SdkSubscription, sign, startServer, type TestServer, until, userToken } from '../kit/index.ts'

const kept = { history_size: 100, history_ttl: '10m' }
const channels = 128
const nameOf = (index: number) => `rooms:${index}`.padEnd(60, 'x')

/** A subscription token of at least so many characters, as one of RS256 with some claims is. */
async function tokenFor(channel: string, length: number): Promise<string> {
  const bare = await sign({ sub: 'alice', channel, info: '' })
  return sign({ sub: 'alice', channel, info: 'x'.repeat(Math.max(0, Math.ceil(((length - bare.length) * 3) / 4))) })
}

function cut(server: TestServer): void {
  for (const session of server.node.sessions.all()) session.socket.close(1011, 'cut by the test')
}

describe('limits that fit together', () => {
  test.each([615, 3000])(
    '[C60] 128 subscriptions, made one by one with tokens of %i characters, are all back after a cut',
    async length => {
      await using server = await startServer({ channel: { namespaces: [{ name: 'rooms', ...kept }] } })
      using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
      const subscriptions: SdkSubscription[] = []
      for (let index = 0; index < channels; index++) {
        const token = await tokenFor(nameOf(index), length)
        subscriptions.push(await sdk.subscribe(nameOf(index), { token, recoverable: true, positioned: true }).ready())
      }
      await server.publish(nameOf(0), 'before')
      await until('it came', () => subscriptions[0]?.data.length === 1)
      cut(server)
      await until('it is back', () => sdk.connections === 2)
      for (const { subscription } of subscriptions) await subscription.ready()
      expect(sdk.states.filter(state => state.startsWith('disconnected'))).toEqual([])
      await server.publish(nameOf(127), 'after')
      await until('it came', () => subscriptions[127]?.data.length === 1)
      expect(subscriptions.flatMap(({ recoveries }) => recoveries.slice(1)).every(({ recovered }) => recovered)).toBe(true)
    },
  )

  test('[C60] in the Protobuf form too', async () => {
    await using server = await startServer({ channel: { namespaces: [{ name: 'rooms', ...kept }] } })
    using sdk = await new ProtobufSdk(`${server.wsUrl}?format=protobuf`, { token: await userToken('alice') }).connect()
    const subscriptions: ProtobufSubscription[] = []
    for (let index = 0; index < channels; index++) {
      const token = await tokenFor(nameOf(index), 3000)
      subscriptions.push(await sdk.subscribe(nameOf(index), { token, recoverable: true }).ready())
    }
    cut(server)
    await until('it is back', () => sdk.states.filter(state => state === 'connected').length === 2)
    for (const { subscription } of subscriptions) await subscription.ready()
    expect(sdk.states.filter(state => state.startsWith('disconnected'))).toEqual([])
  })

  test('[C61] a subscription that would be too large for a reconnect is refused with 106 when it is made, and the rest goes on', async () => {
    await using server = await startServer({
      channel: { namespaces: [{ name: 'rooms', ...kept }] },
      client: { subscribe_size_limit: 1000 },
    })
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    await sdk.subscribe('rooms:large', { token: await tokenFor('rooms:large', 1000) }).reaches('unsubscribed 106')
    await sdk.subscribe('rooms:small', { token: await tokenFor('rooms:small', 600), recoverable: true }).ready()
    // What it has without a position is counted as what it will have with one.
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    const sized = async (bytes: number, more: object = {}) => {
      const bare = JSON.stringify({ id: 90, subscribe: { channel: 'rooms:x', ...more, data: '' } }).length
      return (await raw.call({ subscribe: { channel: 'rooms:x', ...more, data: 'x'.repeat(bytes - bare) } })).error?.code
    }
    expect([await sized(900), await sized(860)]).toEqual([106, 103])
    expect([await sized(1010, { recover: true }), await sized(990, { recover: true })]).toEqual([106, 103])
    expect(sdk.states).toEqual(['connecting 0', 'connected'])
  })

  test('[C63] a command over its limit closes with 1009, alone or in a frame that holds more, in both forms', async () => {
    const config = { client: { message_size_limit: 1000, insecure: true } }
    await using server = await startServer(config)
    using raw = await RawClient.connect(server.wsUrl, {})
    const small = Array.from({ length: 20 }, (_, index) =>
      JSON.stringify({ id: 100 + index, publish: { channel: 'a', data: 'x'.repeat(900) } }),
    )
    raw.send(small.join('\n'))
    await until('all are answered', () => raw.messages.filter(({ publish }) => publish !== undefined).length === 20)
    raw.send([...small.slice(0, 1), JSON.stringify({ id: 200, publish: { channel: 'a', data: 'x'.repeat(1000) } })].join('\n'))
    expect((await raw.closes()).code).toBe(1009)
    using binary = await BinaryClient.connect(server.wsUrl, {})
    const command = (id: number, length: number) => ({ id, publish: { channel: 'a', data: bytesOf('x'.repeat(length)) } })
    binary.send(binaryFrame(...Array.from({ length: 20 }, (_, index) => command(100 + index, 900))))
    await binary.reply(119)
    binary.send(binaryFrame(command(200, 10), command(201, 1000)))
    await until('it is closed', () => binary.closedWith?.code === 1009)
    using stranger = await RawClient.open(server.wsUrl)
    stranger.send(`{"id":1,"connect":{"data":"${'x'.repeat(1000)}"}}`)
    expect((await stranger.closes()).code).toBe(1009)
  })

  test('[C64] a connect command has room for the positions of as many server-side subscriptions as there may be', async () => {
    const names = Array.from({ length: channels }, (_, index) => `rooms:${String(index).padEnd(240, '漢')}`)
    await using server = await startServer({ channel: { namespaces: [{ name: 'rooms', ...kept }] } })
    const token = await sign({ sub: 'alice', channels: ['rooms:a'] })
    const subs = Object.fromEntries(names.map(name => [name, { recover: true, epoch: 'x'.repeat(64), offset: Number.MAX_SAFE_INTEGER }]))
    using raw = await RawClient.open(server.wsUrl)
    const command = { connect: { token, subs } }
    expect(Buffer.byteLength(JSON.stringify(command))).toBeGreaterThan(65_536)
    expect((await raw.call(command)).connect?.subs).toHaveProperty('rooms:a')
  })

  test('[C65] a frame of more commands than may wait, even of pongs, closes with 3013', async () => {
    await using server = await startServer({ client: { insecure: true } })
    using raw = await RawClient.connect(server.wsUrl, {})
    raw.send('{}\n'.repeat(4_000))
    expect((await raw.call({ ping: {} })).ping).toEqual({})
    raw.send('{}\n'.repeat(5_000))
    expect((await raw.closes()).code).toBe(3013)
  })
})
