import {
  type Broker,
  type BrokerSink,
  type ChannelDelivery,
  type Control,
  type Exchange,
  Feed,
  type FeedTarget,
  History,
  type HistoryPage,
  type HistoryQuery,
  type Namespaces,
  type PublishOptions,
} from '../hub/index.ts'
import type { Clock, Json, Random } from '../kit/index.ts'
import { CommandError, errors, type Position, type Publication } from '../protocol/index.ts'

export interface RelayBrokerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly namespaces: Namespaces
  readonly healMax: number
}

/**
 * The broker of a relay: one subscription upstream per channel, whatever stands below, with the channel's tail and state kept here.
 * Those who join late or resume are served from that tail alone, with epoch and offset as the source gave them.
 */
export class RelayBroker implements Exchange {
  readonly #channels = new Map<string, RelayedChannel>()
  #sinks: readonly BrokerSink[]

  constructor(
    readonly options: RelayBrokerOptions,
    readonly upstream: Broker,
    sink: BrokerSink,
  ) {
    this.#sinks = [sink]
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

  announce(channel: string, delivery: ChannelDelivery): Promise<void> {
    return this.upstream.announce(channel, delivery)
  }

  /** Counted: each node below subscribes once, and only the first goes upstream; all who come meanwhile wait for the same answer. */
  async subscribe(channel: string): Promise<void> {
    let relayed = this.#channels.get(channel)
    if (relayed === undefined) {
      relayed = new RelayedChannel(channel, this.options, this.upstream, () => this.#sinks)
      this.#channels.set(channel, relayed)
    }
    relayed.references++
    try {
      await relayed.opened
    } catch (error) {
      if (this.#channels.get(channel) === relayed) this.#channels.delete(channel)
      throw error
    }
  }

  async unsubscribe(channel: string): Promise<void> {
    const relayed = this.#channels.get(channel)
    if (relayed === undefined || --relayed.references > 0) return
    this.#channels.delete(channel)
    relayed.close()
    await this.upstream.unsubscribe(channel)
  }

  async history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    const relayed = this.#channels.get(channel)
    return relayed === undefined ? this.upstream.history(channel, query) : relayed.history(query)
  }

  async removeHistory(channel: string): Promise<void> {
    await this.upstream.removeHistory(channel)
    this.#channels.get(channel)?.clear()
  }

  control(message: Control): Promise<void> {
    return this.upstream.control(message)
  }

  async close(): Promise<void> {
    for (const relayed of this.#channels.values()) relayed.close()
    this.#channels.clear()
  }

  /** From upstream: what belongs to a channel is put in order first. */
  received(channel: string, delivery: ChannelDelivery): void {
    if (delivery.kind === 'publication') this.#channels.get(channel)?.feed.receive(delivery.publication, delivery.epoch)
    else for (const sink of this.#sinks) sink.deliver(channel, delivery)
  }

  /** The node upstream may have missed something, and says so before it knows. */
  suspect(channel: string): void {
    this.#channels.get(channel)?.feed.verify()
  }

  controlled(message: Control): void {
    for (const sink of this.#sinks) sink.control(message)
  }

  /** The link upstream is new: every channel is subscribed again, and asked for what came meanwhile. */
  resubscribe(): void {
    for (const [channel, { feed }] of this.#channels) {
      this.upstream.subscribe(channel).then(
        () => feed.verify(),
        () => undefined,
      )
    }
  }
}

/** One channel of a relay: its order, its tail, and how many below want it. */
class RelayedChannel implements FeedTarget {
  references = 0
  readonly feed: Feed
  readonly opened: Promise<void>
  #stream: History | undefined

  constructor(
    readonly channel: string,
    readonly options: RelayBrokerOptions,
    upstream: Broker,
    readonly sinks: () => readonly BrokerSink[],
  ) {
    this.feed = new Feed(channel, { ...options, broker: upstream, tail: true }, this)
    this.opened = this.feed.open()
  }

  begin({ position, publications, state }: HistoryPage): void {
    this.#restart(position, publications, state)
  }

  apply(publication: Publication): void {
    this.#stream?.append(publication, this.options.clock.now())
    const delivery: ChannelDelivery = { kind: 'publication', publication, epoch: publication.offset === 0 ? '' : this.feed.position.epoch }
    for (const sink of this.sinks()) sink.deliver(this.channel, delivery)
  }

  restate(state: readonly Publication[]): void {
    this.#restart(this.feed.position, this.#stream?.epoch === this.feed.position.epoch ? this.#stream.tail() : [], state)
    for (const sink of this.sinks()) sink.suspect(this.channel)
  }

  lose(): void {
    this.#restart(this.feed.position, [], this.#stream?.state() ?? [])
    for (const sink of this.sinks()) sink.suspect(this.channel)
  }

  /** From the tail kept here. A client that has seen more than this node has been ahead on another one: then upstream is asked first. */
  async history(query: HistoryQuery): Promise<HistoryPage> {
    await this.opened
    const stream = this.#stream
    if (stream === undefined) throw new CommandError(errors.internal, 'the channel is not open')
    const { since } = query
    if (since !== undefined && since.epoch === stream.epoch && since.offset > stream.offset) await this.feed.caughtUp()
    return (this.#stream ?? stream).page(query, this.options.clock.now())
  }

  clear(): void {
    this.#stream?.clear()
  }

  close(): void {
    this.feed.close()
  }

  #restart({ epoch, offset }: Position, publications: readonly Publication[], state: readonly Publication[]): void {
    const namespace = this.options.namespaces.resolve(this.channel)
    if (namespace === undefined) return
    this.#stream = new History(this.channel, namespace, epoch)
    this.#stream.restore(offset, this.options.clock.now(), publications)
    this.#stream.restate(state)
  }
}
