import { MachineClock, SimClock } from '../../sim/core/clock.ts'
import { LogBroker, MemoryLog, type NamespaceLog } from '../../src/broker/index.ts'
import { defaultLimits, defineNamespace, Namespaces, silentLog } from '../../src/hub/index.ts'
import { seededRandom } from '../../src/kit/index.ts'
import { Heard } from '../contract/broker.ts'

const kept = { historySize: 20, historyTtlMs: 600_000 }
const namespaces = [
  defineNamespace({ name: 'log', ...kept }),
  defineNamespace({ name: 'game', ...kept }),
  defineNamespace({ name: 'orders', ...kept }),
  defineNamespace({ name: 'price', delivery: 'conflated' }),
  defineNamespace({ name: 'plain' }),
]

/** Nodes over a log that all share, one of a namespace, and topics of one channel each. */
export class TopicStage {
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
      ...['game', 'price', 'plain'].map((name): [string, NamespaceLog] => [
        name,
        { mapping: 'per-channel', prefix: `${name}_`, open: async topic => this.#opened(topic).line(clock) },
      ]),
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

  /** Somebody deletes it. */
  remove(name: string): void {
    this.topic(name).remove()
    this.topics.delete(name)
  }

  /** Somebody makes it. */
  make(name: string): MemoryLog {
    return this.#opened(name)
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
