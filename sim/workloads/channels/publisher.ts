import type { Namespace } from '../../../src/hub/index.ts'
import { between, type Json, type Random } from '../../../src/kit/index.ts'
import { CommandError } from '../../../src/protocol/index.ts'
import type { WebSocketUser } from '../../clients/websocket-user.ts'
import { isDiskFull } from '../../cluster/disk.ts'
import type { Listener } from '../../cluster/listener.ts'
import { numberOf, type Oracle } from '../../cluster/oracle.ts'
import { pick } from '../../core/chance.ts'
import type { SimClock } from '../../core/clock.ts'
import type { Judge } from '../../core/judge.ts'
import type { MachineWith } from '../../core/machine.ts'
import type { Tally } from '../../core/tally.ts'
import type { ChannelsPlan } from './plan.ts'

export interface PublisherContext {
  readonly time: SimClock
  readonly random: Random
  readonly plan: ChannelsPlan
  readonly oracle: Oracle
  readonly judge: Judge
  readonly tally: Tally
  readonly machines: readonly MachineWith<Listener>[]
  readonly users: readonly WebSocketUser[]
  trace(line: () => string): void
}

interface Message {
  readonly data: Json
  readonly key?: string
  readonly lane?: string
}

const keys = ['a', 'b', 'c', 'd', 'e', 'f']
const fields = ['bid', 'ask', 'size']

/** Whoever has something to say: back ends through the servers' API, and clients themselves. */
export class Publisher {
  published = 0
  #stopped = false

  constructor(readonly context: PublisherContext) {
    this.#plan()
  }

  stop(): void {
    this.#stopped = true
  }

  #plan(): void {
    const { time, random, plan } = this.context
    time.after(between(random, 1, 2 * plan.publishMs), () => {
      if (this.#stopped) return
      // Now and then very much at once, so that queues fill and histories run over.
      const burst = random.next() < 0.03 ? between(random, 5, 50) : 1
      const channel = pick(random, plan.channels)
      for (let left = burst; left > 0; left--) this.#publish(channel)
      this.#plan()
    })
  }

  #publish(channel: string): void {
    const { random, plan, tally, users, machines } = this.context
    const namespace = plan.namespaces.resolve(channel)
    if (namespace === undefined) return
    const message = this.#message(namespace)
    tally.count('publishes')
    const user = pick(random, users)
    if (random.next() < 0.3 && user.isConnected) user.publish(channel, message.data, message.key, message.lane)
    else this.#byServer(pick(random, machines), channel, message, namespace)
  }

  #byServer({ process }: MachineWith<Listener>, channel: string, { data, key, lane }: Message, { delivery }: Namespace): void {
    if (process === undefined) return
    const { oracle, random, tally, judge } = this.context
    const options = {
      ...(key === undefined ? {} : { key }),
      ...(lane === undefined ? {} : { lane }),
      ...(delivery.delta !== 'never' && random.next() < 0.5 ? { delta: true } : {}),
      ...(delivery.delta !== 'never' && random.next() < 0.2 ? { skipHistory: true } : {}),
    }
    process.node.publish(channel, data, options).then(
      position => {
        tally.count('publishes acknowledged')
        if (!('skipHistory' in options) && (lane ?? 'urgent') === 'urgent') oracle.acknowledged(channel, numberOf(data), position)
      },
      (error: unknown) => {
        tally.count('publishes failed')
        judge.hold(error instanceof CommandError || isDiskFull(error), `a publish failed unexpectedly: ${error}`)
      },
    )
  }

  #message({ delivery }: Namespace): Message {
    const { random } = this.context
    const n = ++this.published
    const text = 'x'.repeat(between(random, 1, 120))
    switch (delivery.name) {
      case 'stream':
      case 'ephemeral':
      case 'latest':
        return { data: { n, text } }
      case 'conflated':
        return { key: pick(random, keys), data: random.next() < 0.1 ? null : this.#patch(n) }
      case 'lanes': {
        const lane = pick(random, ['urgent', 'stats', 'stats', 'text'])
        return { data: { n, text }, lane, ...(lane === 'stats' ? { key: pick(random, keys) } : {}) }
      }
      default:
        throw new Error(`nothing is published with delivery "${delivery.name}"`)
    }
  }

  #patch(n: number): Json {
    const { random } = this.context
    const changed = fields.filter(() => random.next() < 0.5)
    return Object.fromEntries([...changed.map(name => [name, between(random, 1, 5)]), ...(random.next() < 0.5 ? [['last', n]] : [])])
  }
}
