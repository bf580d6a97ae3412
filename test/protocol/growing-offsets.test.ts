import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SparseBroker, sparsePlace } from '../../sim/cluster/sparse-broker.ts'
import { MemoryBroker } from '../../src/broker/index.ts'
import type { Publication } from '../../src/protocol/index.ts'
import type { BrokerOpeners, ConfigInput } from '../../src/server/index.ts'
import { defineNamespace, defineService } from '../../src/service.ts'
import { addChunkRoutes } from '../../src/services/sports/chunk-routes.ts'
import type { Snapshot } from '../../src/services/sports/model/index.ts'
import { FetchedStream, rounds, until, userToken } from '../kit/index.ts'
import { connect, endAll, hurried, startCentral, startRelay } from '../kit/servers/tree.ts'

afterEach(endAll)

const brokers: BrokerOpeners = { sparse: (context, sink) => new SparseBroker(outlet => new MemoryBroker(context, outlet), sink) }
const namespaces = [
  { name: 'kept', history_size: 1000, history_ttl: '10m', force_recovery: true, allow_subscribe_for_client: true, delay_max: '60s' },
] as const
const input: ConfigInput = { broker: 'sparse:', channel: { namespaces: [...namespaces] } }
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
const places = (count: number) => range(1, count).map(sparsePlace)

/** A central node whose offsets skip, and a relay below it. */
async function startTree() {
  const central = await startCentral(input, { brokers })
  const relay = await startRelay([central], {}, { clock: hurried(5) })
  let published = 0
  const publish = async (count: number) => {
    for (let n = 0; n < count; n++) await central.publish('kept:1', ++published)
  }
  return { central, relay, publish, published: () => published }
}

describe('offsets that skip', () => {
  test('[B231] the published SDK, cut at random at either node, has everything once and in order', async () => {
    const moves = fc.array(fc.constantFrom('publish', 'publish many', 'cut above', 'cut below'), { minLength: 6, maxLength: 14 })
    await fc.assert(
      fc.asyncProperty(moves, async steps => {
        const { central, relay, publish, published } = await startTree()
        const sdks = [await connect(central), await connect(relay)]
        const all = await Promise.all(sdks.map(sdk => sdk.subscribe('kept:1').ready()))
        for (const step of steps) {
          if (step === 'publish') await publish(1)
          else if (step === 'publish many') await publish(120)
          else
            for (const session of (step === 'cut above' ? central : relay).node.sessions.all())
              session.socket.close(1011, 'cut by the test')
        }
        await publish(1)
        for (const subscription of all) {
          expect(await subscription.gets(published())).toEqual(range(1, published()))
          expect(subscription.publications.map(({ offset }) => offset)).toEqual(places(published()))
          expect(subscription.recoveries.every(({ recovered, wasRecovering }) => recovered || !wasRecovering)).toBe(true)
        }
        await endAll()
      }),
      { numRuns: rounds(4, 40) },
    )
  })

  test('[B231] an event stream goes on from its cursor, on the node or on another, and so does one that is behind', async () => {
    const { central, relay, publish } = await startTree()
    await publish(5)
    const path = `/sse?channel=kept:1&token=${await userToken('alice')}`
    const heard: unknown[] = []
    let id = ''
    for (const [round, node] of [central, relay, central, relay].entries()) {
      using stream = new FetchedStream(`${node.url}${path}`, id === '' ? {} : { 'Last-Event-ID': id })
      const { subs } = await stream.opened()
      if (round > 0) expect(subs['kept:1']).toMatchObject({ recovered: true })
      await publish(7)
      await until('they came', () => stream.data('kept:1').length >= (round === 0 ? 7 : 10))
      expect(stream.publications('kept:1').map(({ offset = 0 }) => offset)).toEqual(
        range(heard.length + 6, heard.length + 5 + stream.data('kept:1').length).map(sparsePlace),
      )
      heard.push(...stream.data('kept:1'))
      id = stream.lastEventId
      stream[Symbol.dispose]()
      await publish(3)
    }
    expect(heard).toEqual(range(6, heard.length + 5))
  })

  test('[B231] who is behind gets each after its time, and nothing tells of what is later', async () => {
    const { relay, publish } = await startTree()
    await publish(4)
    using stream = new FetchedStream(`${relay.url}/sse?channel=kept:1&delay=2s&token=${await userToken('alice')}`)
    const { subs } = await stream.opened()
    expect(subs['kept:1']?.offset).toBeLessThanOrEqual(sparsePlace(4))
    await publish(3)
    await until('all came', () => stream.publications('kept:1').at(-1)?.offset === sparsePlace(7))
    const offsets = stream.publications('kept:1').map(({ offset = 0 }) => offset)
    expect(offsets).toEqual(places(7).slice(7 - offsets.length))
  })

  test('[B231] chunks for caches hold each update once, with its place', async () => {
    const game = { id: '1', channel: 'sports:game_1', snapshot: () => ({ board: { version: 1 } }) as Snapshot }
    const service = defineService({
      name: 'games',
      namespaces: [defineNamespace({ name: 'sports', delivery: 'lanes', historySize: 512, historyTtlMs: 600_000 })],
      start(host) {
        const routes = addChunkRoutes(host, id => (id === '1' ? game : undefined))
        host.onClose(() => routes.close())
      },
    })
    const central = await startCentral(input, { brokers, services: [service], clock: hurried(5) })
    for (let n = 1; n <= 45; n++) await central.publish(game.channel, n)
    const chunk = async (n: number): Promise<Publication[]> => {
      const response = await fetch(`${central.url}/sports/games/1/chunks/${n}`)
      return ((await response.json()) as { publications: Publication[] }).publications
    }
    const all = [...(await chunk(1)), ...(await chunk(2))]
    expect(all.map(({ offset }) => offset)).toEqual(places(40))
    const latest = (await (await fetch(`${central.url}/sports/games/1/latest`)).json()) as { offset: number }
    expect(latest.offset).toBe(sparsePlace(45))
  })
})
