import { afterEach, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import type { LeaseStore } from '../../src/cluster/index.ts'
import type { Json } from '../../src/kit/index.ts'
import { kafkaMetrics } from '../../src/server/host/kafka-metrics.ts'
import { type FleetOpener, StartError } from '../../src/server/index.ts'
import { defineService } from '../../src/service.ts'
import { api } from '../kit/api.ts'
import { apiKey, endAll, freePort, metricsOf, RawClient, type TestServer, until, userToken } from '../kit/index.ts'
import { isWhole, MemoryFleet, threeInMemory } from '../kit/servers/fleet.ts'

afterEach(endAll)

const readiness = async ({ url }: { readonly url: string }) => {
  const response = await fetch(`${url}/readyz`)
  return { code: response.status, body: (await response.json()) as Json }
}

const where = (begun: Promise<void>, node: () => string) =>
  defineService({
    name: 'where',
    async start(host) {
      await begun
      host.command('where', z.object({ key: z.string() }), () => node(), { key: ({ key }) => key })
    },
  })

describe('a node that joins a fleet', () => {
  test('[FL14] owns nothing before its services have started, so that what others send it is answered', async () => {
    const fleet = new MemoryFleet()
    const begun = Promise.resolve()
    const first = await fleet.add({}, { services: [where(begun, () => 'first')] })
    const held = Promise.withResolvers<void>()
    const joining = fleet.add({}, { services: [where(held.promise, () => 'second')] })
    const client = await RawClient.connect(first.wsUrl, { token: await userToken('ann') })
    const ask = async () => {
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, n) => client.call({ rpc: { method: 'where', data: { key: `key:${n}` } } })),
      )
      return replies.map(({ rpc }) => Reflect.get(Object(rpc), 'data'))
    }
    expect(new Set(await ask())).toEqual(new Set(['first']))
    expect(first.server.topology.fleet()?.members).toHaveLength(1)
    held.resolve()
    await isWhole([first, await joining])
    expect(new Set(await ask())).toEqual(new Set(['first', 'second']))
  })

  test('[FL14] lets other nodes in before clients, and clients once it is a member', async () => {
    const fleet = new MemoryFleet()
    await fleet.add()
    const held = Promise.withResolvers<void>()
    const open: FleetOpener = async context => {
      const { place, close } = await fleet.open(context)
      return { close, place: { ...place, leases: later(place.leases, held.promise) } }
    }
    const port = freePort()
    const url = `http://127.0.0.1:${port}`
    const joining = fleet.add({ port, node: { address: `ws://127.0.0.1:${port}` } }, { fleets: { shared: open } })
    await until('it listens', async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.status === 200)
    const early = await fetch(`${url}/sse?channel=kept:1`)
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await readiness({ url })).code).toBe(503)
    held.resolve()
    const second = await joining
    expect((await readiness(second)).code).toBe(200)
    expect((await api(second, 'publish', { channel: 'kept:1', data: 1 })).status).toBe(200)
  })

  test('[FL14] does not start with an address at which nothing answers, or another node', async () => {
    const fleet = new MemoryFleet()
    const first = await fleet.add()
    const address = first.url.replace('http', 'ws')
    await expect(fleet.add({ node: { address } })).rejects.toThrow(
      new StartError('node.address', `${address} leads to another node; give the address of this one, without a balancer in front`),
    )
    const nowhere = `ws://127.0.0.1:${freePort()}`
    await expect(fleet.add({ node: { address: nowhere } })).rejects.toThrow(`node.address: ${nowhere} cannot be reached from here: `)
    await expect(fleet.add({ node: { secret: 'another-secret-of-32-bytes-xxxxx', address } })).rejects.toThrow('node.address: ')
    expect(first.server.topology.fleet()?.members).toHaveLength(1)
  })
})

describe('a node that leaves a fleet', () => {
  test('[FL18] gives what it owns to others at once, before its clients have gone, and no command is lost meanwhile', async () => {
    const fleet = new MemoryFleet(1)
    const services = () => [where(Promise.resolve(), () => 'here')]
    const nodes = [
      await fleet.add({ shutdown: { timeout: '3s' } }, { services: services() }),
      await fleet.add({}, { services: services() }),
    ]
    await isWhole(nodes)
    const [leaving, staying] = nodes
    if (leaving === undefined || staying === undefined) throw new Error('two nodes are expected')
    const clients = await Promise.all([...Array(8)].map(async () => RawClient.connect(leaving.wsUrl, { token: await userToken('ann') })))
    const other = await RawClient.connect(staying.wsUrl, { token: await userToken('ben') })
    const failures: unknown[] = []
    const ask = async () => {
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, n) => other.call({ rpc: { method: 'where', data: { key: `key:${n}` } } })),
      )
      failures.push(...replies.flatMap(({ error }) => error ?? []))
    }
    const draining = leaving.server.drain()
    expect((await readiness(leaving)).code).toBe(503)
    while (staying.server.topology.fleet()?.owned !== 4096) await ask()
    expect(leaving.server.topology.fleet()?.owned).toBe(0)
    expect(leaving.node.sessions.size).toBeGreaterThan(0)
    await ask()
    await draining
    expect(failures).toEqual([])
    expect(clients.map(({ closedWith }) => closedWith?.code)).toEqual(clients.map(() => 3001))
    await until('it is no member any more', () => staying.server.topology.fleet()?.members.length === 1)
  })
})

