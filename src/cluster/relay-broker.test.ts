import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { MemoryBroker } from '../broker/index.ts'
import {
  type Broker,
  type BrokerMessage,
  type BrokerSink,
  defaultLimits,
  defineNamespace,
  type HistoryPage,
  type HistoryQuery,
  Namespaces,
  subscribeAndRead,
} from '../hub/index.ts'
import { seededRandom } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import { RelayBroker } from './relay-broker.ts'

const history = { historySize: 100, historyTtlMs: 600_000 }
const kept = defineNamespace({ name: 'kept', ...history })
const quotes = defineNamespace({ name: 'quotes', delivery: 'conflated' })
const game = defineNamespace({ name: 'game', delivery: 'lanes', ...history })

class Sink implements BrokerSink {
  readonly offsets: number[] = []
  readonly suspected: string[] = []
  readonly removals: string[] = []

  deliver(_channel: string, delivery: BrokerMessage): void {
    if (delivery.kind === 'publication') this.offsets.push(delivery.publication.offset)
  }

  control(): void {}

  mayHaveMissed(channel: string): void {
    this.suspected.push(channel)
  }

  removed(channel: string): void {
    this.removals.push(channel)
  }
}

/** A central broker behind a link that counts what is asked, delivers to subscribers alone, and can be down. */
class Upstream implements Broker {
  readonly asked: string[] = []
  readonly subscribed = new Set<string>()
  isDown = false
  relay: RelayBroker | undefined
  answer: (page: HistoryPage) => HistoryPage = page => page

  constructor(readonly memory: MemoryBroker) {
    memory.attach({
      deliver: (channel, delivery) => {
        if (!this.isDown && this.subscribed.has(channel)) this.relay?.received(channel, delivery)
      },
      control() {},
      mayHaveMissed() {},
      removed: channel => this.relay?.removed(channel),
    })
  }

  count(question: string): number {
    return this.asked.filter(asked => asked === question).length
  }

  publish = this.#through('publish', (...args: Parameters<Broker['publish']>) => this.memory.publish(...args))
  announce = this.#through('announce', (...args: Parameters<Broker['announce']>) => this.memory.announce(...args))
  removeHistory = this.#through('removeHistory', (channel: string) => this.memory.removeHistory(channel))
  control = this.#through('control', (...args: Parameters<Broker['control']>) => this.memory.control(...args))
  subscribe = this.#through('subscribe', async (channel: string) => void this.subscribed.add(channel))
  history = this.#through('history', async (channel: string, query: HistoryQuery) => this.answer(await this.memory.history(channel, query)))

  open(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return subscribeAndRead(this, channel, query)
  }

  async unsubscribe(channel: string): Promise<void> {
    this.asked.push('unsubscribe')
    this.subscribed.delete(channel)
  }

  async close(): Promise<void> {}

  #through<A extends unknown[], R>(question: string, run: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      this.asked.push(question)
      await undefined
      if (this.isDown) throw new CommandError(errors.internal, 'down')
      return run(...args)
    }
  }
}

function start() {
  const clock = new SimClock()
  const random = seededRandom(1)
  const namespaces = new Namespaces([kept, quotes, game])
  const memory = new MemoryBroker({ clock, random, namespaces, limits: defaultLimits }, new Sink())
  const upstream = new Upstream(memory)
  const sink = new Sink()
  const relay = new RelayBroker({ clock, random, namespaces, healMax: 1000 }, upstream, sink)
  upstream.relay = relay
  const publish = async (channel: string, from: number, to: number) => {
    for (let n = from; n <= to; n++) await memory.publish(channel, n, {})
  }
  return { clock, memory, upstream, sink, relay, publish }
}

const offsets = ({ publications }: HistoryPage) => publications.map(({ offset }) => offset)
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)

