import { afterEach, expect, test } from 'bun:test'
import { between, seededRandom } from '../../src/kit/index.ts'
import type { Cable } from '../kit/fakes/cable.ts'
import { connectAll, LeanClient, rounds, type TestServer, until, userToken } from '../kit/index.ts'
import { atEnd, cableTo, endAll, hurried, startCentral, startRelay } from '../kit/servers/tree.ts'

afterEach(endAll)

const channels = ['kept:1', 'kept:2', 'room:1']
const viewersPerNode = 5
const turns = rounds(300, 2000)

/** One thing that goes wrong with a cable, and comes right after a while. */
function harm(cable: Cable, kind: number, ms: number): void {
  if (kind < 0.5) cable.cut()
  else if (kind < 0.8) {
    cable.pull()
    setTimeout(() => cable.plug(), ms)
  } else {
    cable.goDead()
    setTimeout(() => cable.revive(), 2 * ms)
  }
}

async function viewersOf(servers: readonly TestServer[]): Promise<LeanClient[]> {
  const clients: LeanClient[] = []
  for (const [place, server] of servers.entries()) {
    for (let n = 0; n < viewersPerNode; n++)
      clients.push(new LeanClient(server.wsUrl, channels, { token: await userToken(`user${place}-${n}`) }))
  }
  await connectAll(clients)
  atEnd(() => {
    for (const client of clients) client.close()
  })
  return clients
}

/** What a node holds of the channels that have a newest value. */
async function newestOf({ node }: TestServer): Promise<unknown> {
  const pages = await Promise.all(['newest:1', 'quotes:1'].map(channel => node.history(channel, { limit: 0 })))
  return pages.map(({ state }) => state.map(({ data }) => data))
}

test('[T47] whatever happens to the links of a tree, every viewer gets everything once and in order, and all nodes agree in the end', async () => {
  const random = seededRandom(1)
  const clock = hurried(6)
  const central = await startCentral({}, { clock })
  const [toCentral, alsoToCentral] = [await cableTo(central), await cableTo(central)]
  const west = await startRelay([toCentral], {}, { clock })
  const east = await startRelay([alsoToCentral], {}, { clock })
  const [west1, west2, east1, east2] = [await cableTo(west), await cableTo(west), await cableTo(east), await cableTo(east)]
  const edges = [
    await startRelay([west1, east1], {}, { clock }),
    await startRelay([east2, west2], {}, { clock }),
    await startRelay([west2, toCentral, east1], {}, { clock }),
  ]
  const servers = [central, west, east, ...edges]
  const cables = [toCentral, alsoToCentral, west1, west2, east1, east2]
  const clients = await viewersOf(servers)
  for (const server of edges) for (const channel of ['newest:1', 'quotes:1']) await server.node.broker.subscribe(channel)

  let harms = 0
  for (let n = 1; n <= turns; n++) {
    await clock.passes(60)
    for (const channel of channels) await central.publish(channel, { n })
    await central.publish('newest:1', { n })
    await central.publish('quotes:1', { [`field${n % 3}`]: n }, { key: `key${n % 5}` })
    const cable = cables[between(random, 0, cables.length - 1)]
    if (cable === undefined || random.next() > 0.15) continue
    harms++
    harm(cable, random.next(), random.next() * 1000)
  }
  for (const cable of cables) {
    cable.plug()
    cable.revive()
  }
  expect(harms).toBeGreaterThan(20)
  const hasAll = (client: LeanClient) => channels.every(channel => client.channels.get(channel)?.count === turns)
  await until('all have all', () => clients.every(hasAll))
  expect(clients.flatMap(({ faults }) => faults)).toEqual([])
  expect(clients.filter(({ closedWith }) => closedWith !== undefined)).toEqual([])
  await until('presence is exact', async () => (await central.node.presence.list('room:1')).size === clients.length)
  const truth = await newestOf(central)
  await until('all know the newest values', async () =>
    (await Promise.all(edges.map(newestOf))).every(known => Bun.deepEquals(known, truth)),
  )
})
