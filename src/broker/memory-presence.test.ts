import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SimClock } from '../../sim/core/clock.ts'
import { type BrokerMessage, defaultLimits, defineNamespace, Namespaces } from '../hub/index.ts'
import { seededRandom } from '../kit/index.ts'
import { MemoryBroker } from './memory.ts'
import { MemoryPresence } from './memory-presence.ts'

const room = defineNamespace({ name: 'room', presence: true, joinLeave: true })
const limits = { ...defaultLimits, joinsPerTickMax: 3, joinBatchMs: 250 }

/** A registry, and the joins and leaves that it announced. */
class Stage {
  readonly clock = new SimClock()
  readonly announced: string[] = []
  /** Who is there for somebody who only listens. */
  readonly heard = new Set<string>()
  readonly presence: MemoryPresence

  constructor() {
    const { clock } = this
    const namespaces = new Namespaces([room])
    const sink = {
      deliver: (_: string, delivery: BrokerMessage) => this.#hear(delivery),
      control: () => {},
      mayHaveMissed: () => {},
      removed: () => {},
    }
    const broker = new MemoryBroker({ clock, random: seededRandom(1), namespaces, limits }, sink)
    this.presence = new MemoryPresence({ clock, limits, namespaces }, broker)
  }

  enter(client: string, owner?: string): void {
    void this.presence.track('room:1', { user: client, client }, owner)
  }

  leave(client: string, owner?: string): void {
    void this.presence.untrack('room:1', client, owner)
  }

  async listed(): Promise<string[]> {
    return [...(await this.presence.list('room:1')).keys()].sort()
  }

  #hear(delivery: BrokerMessage): void {
    if (delivery.kind === 'publication') return
    for (const { client } of delivery.infos) {
      this.announced.push(`${delivery.kind} ${client}`)
      const wasThere = this.heard.has(client)
      expect(wasThere).toBe(delivery.kind === 'leave')
      if (delivery.kind === 'join') this.heard.add(client)
      else this.heard.delete(client)
    }
  }
}

const steps = fc.array(
  fc.record({
    client: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    enters: fc.boolean(),
    afterMs: fc.constantFrom(0, 0, 0, 1, 100, 300),
  }),
  {
    maxLength: 60,
    size: 'max',
  },
)

describe('MemoryPresence', () => {
  test('[U39] who listens to joins and leaves knows who is there, and each alternates, in calm and in a storm', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async moves => {
        const stage = new Stage()
        const there = new Set<string>()
        for (const { client, enters, afterMs } of moves) {
          stage.clock.advance(afterMs)
          if (enters) {
            stage.enter(client)
            there.add(client)
          } else {
            stage.leave(client)
            there.delete(client)
          }
          expect(await stage.listed()).toEqual([...there].sort())
        }
        stage.clock.advance(1000)
        expect([...stage.heard].sort()).toEqual([...there].sort())
        const { clients } = await stage.presence.stats('room:1')
        expect(clients).toBe(there.size)
      }),
    )
  })

  test('[U39] who comes and goes within a storm is not announced at all', () => {
    const stage = new Stage()
    for (const client of ['a', 'b', 'c', 'd']) stage.enter(client)
    stage.clock.settle()
    stage.leave('a')
    stage.clock.advance(300)
    expect(stage.announced).toEqual(['join b', 'join c', 'join d'])
  })

  test('[U40] a node that gives no sign of life loses all that it held, and another node nothing', async () => {
    const stage = new Stage()
    for (const node of ['n1', 'n2']) stage.presence.renew(node)
    stage.enter('a', 'n1')
    stage.enter('b', 'n2')
    for (let left = 4; left > 0; left--) {
      stage.clock.advance(5000)
      stage.presence.renew('n2')
    }
    expect(await stage.listed()).toEqual(['b'])
    expect(stage.announced).toEqual(['join a', 'join b', 'leave a'])
  })

  test('[U40] a client that came back through another node stays when the first one gives it up', async () => {
    const stage = new Stage()
    for (const node of ['n1', 'n2']) stage.presence.renew(node)
    stage.enter('a', 'n1')
    stage.enter('a', 'n2')
    stage.leave('a', 'n1')
    await stage.presence.drop('n1')
    stage.clock.advance(1000)
    expect(await stage.listed()).toEqual(['a'])
    expect(stage.announced).toEqual(['join a'])
  })
})
