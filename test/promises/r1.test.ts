import { describe, expect, test } from 'bun:test'
import { between, seededRandom } from '../../src/kit/index.ts'
import { connectAll, cutSocket, LeanClient, rounds, Sdk, type SdkSubscription, ServerProcess, until, userToken } from '../kit/index.ts'

const clientsTotal = rounds(400, 2000)
const sdkTotal = rounds(20, 50)
const channelsTotal = 100
const channelsEach = 5
const messagesMin = rounds(500, 1000)
/** Messages that are published and clients that are cut in a turn, and how far apart turns are: about 100 messages a second. */
const messagesEach = 2
const cutsEach = rounds(2, 8)
const turnMs = 20
/** How long a client is away. */
const cutMs = 2000

const channelName = (index: number) => `room:${index % channelsTotal}`
const random = seededRandom(1)

/** Sockets of the SDK that can be cut as a network does it, without a word. */
class CuttableSocket extends WebSocket {
  static readonly open = new Set<CuttableSocket>()

  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols)
    CuttableSocket.open.add(this)
    this.addEventListener('close', () => CuttableSocket.open.delete(this))
  }
}

describe('R1', () => {
  test(`[R1] ${clientsTotal} clients on ${channelsTotal} channels are cut for 2 s at random while messages flow: each has every message once`, async () => {
    await using server = await ServerProcess.start({
      client: { allow_anonymous_connect_without_token: true },
      channel: {
        namespaces: [
          { name: 'room', history_size: 1000, history_ttl: '10m', allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true },
        ],
      },
    })
    const lean = Array.from({ length: clientsTotal - sdkTotal }, () => new LeanClient(server.wsUrl, someChannels()))
    await connectAll(lean)
    const sdks = await Promise.all(Array.from({ length: sdkTotal }, (_, index) => follow(server.wsUrl, `user${index}`)))

    const published = await flow(server, lean)

    await until('every lean client is back', () => lean.every(({ isReady }) => isReady))
    await until('every lean client has all', () => lean.every(client => hasAll(client, published)))
    await until('every SDK has all', () =>
      sdks.every(({ subscriptions }) => subscriptions.every(at => sequence(at).length >= (published.get(at.subscription.channel) ?? 0))),
    )
    expect(lean.flatMap(({ faults }) => faults)).toEqual([])
    for (const { subscriptions } of sdks)
      for (const at of subscriptions)
        expect(sequence(at)).toEqual(Array.from({ length: published.get(at.subscription.channel) ?? 0 }, (_, index) => index + 1))
    expect(lean.filter(client => client.cuts > 0).length).toBeGreaterThan(lean.length * 0.5)
    expect(sdks.every(({ sdk }) => sdk.connections >= 2)).toBe(true)
    expect(
      sdks
        .flatMap(({ subscriptions }) => subscriptions.flatMap(({ recoveries }) => recoveries.slice(1)))
        .every(({ recovered }) => recovered),
    ).toBe(true)
    expect(server.complaints).toBe('')
    for (const client of lean) client.close()
    for (const { sdk } of sdks) sdk[Symbol.dispose]()
  })
})

function someChannels(): string[] {
  const first = between(random, 0, channelsTotal - 1)
  return Array.from({ length: channelsEach }, (_, index) => channelName(first + index * 17))
}

async function follow(url: string, user: string): Promise<{ sdk: Sdk; subscriptions: SdkSubscription[] }> {
  const sdk = new Sdk(url, {
    token: await userToken(user),
    websocket: CuttableSocket,
    minReconnectDelay: cutMs,
    maxReconnectDelay: cutMs + 1,
  })
  await sdk.connect()
  const subscriptions = someChannels().map(channel => sdk.subscribe(channel, { recoverable: true }))
  await Promise.all(subscriptions.map(subscription => subscription.ready()))
  return { sdk, subscriptions }
}

/** Publishes and cuts, until enough was published and everybody was cut once on average. @returns how many went to each channel */
async function flow(server: ServerProcess, lean: readonly LeanClient[]): Promise<Map<string, number>> {
  const published = new Map<string, number>()
  const acknowledged: Promise<unknown>[] = []
  const sdkSockets = [...CuttableSocket.open]
  const isDone = (turn: number) => turn * messagesEach >= messagesMin && sdkSockets.length === 0 && cutsOf(lean) > lean.length * 1.5
  for (let turn = 0; !isDone(turn); turn++) {
    const items = Array.from({ length: messagesEach }, (): [string, unknown] => {
      const channel = channelName(between(random, 0, channelsTotal - 1))
      const n = (published.get(channel) ?? 0) + 1
      published.set(channel, n)
      return [channel, n]
    })
    acknowledged.push(server.storm(items))
    cutSome(lean)
    const socket = turn % 5 === 0 ? sdkSockets.pop() : undefined
    if (socket !== undefined) cutSocket(socket)
    await Bun.sleep(turnMs)
  }
  await Promise.all(acknowledged)
  return published
}

function cutsOf(lean: readonly LeanClient[]): number {
  return lean.reduce((sum, client) => sum + client.cuts, 0)
}

function cutSome(lean: readonly LeanClient[]): void {
  for (let count = 0; count < cutsEach; count++) {
    const client = lean[between(random, 0, lean.length - 1)]
    if (client?.isReady !== true) continue
    client.cut()
    setTimeout(() => client.connect(), cutMs)
  }
}

function hasAll(client: LeanClient, published: ReadonlyMap<string, number>): boolean {
  return client.isReady && [...client.channels].every(([channel, { count }]) => count === (published.get(channel) ?? 0))
}

function sequence({ publications }: SdkSubscription): unknown[] {
  return publications.map(({ data }) => data)
}
