import {
  type Broker,
  type BrokerMessage,
  type BrokerSink,
  type Control,
  type Exchange,
  type HistoryPage,
  type HistoryQuery,
  type PublishOptions,
  subscribeAndRead,
} from '../hub/index.ts'
import { backoffMs, type Json } from '../kit/index.ts'
import { namespaceOf, type Position } from '../protocol/index.ts'
import { type RelayBrokerOptions, RelayedChannel } from './relayed-channel.ts'

export type { RelayBrokerOptions }

/** Channels that are subscribed again at the same time when the link is new: the parent's other nodes are waiting as well. */
const resubscribingMax = 64
const retry = { baseMs: 200, capMs: 5000 } as const

/**
 * The broker of a relay: one subscription upstream per channel, whatever stands below, with the channel's tail and state kept here.
 * Those who join late or resume are served from that tail alone, with epoch and offset as the source gave them.
 */
export class RelayBroker implements Exchange {
  readonly #channels = new Map<string, RelayedChannel>()
  #sinks: readonly BrokerSink[]
  /** Namespaces whose histories a service upstream keeps in its own rows. */
  historyElsewhere: readonly string[] = []
  /** Counts the links upstream: what was begun for an earlier one is given up. */
  #round = 0

  constructor(
    readonly options: RelayBrokerOptions,
    readonly upstream: Broker,
    sink: BrokerSink,
  ) {
    this.#sinks = [sink]
  }

  /** The channels that are followed upstream. */
  get size(): number {
    return this.#channels.size
  }

  attach(sink: BrokerSink): void {
    this.#sinks = [...this.#sinks, sink]
  }

  detach(sink: BrokerSink): void {
    this.#sinks = this.#sinks.filter(other => other !== sink)
  }

  publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    return this.upstream.publish(channel, data, options)
  }

  announce(channel: string, delivery: BrokerMessage): Promise<void> {
    return this.upstream.announce(channel, delivery)
  }

  deliverHere(channel: string, message: BrokerMessage): void {
    for (const sink of this.#sinks) sink.deliver(channel, message)
  }

  /** Counted: each node below subscribes once, and only the first goes upstream; all who come meanwhile wait for the same answer. */
  async subscribe(channel: string): Promise<void> {
    const relayed = this.#channels.get(channel) ?? this.#open(channel)
    relayed.references++
    await relayed.opened
  }

  async unsubscribe(channel: string): Promise<void> {
    const relayed = this.#channels.get(channel)
    if (relayed === undefined || --relayed.references > 0) return
    this.#channels.delete(channel)
    relayed.close()
    await this.upstream.unsubscribe(channel)
  }

  open(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return subscribeAndRead(this, channel, query)
  }

  async history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    const relayed = this.#channels.get(channel)
    return relayed === undefined ? this.upstream.history(channel, query) : relayed.history(query)
  }

  async removeHistory(channel: string): Promise<void> {
    await this.upstream.removeHistory(channel)
    this.removed(channel)
  }

  control(message: Control): Promise<void> {
    return this.upstream.control(message)
  }

  async close(): Promise<void> {
    this.#round++
    for (const relayed of this.#channels.values()) relayed.close()
    this.#channels.clear()
  }

  /** From upstream: what belongs to a channel is put in order first. What nobody here wants any more is said to be so. */
  received(channel: string, delivery: BrokerMessage): void {
    const relayed = this.#channels.get(channel)
    if (relayed === undefined) this.upstream.unsubscribe(channel).catch(() => undefined)
    else if (delivery.kind === 'publication') relayed.feed.receive(delivery.publication, delivery.epoch)
    else for (const sink of this.#sinks) sink.deliver(channel, delivery)
  }

  /** The node upstream may have missed something, and says so before it knows. */
  mayHaveMissed(channel: string): void {
    this.#channels.get(channel)?.feed.verify()
  }

  /** The channel's history was removed upstream. */
  removed(channel: string): void {
    this.#channels.get(channel)?.clear()
    for (const sink of this.#sinks) sink.removed(channel)
  }

  controlled(message: Control): void {
    for (const sink of this.#sinks) sink.control(message)
  }

  /** The rules of namespaces have changed. */
  renew(namespaces: ReadonlySet<string>): void {
    for (const [channel, relayed] of this.#channels) if (namespaces.has(namespaceOf(channel))) relayed.renew()
  }

  /** The link upstream is new: every channel is subscribed again, and asked for what came meanwhile. */
  resubscribe(): void {
    const round = ++this.#round
    const waiting = this.#channels.keys()
    for (let lane = 0; lane < Math.min(resubscribingMax, this.#channels.size); lane++) void this.#resubscribeNext(waiting, round)
  }

  async #resubscribeNext(waiting: Iterator<string>, round: number): Promise<void> {
    for (let next = waiting.next(); !next.done && round === this.#round; next = waiting.next())
      await this.#resubscribe(next.value, round, 0)
  }

  /** A channel that cannot be subscribed at once is tried on, and does not hold up the others. */
  async #resubscribe(channel: string, round: number, attempt: number): Promise<void> {
    const relayed = this.#channels.get(channel)
    if (relayed === undefined || round !== this.#round) return
    try {
      await this.upstream.subscribe(channel)
      relayed.feed.verify()
    } catch {
      const { clock, random } = this.options
      clock.after(backoffMs(attempt, random, retry), () => void this.#resubscribe(channel, round, attempt + 1))
    }
  }

  /** A channel that cannot be opened is forgotten, so that the next subscriber tries again. */
  #open(channel: string): RelayedChannel {
    const hasTail = !this.historyElsewhere.includes(namespaceOf(channel))
    const relayed = new RelayedChannel(channel, this.options, this.upstream, () => this.#sinks, hasTail)
    this.#channels.set(channel, relayed)
    relayed.opened.catch(() => {
      relayed.close()
      if (this.#channels.get(channel) === relayed) this.#channels.delete(channel)
    })
    return relayed
  }
}
