import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { presenceLeaseMs } from '../../src/hub/index.ts'
import type { Application } from '../../src/server/index.ts'
import { Heard } from '../contract/broker.ts'
import { FleetStage } from '../kit/fleet-stage.ts'
import { rounds } from '../kit/index.ts'

const room = { name: 'room', presence: true, join_leave: true } as const
/** Few, so that a run is quick. */
const slots = 32
const channels = ['room:1', 'room:2', 'room:3']

/** A fleet with a node that is never in trouble, which hears all joins and leaves. */
class Rooms {
  readonly stage = new FleetStage({ channel: { namespaces: [room] } }, slots)
  readonly heard = new Heard()
  readonly nodes: Application[] = []
  #observer: Application | undefined
  #starts = 0

  static async start(count: number): Promise<Rooms> {
    const rooms = new Rooms()
    const observer = await rooms.stage.add('observer')
    rooms.#observer = observer
    const deliver = observer.node.deliver.bind(observer.node)
    Object.assign(observer.node, {
      deliver: (...told: Parameters<typeof deliver>) => {
        rooms.heard.deliver(...told)
        deliver(...told)
      },
    })
    for (let n = 0; n < count; n++) await rooms.add()
    return rooms
  }

  async add(): Promise<void> {
    this.nodes.push(await this.stage.add(`node-${++this.#starts}`))
  }