describe('how a fleet is', () => {
  test('[FL15] readiness names every part that is away, and comes back with it', async () => {
    const { fleet, servers } = await threeInMemory()
    const [node] = servers
    expect(await readiness(node)).toEqual({ code: 200, body: { status: 'ready', node: node.node.id } })
    fleet.troubles = [
      { part: 'kafka', reason: 'no broker answers' },
      { part: 'deaf', reason: 'nothing was heard for 3 s' },
    ]
    const away = { kafka: 'no broker answers', deaf: 'nothing was heard for 3 s' }
    const body = { status: 'degraded', reason: 'no broker answers', away, node: node.node.id }
    expect(await readiness(node)).toEqual({ code: 503, body })
    expect(await metricsOf(node)).toMatch(/^fanfare_fleet_away\{part="kafka"\} 1$/m)
    fleet.troubles = []
    expect(await readiness(node)).toEqual({ code: 200, body: { status: 'ready', node: node.node.id } })
  })

  test('[FL15] a node that cannot reach the leases is not ready, and says so', async () => {
    const fleet = new MemoryFleet(20)
    let isCut = false
    const open: FleetOpener = async context => {
      const { place, close } = await fleet.open(context)
      return { close, place: { ...place, leases: cuttable(place.leases, () => isCut) } }
    }
    const node = await fleet.add({}, { fleets: { shared: open } })
    expect((await readiness(node)).code).toBe(200)
    isCut = true
    await until('it is not ready', async () => (await readiness(node)).code === 503)
    expect((await readiness(node)).body).toMatchObject({ away: { postgres: expect.stringContaining('does not answer') } })
    isCut = false
    await until('it is ready', async () => (await readiness(node)).code === 200)
  })

  test('[KF25] metrics show what a node reads and appends, how far it is behind, and how long Kafka has been silent', async () => {
    const fleet = new MemoryFleet()
    const figures = { partitions: 66, sessions: 3, lag: 7, silentMs: 1500, reconnects: 2, unreadable: 1 }
    const appends = { appended: 100, appendFailures: 4, appendRetries: 5 }
    const open: FleetOpener = async context => ({
      ...(await fleet.open(context)),
      metrics: kafkaMetrics(() => ({ ...figures, ...appends })),
    })
    const metrics = await metricsOf(await fleet.add({}, { fleets: { shared: open } }))
    const shown = [...metrics.matchAll(/^fanfare_kafka_(\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)])
    expect(Object.fromEntries(shown)).toEqual({
      ...{ partitions: 66, sessions: 3, lag_records: 7, silent_seconds: 1.5, reconnects_total: 2, unreadable_total: 1 },
      ...{ appended_total: 100, append_failures_total: 4, append_retries_total: 5 },
    })
  })

  test('[FL15] metrics and the operations page show members, slots and terms; a server alone shows none', async () => {
    const { servers } = await threeInMemory()
    const [node] = servers
    const metrics = await metricsOf(node)
    const figure = (name: string) => Number(new RegExp(`^fanfare_${name} (\\S+)$`, 'm').exec(metrics)?.[1])
    expect([figure('fleet_members'), figure('fleet_members_linked')]).toEqual([3, 3])
    expect(figure('fleet_slots_owned')).toBeGreaterThan(1000)
    expect(figure('fleet_terms_begun_total')).toBeGreaterThanOrEqual(figure('fleet_slots_owned'))
    expect(figure('fleet_term')).toBeGreaterThan(0)
    expect(metrics).toMatch(/^fanfare_fleet_log_round_trip_seconds \d/m)
    const stats = (await (await fetch(`${node.url}/ops/stats`, { headers: { 'X-API-Key': apiKey } })).json()) as {
      fleet: { members: { node: string; slots: number }[]; slots: number }
    }
    expect(stats.fleet.members.map(member => member.node).sort()).toEqual(servers.map((server: TestServer) => server.node.id).sort())
    expect(stats.fleet.members.reduce((sum, { slots }) => sum + slots, 0)).toBe(stats.fleet.slots)
  })
})

/** A store that answers no question before a promise resolves. */
function later(store: LeaseStore, until: Promise<void>): LeaseStore {
  return guarded(store, async question => {
    await until
    return await question()
  })
}

/** A store that may be cut off: then nothing is answered. */
function cuttable(store: LeaseStore, isCut: () => boolean): LeaseStore {
  return guarded(store, question => (isCut() ? new Promise(() => undefined) : question()))
}

function guarded(store: LeaseStore, guard: (question: () => Promise<unknown>) => Promise<unknown>): LeaseStore {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      if (name === 'watch') return member.bind(target)
      return (...args: unknown[]) => guard(async () => Reflect.apply(member, target, args))
    },
  })
}
