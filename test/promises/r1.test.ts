import { describe, expect, test } from 'bun:test'
import { between, seededRandom } from '../../src/kit/index.ts'
import { connectAll, cutSocket, LeanClient, Sdk, type SdkSubscription, ServerProcess, until, userToken } from '../support/index.ts'

const clientsTotal = 2000
const sdkTotal = 50
const channelsTotal = 100
const channelsEach = 5
const perSecond = 100
const flowMs = 10_000
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
  test(`[R1] ${clientsTotal} clients on ${channelsTotal} channels are cut for 2 s at random while ${perSecond} messages a second flow: each has every message once`, async () => {
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

    for (const client of lean) if (!client.isOpen) client.connect()
    await until('every lean client has all', () => lean.every(client => hasAll(client, published)), 8000)
    await until(
      'every SDK has all',
      () =>
        sdks.every(({ subscriptions }) => subscriptions.every(at => sequence(at).length >= (published.get(at.subscription.channel) ?? 0))),
      8000,
    )
    expect(lean.flatMap(({ faults }) => faults)).toEqual([])
    for (const { subscriptions } of sdks)
      for (const at of subscriptions)
        expect(sequence(at)).toEqual(Array.from({ length: published.get(at.subscription.channel) ?? 0 }, (_, index) => index + 1))
    const cuts = lean.reduce((sum, client) => sum + client.cuts, 0)
    expect(cuts).toBeGreaterThan(clientsTotal)
    expect(lean.filter(client => client.cuts > 0).length).toBeGreaterThan(clientsTotal * 0.7)
    expect(sdks.every(({ sdk }) => sdk.connections >= 2)).toBe(true)
    expect(
      sdks
        .flatMap(({ subscriptions }) => subscriptions.flatMap(({ recoveries }) => recoveries.slice(1)))
        .every(({ recovered }) => recovered),
    ).toBe(true)
    expect(server.complaints).toBe('')
    for (const client of lean) client.close()
    for (const { sdk } of sdks) sdk[Symbol.dispose]()
  }, 30_000)
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

/** Publishes at an even pace and cuts meanwhile. @returns how many went to each channel */
async function flow(server: ServerProcess, lean: readonly LeanClient[]): Promise<Map<string, number>> {
  const published = new Map<string, number>()
  const acknowledged: Promise<unknown>[] = []
  const start = performance.now()
  let sent = 0
  let sdkCuts = [...CuttableSocket.open].map(socket => ({ socket, at: 500 + random.next() * (flowMs - 3000) }))
  for (let elapsed = 0; elapsed < flowMs; elapsed = performance.now() - start) {
    const items: [string, unknown][] = []
    for (; sent < (elapsed / 1000) * perSecond; sent++) {
      const channel = channelName(between(random, 0, channelsTotal - 1))
      const n = (published.get(channel) ?? 0) + 1
      published.set(channel, n)
      items.push([channel, n])
    }
    if (items.length > 0) acknowledged.push(server.storm(items))
    if (elapsed > 500 && elapsed < flowMs - cutMs / 2) cutSome(lean)
    for (const { socket } of sdkCuts.filter(({ at }) => at <= elapsed)) cutSocket(socket)
    sdkCuts = sdkCuts.filter(({ at }) => at > elapsed)
    await Bun.sleep(20)
  }
  await Promise.all(acknowledged)
  return published
}

function cutSome(lean: readonly LeanClient[]): void {
  for (let count = 0; count < 8; count++) {
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