describe('the broker of a relay', () => {
  test('[T15] a storm of joins is one subscription and one history upstream', async () => {
    const { relay, upstream, publish } = start()
    await publish('kept:1', 1, 50)
    await Promise.all(Array.from({ length: 1000 }, () => relay.subscribe('kept:1')))
    await Promise.all(Array.from({ length: 1000 }, () => relay.history('kept:1', { limit: -1 })))
    expect([upstream.count('subscribe'), upstream.count('history')]).toEqual([1, 1])
    for (let left = 0; left < 999; left++) await relay.unsubscribe('kept:1')
    expect(upstream.count('unsubscribe')).toBe(0)
    await relay.unsubscribe('kept:1')
    expect([upstream.count('unsubscribe'), relay.size]).toEqual([1, 0])
  })

  test('[T15] who joins late or resumes is served from the tail, with epoch and offsets of the source', async () => {
    const { relay, memory, upstream, sink, publish } = start()
    await publish('kept:1', 1, 20)
    await relay.subscribe('kept:1')
    await publish('kept:1', 21, 40)
    const { position } = await memory.history('kept:1', { limit: 0 })
    const asked = upstream.asked.length
    const page = await relay.history('kept:1', { since: { epoch: position.epoch, offset: 10 }, limit: 1000 })
    expect(page.position).toEqual(position)
    expect([offsets(page), page.complete]).toEqual([range(11, 40), true])
    expect((await relay.history('kept:1', { since: { epoch: position.epoch, offset: 40 }, limit: 1000 })).complete).toBe(true)
    expect(sink.offsets).toEqual(range(21, 40))
    expect(upstream.asked).toHaveLength(asked)
  })

  test('[T15] the tail is as long as the history upstream, and no longer', async () => {
    const { relay, publish, memory } = start()
    await publish('kept:1', 1, 150)
    await relay.subscribe('kept:1')
    await publish('kept:1', 151, 180)
    const { position } = await memory.history('kept:1', { limit: 0 })
    expect(offsets(await relay.history('kept:1', { limit: -1 }))).toEqual(range(81, 180))
    expect((await relay.history('kept:1', { since: { epoch: position.epoch, offset: 79 }, limit: 1000 })).complete).toBe(false)
    expect((await relay.history('kept:1', { since: { epoch: position.epoch, offset: 80 }, limit: 1000 })).complete).toBe(true)
  })

  test('[T16] a new link subscribes everything again and brings what was missed, in order, once', async () => {
    const { relay, upstream, clock, sink, publish } = start()
    for (let n = 0; n < 200; n++) await relay.subscribe(`kept:${n}`)
    await publish('kept:7', 1, 5)
    upstream.isDown = true
    upstream.subscribed.clear()
    await publish('kept:7', 6, 30)
    upstream.isDown = false
    relay.resubscribe()
    await publish('kept:7', 31, 33)
    clock.advance(10)
    expect(upstream.subscribed.size).toBe(200)
    await publish('kept:7', 34, 35)
    expect(sink.offsets).toEqual(range(1, 35))
    expect(sink.suspected).toEqual([])
  })

  test('[T16] a channel that cannot be subscribed again at once is tried on', async () => {
    const { relay, upstream, clock, sink, publish } = start()
    await relay.subscribe('kept:1')
    upstream.isDown = true
    upstream.subscribed.clear()
    relay.resubscribe()
    clock.advance(3000)
    await publish('kept:1', 1, 3)
    upstream.isDown = false
    clock.advance(10_000)
    expect(sink.offsets).toEqual([1, 2, 3])
  })

  test('[T17] more than the history keeps is a loss that is said to those below, and the tail goes on from what there is', async () => {
    const { relay, upstream, clock, sink, publish } = start()
    await relay.subscribe('kept:1')
    upstream.isDown = true
    await publish('kept:1', 1, 250)
    upstream.isDown = false
    relay.resubscribe()
    clock.advance(10)
    expect([sink.offsets, sink.suspected]).toEqual([[], ['kept:1']])
    expect(offsets(await relay.history('kept:1', { limit: -1 }))).toEqual(range(151, 250))
    await publish('kept:1', 251, 252)
    expect(sink.offsets).toEqual([251, 252])
  })

  test('[T18] a client that has seen more than this node waits for upstream, and is never set back', async () => {
    const { relay, upstream, clock, publish, memory } = start()
    await relay.subscribe('kept:1')
    await publish('kept:1', 1, 5)
    upstream.isDown = true
    await publish('kept:1', 6, 9)
    const { position } = await memory.history('kept:1', { limit: 0 })
    const since = { epoch: position.epoch, offset: 8 }
    const refused = relay.history('kept:1', { since, limit: 100 }).catch((error: unknown) => error)
    clock.advance(1)
    expect(await refused).toMatchObject({ code: 100, temporary: true })
    upstream.isDown = false
    clock.advance(6000)
    const page = await relay.history('kept:1', { since, limit: 100 })
    expect([offsets(page), page.complete]).toEqual([[9], true])
  })

  test('[T18] a node upstream that is behind is asked again, and those below lose nothing', async () => {
    const { relay, upstream, clock, sink, publish, memory } = start()
    await relay.subscribe('kept:1')
    await publish('kept:1', 1, 10)
    const behind = await memory.history('kept:1', { limit: -1 })
    upstream.answer = page => ({ ...page, position: { ...behind.position, offset: 6 }, publications: [], complete: false })
    relay.resubscribe()
    clock.advance(500)
    upstream.answer = page => page
    clock.advance(5000)
    await publish('kept:1', 11, 12)
    expect([sink.offsets, sink.suspected]).toEqual([range(1, 12), []])
  })

  test('[T19] a channel that could not be opened is open to the next who asks, and costs nothing upstream', async () => {
    const { relay, upstream } = start()
    upstream.isDown = true
    const failed = await Promise.allSettled([relay.subscribe('kept:1'), relay.subscribe('kept:1')])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(relay.size).toBe(0)
    upstream.isDown = false
    upstream.answer = () => {
      throw new CommandError(errors.internal)
    }
    expect((await Promise.allSettled([relay.subscribe('kept:1')]))[0]?.status).toBe('rejected')
    expect(upstream.subscribed.size).toBe(0)
    upstream.answer = page => page
    await relay.subscribe('kept:1')
    expect(upstream.subscribed).toEqual(new Set(['kept:1']))
  })

  test('[T19] deliveries that nobody wants any more end by themselves', async () => {
    const { relay, upstream, publish } = start()
    await relay.subscribe('kept:1')
    upstream.subscribed.add('kept:2')
    await publish('kept:2', 1, 2)
    expect(upstream.subscribed).toEqual(new Set(['kept:1']))
  })

  test('[T20] a history that was removed is gone from every tail', async () => {
    const { relay, memory, sink, publish } = start()
    await publish('kept:1', 1, 5)
    await relay.subscribe('kept:1')
    await memory.removeHistory('kept:1')
    expect(offsets(await relay.history('kept:1', { limit: -1 }))).toEqual([])
    expect(sink.removals).toEqual(['kept:1'])
    await publish('kept:1', 6, 6)
    expect(offsets(await relay.history('kept:1', { limit: -1 }))).toEqual([6])
  })

  test('[T16] what has a newest value is put right by a new link: tables and low lanes', async () => {
    const { relay, memory, upstream, clock, sink } = start()
    await memory.publish('quotes:a', { bid: 1, ask: 2 }, { key: 'A' })
    await relay.subscribe('quotes:a')
    await relay.subscribe('game:1')
    upstream.isDown = true
    await memory.publish('quotes:a', { bid: 5 }, { key: 'A' })
    await memory.publish('game:1', 'kick-off', {})
    await memory.publish('game:1', { shots: 3 }, { lane: 'stats', key: 'home' })
    upstream.isDown = false
    relay.resubscribe()
    clock.advance(10)
    const data = async (channel: string) => (await relay.history(channel, { limit: -1 })).state.map(({ data }) => data)
    expect(await data('quotes:a')).toEqual([{ bid: 5, ask: 2 }])
    expect(await data('game:1')).toEqual([{ shots: 3 }])
    expect(sink.offsets).toEqual([1])
    expect(new Set(sink.suspected)).toEqual(new Set(['quotes:a', 'game:1']))
    const before = sink.suspected.length
    relay.resubscribe()
    clock.advance(10)
    expect(sink.suspected).toHaveLength(before)
  })
})
