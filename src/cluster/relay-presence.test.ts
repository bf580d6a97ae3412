import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { MemoryBroker, MemoryPresence } from '../broker/index.ts'
import { type BrokerMessage, defaultLimits, defineNamespace, Namespaces, presenceLeaseMs } from '../hub/index.ts'
import { seededRandom } from '../kit/index.ts'
import { Handlers } from './handlers.ts'
import { protocol } from './protocol.ts'
import { RelayPresence } from './relay-presence.ts'

const room = defineNamespace({ name: 'room', presence: true, joinLeave: true })

/** A central registry, and nodes whose links to it or to each other can be made and broken. */
function cluster() {
  const clock = new SimClock()
  const events: string[] = []
  const deliver = (_channel: string, delivery: BrokerMessage) => {
    if (delivery.kind !== 'publication') events.push(...delivery.infos.map(({ user }) => `${delivery.kind} ${user}`))
  }
  const options = { clock, random: seededRandom(1), namespaces: new Namespaces([room]), limits: defaultLimits }
  const broker = new MemoryBroker(options, { deliver, control() {}, mayHaveMissed() {}, removed() {} })
  const central = new MemoryPresence(options, broker)
  return { clock, events, central }
}

type Parent = Pick<MemoryPresence, 'track' | 'untrack' | 'renew'>

/** A relay's presence with a link that says to the parent in use what is said, under the name of that link. */
function relayOn(clock: SimClock) {
  const link: { parent: Parent | undefined; owner: string } = { parent: undefined, owner: '' }
  const presence = new RelayPresence(clock, {
    request: async row => row.output.parse([]),
    notify(row, input) {
      const { parent, owner } = link
      if (parent === undefined) return
      const handlers = new Handlers<Parent>()
        .handle(protocol.track, (to, { entries }) => {
          for (const { channel, info, version } of entries) void to.track(channel, info, owner, version)
        })
        .handle(protocol.untrack, (to, { channel, client }) => void to.untrack(channel, client, owner))
      handlers.notified(parent, row.name, input)
    },
  })
  return {
    presence,
    attach(parent: Parent, owner: string) {
      Object.assign(link, { parent, owner })
      presence.retell()
    },
    /** The link breaks; the parent notices. */
    detach() {
      link.parent?.renew(link.owner)
      link.parent = undefined
    },
  }
}

const info = (user: string) => ({ user, client: `client-${user}` })
const usersIn = async (presence: MemoryPresence) => [...(await presence.list('room:1')).values()].map(({ user }) => user).sort()

describe('presence over links', () => {
  test('[T14] a link that comes back within the lease brings no leave and no join, and loses who left meanwhile', async () => {
    const { clock, events, central } = cluster()
    const edge = relayOn(clock)
    edge.attach(central, 'edge.1')
    for (const user of ['a', 'b', 'c']) await edge.presence.track('room:1', info(user))
    clock.advance(10)
    expect(events).toEqual(['join a', 'join b', 'join c'])
    edge.detach()
    await edge.presence.untrack('room:1', 'client-b')
    await edge.presence.track('room:1', info('d'))
    clock.advance(5000)
    edge.attach(central, 'edge.2')
    clock.advance(10)
    expect(await usersIn(central)).toEqual(['a', 'b', 'c', 'd'])
    clock.advance(presenceLeaseMs)
    expect(await usersIn(central)).toEqual(['a', 'c', 'd'])
    expect(events).toEqual(['join a', 'join b', 'join c', 'join d', 'leave b'])
  })

  test('[T14] what a node that died held goes when its lease ends', async () => {
    const { clock, events, central } = cluster()
    const edge = relayOn(clock)
    edge.attach(central, 'edge.1')
    await edge.presence.track('room:1', info('a'))
    edge.detach()
    clock.advance(presenceLeaseMs - 2000)
    expect(await usersIn(central)).toEqual(['a'])
    clock.advance(4000)
    expect(await usersIn(central)).toEqual([])
    expect(events).toEqual(['join a', 'leave a'])
  })

  test('[T14] a node that moves from one regional node to another keeps its clients present, and the first one’s lease takes none away', async () => {
    const { clock, events, central } = cluster()
    const west = relayOn(clock)
    const east = relayOn(clock)
    west.attach(central, 'west.1')
    east.attach(central, 'east.1')
    const edge = relayOn(clock)
    edge.attach(west.presence, 'edge.1')
    await edge.presence.track('room:1', info('a'))
    edge.detach()
    edge.attach(east.presence, 'edge.1')
    clock.advance(2 * presenceLeaseMs)
    expect(await usersIn(central)).toEqual(['a'])
    await edge.presence.untrack('room:1', 'client-a')
    clock.advance(10)
    expect(await usersIn(central)).toEqual([])
    expect(events).toEqual(['join a', 'leave a'])
  })

  test('[T14] a regional node that lost a child, noticed or not, does not tell of its clients as its own', async () => {
    for (const isNoticed of [true, false]) {
      const { clock, events, central } = cluster()
      const west = relayOn(clock)
      const east = relayOn(clock)
      west.attach(central, 'west.1')
      east.attach(central, 'east.1')
      const edge = relayOn(clock)
      edge.attach(west.presence, 'edge.1')
      await edge.presence.track('room:1', info('a'))
      if (isNoticed) edge.detach()
      edge.attach(east.presence, 'edge.1')
      west.detach()
      west.attach(central, 'west.2')
      if (!isNoticed) west.presence.renew('edge.1')
      clock.advance(2 * presenceLeaseMs)
      expect(await usersIn(central)).toEqual(['a'])
      expect(events).toEqual(['join a'])
    }
  })

  test('[T14] a regional node that moves itself is known by its newest place', async () => {
    const { clock, central } = cluster()
    const north = relayOn(clock)
    const south = relayOn(clock)
    north.attach(central, 'north.1')
    south.attach(central, 'south.1')
    const regional = relayOn(clock)
    const edge = relayOn(clock)
    regional.attach(north.presence, 'regional.1')
    edge.attach(regional.presence, 'edge.1')
    await edge.presence.track('room:1', info('a'))
    regional.attach(south.presence, 'regional.1')
    north.detach()
    north.attach(central, 'north.2')
    north.presence.renew('regional.1')
    clock.advance(2 * presenceLeaseMs)
    expect(await usersIn(central)).toEqual(['a'])
  })

  test('[T14] a central node that was started again learns of everyone', async () => {
    const { clock, central } = cluster()
    const edge = relayOn(clock)
    edge.attach(central, 'edge.1')
    for (let n = 0; n < 250; n++) await edge.presence.track('room:1', info(`u${n}`))
    edge.detach()
    const again = cluster()
    edge.attach(again.central, 'edge.1')
    expect(await usersIn(again.central)).toHaveLength(250)
  })
})
