import { describe, expect, test } from 'bun:test'
import { MachineClock, SimClock } from '../../sim/core/clock.ts'
import { LogBroker, MemoryLog, type NamespaceLog, partitionOf } from '../../src/broker/index.ts'
import { defaultLimits, defineNamespace, Namespaces, silentLog } from '../../src/hub/index.ts'
import { seededRandom } from '../../src/kit/index.ts'
import { Heard } from '../contract/broker.ts'

const kept = { historySize: 20, historyTtlMs: 600_000 }
const namespaces = [
  defineNamespace({ name: 'log', ...kept }),
  defineNamespace({ name: 'game', ...kept }),
  defineNamespace({ name: 'orders', ...kept }),
]

/** Nodes over a log that all share, one of a namespace, and topics of one channel each. */
class Stage {
  readonly clock = new SimClock()
  readonly #random = seededRandom(1)
  readonly channels = this.#log(2)
  readonly orders = this.#log(3)
  readonly controls = this.#log(1)
  readonly topics = new Map<string, MemoryLog>()
  readonly readings = { open: 0 }
  refuses = false

  node(id: string) {
    const clock = new MachineClock(this.clock)
    const own = new Map<string, NamespaceLog>([
      ['orders', { mapping: 'shared', log: this.orders.line(clock) }],
      ['game', { mapping: 'per-channel', prefix: 'game_', open: async topic => this.#opened(topic).line(clock) }],
    ])
    const heard = new Heard()
    const random = seededRandom(Number(Bun.hash.xxHash32(id)))
    const logs = { channels: this.channels.line(clock), controls: this.controls.line(clock), namespaces: own }
    const broker = new LogBroker(
      { clock, random, log: silentLog, namespaces: new Namespaces(namespaces), limits: defaultLimits, logs },
      heard,
    )
    this.clock.settle()
    return { broker, heard }
  }

  async done<T>(work: Promise<T>): Promise<T> {
    this.clock.advance(100)
    return await work
  }

  topic(name: string): MemoryLog {
    const topic = this.topics.get(name)
    if (topic === undefined) throw new Error(`no topic ${name} among ${[...this.topics.keys()]}`)
    return topic
  }

  #log(partitions: number): MemoryLog {
    return new MemoryLog({ clock: this.clock, random: this.#random, partitions })
  }

  #opened(topic: string): MemoryLog {
    if (this.refuses) throw new Error('no such topic')
    const log = this.topics.get(topic) ?? this.#log(1)
    this.topics.set(topic, log)
    return log
  }
}

describe('where channels are in logs', () => {
  test('[LB21] a channel of such a namespace has a topic of its own, which is opened when somebody needs it', async () => {
    const stage = new Stage()
    const [one, other] = [stage.node('one'), stage.node('other')]
    expect(stage.topics.size).toBe(0)
    const before = await stage.done(other.broker.open('game:17', { limit: -1 }))
    const first = await stage.done(one.broker.publish('game:17', 'kick-off', {}))
    await stage.done(one.broker.publish('game:#a b', 1, {}))
    expect([...stage.topics.keys()]).toEqual(['game_17', 'game_--23a--20b'])
    expect([before.position.offset, first.offset, other.heard.data('game:17')]).toEqual([0, 1, ['kick-off']])
    expect(other.heard.data('game:#a b')).toEqual([])
    await stage.done(other.broker.publish('log:1', 1, {}))
    expect([one.heard.data('log:1'), stage.channels.boundsNow(partitionOf('log:1', 2)).last]).toEqual([[1], 1])
  })

  test('[LB21] what other systems write into such a topic is of its channel, whatever its key', async () => {
    const stage = new Stage()
    const { broker, heard } = stage.node('one')
    await stage.done(broker.open('game:17', { limit: -1 }))
    stage.topic('game_17').appendNow(0, [
      { key: '', value: '{"score":"1:0"}' },
      { key: 'home', value: '{"score":"2:0"}' },
    ])
    stage.clock.advance(100)
    expect(heard.data('game:17')).toEqual([{ score: '1:0' }, { score: '2:0' }])
    const page = await stage.done(broker.history('game:17', { limit: -1 }))
    expect(page.publications.map(({ offset, after }) => [offset, after])).toEqual([
      [1, 0],
      [2, 1],
    ])
  })

  test('[LB21] a topic that nobody follows is closed after a while, and what came meanwhile is recovered when it is opened again', async () => {
    const stage = new Stage()
    const [one, other] = [stage.node('one'), stage.node('other')]
    await stage.done(one.broker.open('game:1', { limit: -1 }))
    const since = await stage.done(other.broker.publish('game:1', 1, {}))
    await stage.done(one.broker.unsubscribe('game:1'))
    expect(one.broker.partitions).toBe(2 + 3 + 1)
    stage.clock.advance(120_000)
    expect(one.broker.partitions).toBe(2 + 3)
    await stage.done(other.broker.publish('game:1', 2, {}))
    expect(one.heard.data('game:1')).toEqual([1])
    const page = await stage.done(one.broker.open('game:1', { since, limit: -1 }))
    expect([page.complete, page.publications.map(({ data }) => data)]).toEqual([true, [2]])
  })

  test('[LB21] a topic that cannot be opened fails who needs it for the moment, and is tried again', async () => {
    const stage = new Stage()
    const { broker } = stage.node('one')
    stage.refuses = true
    const failing = broker.open('game:1', { limit: -1 })
    stage.clock.advance(100)
    await expect(failing).rejects.toMatchObject({ code: 100, temporary: true })
    stage.refuses = false
    expect((await stage.done(broker.publish('game:1', 1, {}))).offset).toBe(1)
  })

  test('[LB22] a namespace may have a log of its own, and a record of its channels counts nowhere else', async () => {
    const stage = new Stage()
    const { broker, heard } = stage.node('one')
    await stage.done(broker.publish('orders:7', 'own', {}))
    const entry = { key: 'orders:7', value: '"stray"' }
    stage.channels.appendNow(partitionOf('orders:7', 2), [entry])
    stage.orders.appendNow(partitionOf('log:1', 3), [{ key: 'log:1', value: '"stray"' }])
    stage.clock.advance(100)
    expect([heard.data('orders:7'), heard.data('log:1')]).toEqual([['own'], []])
    expect(broker.skipped.counts).toEqual({ 'of another partition': 2 })
  })
})
