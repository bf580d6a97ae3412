import { afterEach, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { presenceLeaseMs } from '../../src/hub/index.ts'
import type { Json } from '../../src/kit/index.ts'
import { CommandError } from '../../src/protocol/index.ts'
import type { Application, ConfigInput } from '../../src/server/index.ts'
import { defineService } from '../../src/service.ts'
import { DirectClient } from '../kit/applications.ts'
import { FleetStage } from '../kit/fleet-stage.ts'

const news = {
  ...{ name: 'news', history_size: 100, history_ttl: '5m', force_recovery: true, presence: true },
  ...{ allow_subscribe_for_client: true, allow_history_for_client: true, allow_presence_for_subscriber: true },
} as const
const input: ConfigInput = { channel: { namespaces: [news] } }

const stages: FleetStage[] = []

async function three(): Promise<{ stage: FleetStage; a: Application; b: Application; c: Application }> {
  const stage = new FleetStage(input)
  stages.push(stage)
  return { stage, a: await stage.add('a'), b: await stage.add('b'), c: await stage.add('c') }
}

afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close()
})

describe('a fleet of equal nodes', () => {
  test('[N28] what is published at any node reaches subscribers of all, in one order, and is recovered from at any', async () => {
    const { stage, a, b, c } = await three()
    const clients = [a, b, c].map(({ node }, index) => new DirectClient(node, `user-${index}`, stage.clock))
    const [first] = clients.map(client => client.call({ subscribe: { channel: 'news:1' } })?.subscribe)
    for (const [n, from] of [a, b, c, b].entries()) await stage.done(from.publish('news:1', n), 10)
    stage.clock.advance(100)
    for (const client of clients) expect(client.data('news:1')).toEqual([0, 1, 2, 3])
    const elsewhere = new DirectClient(c.node, 'user-0', stage.clock)
    const recover = { channel: 'news:1', recover: true, epoch: first?.epoch, offset: first?.offset }
    const recovered = elsewhere.call({ subscribe: recover })?.subscribe
    expect([recovered?.recovered, recovered?.publications?.map(({ data }) => data)]).toEqual([true, [0, 1, 2, 3]])
  })

  test('[N28] presence and orders of the server API are the same on every node', async () => {
    const { stage, a, b, c } = await three()
    const [ann, ben] = [new DirectClient(a.node, 'ann', stage.clock), new DirectClient(b.node, 'ben', stage.clock)]
    for (const client of [ann, ben]) client.call({ subscribe: { channel: 'news:1' } })
    stage.clock.advance(1000)
    for (const { node } of [a, b, c]) {
      const list = await stage.done(node.presence.list('news:1'))
      expect([...list.values()].map(({ user }) => user).sort()).toEqual(['ann', 'ben'])
    }
    expect(await stage.done(c.topology.channels('news:*'))).toEqual({ 'news:1': 2 })
    await stage.done(c.disconnect('ann'))
    expect([ann.closedWith, ben.closedWith]).toEqual([expect.any(Number), undefined])
    ann.session.closed()
    stage.kill(b)
    stage.clock.advance(3 * presenceLeaseMs)
    expect((await stage.done(a.node.presence.list('news:1'))).size).toBe(0)
  })

  test('[N28] a node that is cut off from the log for a moment fails publishing meanwhile, keeps its clients, and catches up', async () => {
    const { stage, a, b } = await three()
    const ann = new DirectClient(b.node, 'ann', stage.clock)
    ann.call({ subscribe: { channel: 'news:1' } })
    stage.cut(b)
    await stage.done(a.publish('news:1', 1))
    await expect(stage.done(b.publish('news:1', 'lost'), 3000)).rejects.toMatchObject({ code: 100, temporary: true })
    expect([ann.data('news:1'), ann.closedWith]).toEqual([[], undefined])
    stage.mend(b)
    stage.clock.advance(1000)
    expect([ann.data('news:1'), ann.closedWith]).toEqual([[1], undefined])
  })

  test('[LB16] a node that does not hear what is new is not ready, and its clients are told to resync, which they do elsewhere', async () => {
    const { stage, a, b, c } = await three()
    const clients = [a, b, c].map(({ node }, index) => new DirectClient(node, `user-${index}`, stage.clock))
    for (const client of clients) client.call({ subscribe: { channel: 'news:1' } })
    stage.cut(b)
    stage.clock.advance(4000)
    expect([a, b, c].map(({ topology }) => topology.troubles().map(({ part }) => part))).toEqual([[], ['deaf'], []])
    stage.clock.advance(10_000)
    expect(clients.map(({ closedWith }) => closedWith)).toEqual([undefined, 3010, undefined])
    stage.mend(b)
    stage.clock.advance(2000)
    expect(b.topology.troubles()).toEqual([])
  })

  test('[LB16] where no node hears, all say so, and clients stay: they miss nothing when the log is back', async () => {
    const { stage, a, b, c } = await three()
    const clients = [a, b, c].map(({ node }, index) => new DirectClient(node, `user-${index}`, stage.clock))
    for (const client of clients) client.call({ subscribe: { channel: 'news:1' } })
    await stage.done(a.publish('news:1', 1))
    for (const application of [a, b, c]) stage.cut(application)
    for (let second = 0; second < 15; second++) {
      stage.clock.advance(1000)
      for (const { session } of clients) session.receive('{}')
    }
    expect([a, b, c].map(({ topology }) => topology.troubles().map(({ part }) => part))).toEqual([['deaf'], ['deaf'], ['deaf']])
    for (const application of [a, b, c]) stage.mend(application)
    stage.clock.advance(2000)
    await stage.done(b.publish('news:1', 2))
    expect(clients.map(client => [client.closedWith, client.data('news:1')])).toEqual(clients.map(() => [undefined, [1, 2]]))
  })

  test('[N28] a relay may hang below any node, and moves to another one without a gap', async () => {
    const { stage, a, b } = await three()
    const relay = stage.all.create('edge', {}, ['a', 'b'])
    await stage.done(relay.start())
    const viewer = new DirectClient(relay.node, 'ann', stage.clock)
    viewer.call({ subscribe: { channel: 'news:1' } })
    await stage.done(b.publish('news:1', 1))
    stage.kill(a)
    await stage.done(b.publish('news:1', 2), 20_000)
    await stage.done(b.publish('news:1', 3))
    expect([viewer.data('news:1'), viewer.closedWith]).toEqual([[1, 2, 3], undefined])
    expect(b.topology.children.size).toBe(1)
    await stage.done(relay.close())
  })

  test('[N29] a key has one owner, which all name alike, and a command for it runs there, whichever node it comes to', async () => {
    const { stage, a, b, c } = await three()
    const ran: [node: string, key: Json][] = []
    for (const application of [a, b, c])
      application.command('note', z.object({ key: z.string() }), ({ key }, { user }) => {
        ran.push([application.node.id, key])
        return { by: user }
      })
    stage.clock.advance(5000)
    const owners = new Set<string>()
    for (const key of Array.from({ length: 30 }, (_, n) => `board:${n}`)) {
      const [owner, ...others] = [a, b, c].filter(({ topology }) => topology.ownerOf(key).kind === 'here')
      expect(others).toEqual([])
      for (const { topology } of [a, b, c])
        expect(await stage.done(topology.callOwner(key, 'note', { key }, { user: 'ann' }), 10)).toEqual({ by: 'ann' })
      const at = owner?.node.id ?? ''
      owners.add(at)
      expect(ran.splice(0)).toEqual([at, at, at].map(node => [node, key]))
    }
    expect(owners.size).toBe(3)
  })

  test('[N29] what a dead node owned is owned by others within seconds, and commands that come meanwhile fail for the moment', async () => {
    const { stage, a, b, c } = await three()
    for (const application of [a, b, c]) application.command('where', z.object({}), () => application.node.id)
    stage.clock.advance(5000)
    const key = Array.from({ length: 100 }, (_, n) => `board:${n}`).find(one => c.topology.ownerOf(one).kind === 'here') ?? ''
    const ask = (from: Application, ms: number) => stage.done(from.topology.callOwner(key, 'where', {}, { user: 'ann' }), ms)
    expect(await ask(a, 10)).toBe('c')
    stage.kill(c)
    await expect(ask(a, 10_000)).rejects.toMatchObject({ code: 100, temporary: true })
    stage.clock.advance(5000)
    const now = await ask(a, 10)
    expect(['a', 'b']).toContain(String(now))
    expect(await ask(b, 10)).toBe(now)
  })

  test('[FL1] a command that says its key runs at the owner of that key, once and under the owner’s term, whichever node its client is on', async () => {
    const { stage, a, b, c } = await three()
    const ran: [node: string, key: string, term: number | undefined][] = []
    for (const application of [a, b, c])
      application.command(
        'move',
        z.object({ room: z.string() }),
        ({ room }, { user, owned }) => {
          ran.push([application.node.id, owned?.key ?? '', owned?.term])
          if (room === 'shut') throw new CommandError({ code: 409, message: 'shut' })
          return { room, by: user }
        },
        { key: ({ room }) => `room:${room}` },
      )
    stage.clock.advance(5000)
    const clients = [a, b, c].map(({ node }) => new DirectClient(node, 'ann', stage.clock))
    const owners = new Set<string>()
    for (const room of ['1', '2', '3', '4', '5', '6', '7', '8', 'shut']) {
      const owner = [a, b, c].find(({ topology }) => topology.ownerOf(`room:${room}`).kind === 'here')
      const owned = owner?.topology.ownerOf(`room:${room}`)
      const replies = clients.map(client => client.call({ rpc: { method: 'move', data: { room } } }))
      if (room === 'shut') expect(replies.map(reply => reply?.error?.code)).toEqual([409, 409, 409])
      else expect(replies.map(reply => reply?.rpc?.data)).toEqual([1, 2, 3].map(() => ({ room, by: 'ann' })))
      const term = owned?.kind === 'here' ? owned.term : 0
      expect(ran.splice(0)).toEqual([1, 2, 3].map(() => [owner?.node.id ?? '', `room:${room}`, term]))
      owners.add(owner?.node.id ?? '')
    }
    expect(owners.size).toBeGreaterThan(1)
    expect(clients[0]?.call({ rpc: { method: 'move', data: {} } })?.error?.code).toBe(107)
    expect(ran).toEqual([])
  })

  test('[FL3] what is asked of all nodes leaves out one that has died, as soon as it is no member any more', async () => {
    const { stage, a, b, c } = await three()
    for (const [index, { node }] of [a, b, c].entries())
      new DirectClient(node, `user-${index}`, stage.clock).call({ subscribe: { channel: 'news:1' } })
    stage.kill(c)
    expect(await stage.done(a.topology.channels('news:*'), 3000)).toEqual({ 'news:1': 2 })
    expect(await stage.done(a.topology.channels('news:*'), 10)).toEqual({ 'news:1': 2 })
  })

  test('[FL9] the rate of a service holds on all nodes together', async () => {
    const { stage, a, b, c } = await three()
    const service = defineService({
      name: 'knock',
      start(host) {
        const rate = host.rate({ perSecond: 1, burst: 10 })
        host.command('knock', z.object({}), (_, { user }) => rate.spend(user))
      },
    })
    for (const application of [a, b, c]) await application.mount(service)
    stage.clock.advance(5000)
    const knock = (application: Application, user: string) =>
      new DirectClient(application.node, user, stage.clock).call({ rpc: { method: 'knock' } })?.error?.code ?? 0
    const answers = [1, 2, 3, 4, 5, 6, 7, 8].map(() => knock(a, 'ann'))
    stage.clock.advance(1500)
    expect(answers).toEqual(answers.map(() => 0))
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(() => knock(b, 'ann')).filter(code => code === 429).length).toBeGreaterThan(2)
    expect(knock(c, 'ben')).toBe(0)
  })

  test('[N29] a session is reached on whichever node it is: streams by the nodes of their ids, clients by asking all', async () => {
    const { stage, a, b, c } = await three()
    const ann = new DirectClient(c.node, 'ann', stage.clock)
    ann.call({ subscribe: { channel: 'news:1' } })
    stage.clock.advance(5000)
    expect(['c.stream', 'gone.stream', 'a.stream'].map(id => a.topology.routeTo(id).kind)).toEqual(['there', 'nowhere', 'here'])
    expect(await stage.done(a.push(ann.session.id, 'news:1', [{ data: 'for ann' }]))).toBe(true)
    expect(ann.data('news:1')).toEqual(['for ann'])
    expect(await stage.done(a.push('nobody', 'news:1', [{ data: 1 }]), 10_000)).toBe(false)
    const { ticket } = b.tickets.issue('token of ann')
    expect(await stage.done(a.topology.redeem(ticket))).toBe('token of ann')
    expect(await stage.done(a.topology.redeem(ticket), 10_000)).toBeUndefined()
    expect(
      a.topology
        .reports()
        .map(({ node }) => node)
        .sort(),
    ).toEqual(['a', 'b', 'c'])
  })
})
