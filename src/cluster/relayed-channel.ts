import {
  type Broker,
  type BrokerMessage,
  type BrokerSink,
  Feed,
  type FeedTarget,
  History,
  type HistoryPage,
  type HistoryQuery,
  type Namespaces,
} from '../hub/index.ts'
import type { Clock, Random } from '../kit/index.ts'
import { CommandError, errors, type Position, type Publication } from '../protocol/index.ts'

export interface RelayBrokerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly namespaces: Namespaces
  readonly healMax: number
}

/** One channel of a relay: its order, its tail, and how many below want it. */
export class RelayedChannel implements FeedTarget {
  references = 0
  readonly feed: Feed
  readonly opened: Promise<void>
  #stream: History | undefined

  constructor(
    readonly channel: string,
    readonly options: RelayBrokerOptions,
    readonly upstream: Broker,
    readonly sinks: () => readonly BrokerSink[],
    /** Whether the channel's tail is kept here for those below. What a service keeps is asked of it each time: few follow such a channel. */
    readonly hasTail = true,
  ) {
    this.feed = new Feed(channel, { ...options, broker: upstream, tail: hasTail }, this)
    this.opened = this.feed.open()
  }

  begin({ position, publications, state }: HistoryPage): void {
    this.#restart(position, publications, state)
  }

  apply(publication: Publication): void {
    this.#stream?.append(publication, this.options.clock.now())
    const delivery: BrokerMessage = { kind: 'publication', publication, epoch: publication.offset === 0 ? '' : this.feed.position.epoch }
    for (const sink of this.sinks()) sink.deliver(this.channel, delivery)
  }

  /** Publications that are known already are not sent again to the nodes below. */
  replaceState(state: readonly Publication[]): void {
    if (this.#stream === undefined || isSameState(this.#stream.state(), state)) return
    this.#restart(this.feed.position, this.#stream.epoch === this.feed.position.epoch ? this.#stream.tail() : [], state)
    for (const sink of this.sinks()) sink.mayHaveMissed(this.channel)
  }

  /** The tail begins again with what the history upstream still has. */
  onGap({ publications, state }: HistoryPage): void {
    const { position } = this.feed
    this.#restart(position, publications.at(-1)?.offset === position.offset ? publications : [], state)
    for (const sink of this.sinks()) sink.mayHaveMissed(this.channel)
  }

  /**
   * From the tail kept here. A client that has seen more than this node, or another epoch, may have been ahead on another one: then
   * upstream is asked first. While that cannot be, who was ahead must wait: here it would begin anew and see things twice.
   */
  async history(query: HistoryQuery): Promise<HistoryPage> {
    await this.opened
    if (!this.hasTail) return this.#elsewhere(query)
    await this.#catchUpWith(query.since)
    if (this.#stream === undefined) throw new CommandError(errors.internal, 'the channel is not open')
    return this.#stream.page(query, this.options.clock.now())
  }

  /** The position of the channel, as far as the nodes below have been told, is known here; anything else is asked upstream. */
  #elsewhere(query: HistoryQuery): HistoryPage | Promise<HistoryPage> {
    if (query.limit !== 0 || query.since !== undefined) return this.upstream.history(this.channel, query)
    return { position: this.feed.position, publications: [], complete: false, state: [] }
  }

  async #catchUpWith(since: Position | undefined): Promise<void> {
    // The first answer may be of a question that was under way already, and older than what the client saw.
    for (let round = 0; round < 2 && this.#isAhead(since) !== 'no'; round++) {
      if (await this.feed.caughtUp()) continue
      if (this.#isAhead(since) === 'further') throw new CommandError(errors.internal, 'the node upstream cannot be reached')
      return
    }
  }

  clear(): void {
    this.#stream?.clear()
  }

  /** The rules of its namespace have changed: everything is asked for anew. */
  renew(): void {
    this.#restart(this.feed.position, [], [])
    this.feed.verify()
  }

  close(): void {
    this.feed.close()
  }

  #isAhead(since: Position | undefined): 'no' | 'further' | 'elsewhere' {
    if (since === undefined || since.epoch === '' || this.#stream === undefined) return 'no'
    if (since.epoch !== this.#stream.epoch) return 'elsewhere'
    return since.offset > this.#stream.offset ? 'further' : 'no'
  }

  #restart({ epoch, offset }: Position, publications: readonly Publication[], state: readonly Publication[]): void {
    const namespace = this.options.namespaces.resolve(this.channel)
    if (namespace === undefined || !this.hasTail) return
    this.#stream = new History(this.channel, namespace, epoch)
    this.#stream.restore(offset, this.options.clock.now(), publications)
    this.#stream.replaceState(state)
  }
}

function isSameState(known: readonly Publication[], given: readonly Publication[]): boolean {
  return known.length === given.length && known.every((publication, index) => isSame(publication, given[index]))
}

function isSame(left: Publication, right: Publication | undefined): boolean {
  return left.json === right?.json && left.lane === right.lane && left.time === right.time
}