  get observer(): Application {
    if (this.#observer === undefined) throw new Error('not started')
    return this.#observer
  }

  node(index: number): Application {
    return this.nodes[index % this.nodes.length] ?? this.observer
  }

  async replace(node: Application): Promise<void> {
    this.stage.kill(node)
    this.nodes.splice(this.nodes.indexOf(node), 1)
    await this.add()
  }

  /** Who has joined and not left, as announced; a second join or leave in a row is wrong. */
  joined(channel: string): { readonly clients: string[]; readonly wrong: string[] } {
    const clients = new Set<string>()
    const wrong: string[] = []
    for (const { channel: of, message } of this.heard.messages) {
      if (of !== channel || message.kind === 'publication') continue
      for (const { client } of message.infos) {
        if (clients.has(client) === (message.kind === 'join')) wrong.push(`a second ${message.kind} of ${client}`)
        if (message.kind === 'join') clients.add(client)
        else clients.delete(client)
      }
    }
    return { clients: [...clients].sort(), wrong }
  }

  async list({ node }: Application, channel: string): Promise<string[]> {
    return [...(await this.stage.done(node.presence.list(channel), 5000)).keys()].sort()
  }
}

describe('presence in a fleet', () => {
  const change = fc.record({
    what: fc.constantFrom('enter', 'enter', 'enter', 'leave', 'cut', 'mend', 'unlink', 'kill', 'stall', 'wait', 'below', 'drop', 'drain'),
    who: fc.nat({ max: 20 }),
    channel: fc.constantFrom(...channels),
    client: fc.constantFrom('a', 'b', 'c', 'd'),
    ms: fc.integer({ min: 0, max: presenceLeaseMs }),
  })

  test('[PL20] whatever is cut, stalls, dies or drains, all nodes come to know who is there, and joins and leaves end in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 25 }), async changes => {
        const rooms = await Rooms.start(2)
        const { stage } = rooms
        const there = new Map<
          string,
          { readonly channel: string; readonly client: string; readonly node: Application; readonly owner?: string }
        >()
        const isOf = (node: Application) => (entry: { node: Application }) => entry.node === node
        const forget = (isGone: (entry: { node: Application; owner?: string }) => boolean) => {
          for (const [key, entry] of there) if (isGone(entry)) there.delete(key)
        }
        for (const { what, who, channel, client: name, ms } of changes) {
          const application = rooms.node(who)
          const { node } = application
          // A client's id names the node that it is on.
          const client = `${node.id} ${name}`
          const key = `${client} ${channel}`
          if (what === 'enter') {
            void node.presence.track(channel, { user: name, client })
            there.set(key, { channel, client, node: application })
          }
          if (what === 'below') {
            void node.presence.track(channel, { user: name, client }, 'edge.1')
            there.set(key, { channel, client, node: application, owner: 'edge.1' })
          }
          if (what === 'leave') {
            void node.presence.untrack(channel, client, there.get(key)?.owner)
            there.delete(key)
          }
          if (what === 'drop') {
            void node.presence.drop('edge.1')
            forget(entry => entry.node === application && entry.owner !== undefined)
          }
          if (what === 'cut') stage.cut(application)
          if (what === 'mend') stage.mend(application)
          if (what === 'unlink') stage.all.cutLinks()
          if (what === 'stall') stage.stall(application, ms)
          if (what === 'drain') void application.topology.drain()
          if (what === 'kill') {
            await rooms.replace(application)
            forget(isOf(application))
          }
          stage.clock.advance(what === 'wait' || what === 'stall' ? ms : ms % 200)
        }
        for (const node of rooms.nodes) stage.mend(node)
        stage.clock.advance(3 * presenceLeaseMs)
        for (const channel of channels) {
          const expected = [...there.values()].flatMap(entry => (entry.channel === channel ? [entry.client] : [])).sort()
          for (const node of [...rooms.nodes, rooms.observer]) expect(await rooms.list(node, channel)).toEqual(expected)
          expect(rooms.joined(channel)).toEqual({ clients: expected, wrong: [] })
        }
        await stage.close()
      }),
      { numRuns: rounds(12, 400) },
    )
  })

  test('[PL21] the owner of a channel answers for it, on whichever node the clients are, and the next owner knows them all', async () => {
    const rooms = await Rooms.start(3)
    const { stage, observer } = rooms
    const all = [...rooms.nodes, observer]
    for (const [n, { node }] of all.entries())
      for (const user of ['ann', 'ben']) await node.presence.track('room:1', { user, client: `${user} ${n}` })
    stage.clock.advance(100)
    const clients = all.flatMap((_, n) => [`ann ${n}`, `ben ${n}`]).sort()
    for (const node of all) {
      expect(await rooms.list(node, 'room:1')).toEqual(clients)
      expect(await stage.done(node.node.presence.stats('room:1'))).toEqual({ clients: 8, users: 2 })
    }
    const owner = all.find(({ topology }) => topology.ownerOf('room:1').kind === 'here')
    await stage.done(owner?.topology.drain() ?? Promise.resolve())
    expect(owner?.topology.ownerOf('room:1').kind).toBe('there')
    for (const node of all) expect(await rooms.list(node, 'room:1')).toEqual(clients)
    // Nobody came or left.
    expect(rooms.joined('room:1')).toEqual({ clients, wrong: [] })
    await stage.close()
  })

  test('[PL22] a question to an owner that dies is answered by the next one, when that knows who is there', async () => {
    const rooms = await Rooms.start(2)
    const { stage } = rooms
    const [one, other] = rooms.nodes
    const owned = Array.from({ length: 100 }, (_, n) => `room:${n}`).find(name => one?.topology.ownerOf(name).kind === 'here')
    if (one === undefined || other === undefined || owned === undefined) throw new Error('it owns nothing')
    await other.node.presence.track(owned, { user: 'ann', client: 'a' })
    stage.clock.advance(100)
    stage.kill(one)
    expect(await rooms.list(other, owned)).toEqual(['a'])
    expect(other.topology.ownerOf(owned)).not.toMatchObject({ member: { node: one.node.id } })
    await stage.close()
  })

  test('[PL22] while nobody can own a channel, who is there is refused for the moment', async () => {
    const rooms = await Rooms.start(1)
    const { stage, observer } = rooms
    const [one] = rooms.nodes
    const owned = Array.from({ length: 100 }, (_, n) => `room:${n}`).find(name => one?.topology.ownerOf(name).kind === 'here')
    if (one === undefined || owned === undefined) throw new Error('it owns nothing')
    stage.kill(one)
    Object.assign(stage.leases, { take: () => Promise.reject(new Error('the store is read only')) })
    stage.clock.advance(5000)
    await expect(rooms.list(observer, owned)).rejects.toMatchObject({ code: 100, temporary: true })
  })

  test('[PL23] a crowd in one channel is told in parts, while some come and go', async () => {
    const rooms = await Rooms.start(2)
    const { stage } = rooms
    const [one, other] = rooms.nodes
    if (one === undefined || other === undefined) throw new Error('no nodes')
    for (let n = 0; n < 2300; n++) await one.node.presence.track('room:1', { user: 'ann', client: `client-${n}` })
    for (let n = 0; n < 300; n++) {
      await one.node.presence.untrack('room:1', `client-${n * 7}`)
      await other.node.presence.track('room:1', { user: 'ben', client: `other-${n}` })
      stage.clock.advance(1)
    }
    stage.clock.advance(2000)
    for (const { node } of [one, other, rooms.observer]) expect((await stage.done(node.presence.stats('room:1'))).clients).toBe(2300)
    const owner = [one, other, rooms.observer].find(({ topology }) => topology.ownerOf('room:1').kind === 'here')
    const drained = owner?.topology.drain()
    for (let n = 0; n < 300; n++) {
      await one.node.presence.track('room:1', { user: 'ann', client: `client-${n * 7}` })
      stage.clock.advance(1)
    }
    await stage.done(drained ?? Promise.resolve(), 2000)
    for (const { node } of [one, other, rooms.observer]) expect((await stage.done(node.presence.stats('room:1'))).clients).toBe(2600)
    expect(rooms.joined('room:1').wrong).toEqual([])
    await stage.close()
  })
})
