import {
  type BrokerMessage,
  type BrokerSink,
  type Control,
  type Exchange,
  History,
  type HistoryLog,
  type HistoryPage,
  type HistoryQuery,
  type Limits,
  type Namespace,
  type Namespaces,
  type PublishOptions,
  subscribeAndRead,
} from '../hub/index.ts'
import { type Clock, every, type Json, type Random, randomId, type Timer } from '../kit/index.ts'
import { CommandError, errors, type Position, type Publication } from '../protocol/index.ts'
import { Idempotency } from './idempotency.ts'

export interface MemoryBrokerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly namespaces: Namespaces
  readonly limits: Limits
  /** Where namespaces with `history_store: disk` keep theirs. */
  readonly log?: HistoryLog
}

/** One publication that waits for the tick's transaction. */
interface Appending {
  readonly stream: History
  readonly data: Json
  readonly options: PublishOptions
  readonly resolve: (position: Position) => void
  readonly reject: (error: unknown) => void
}

/** How often streams are looked at for what has expired, and how many of them each time: a walk over all that never stops the world. */
const sweepMs = 1000
const sweepCount = 5000
const epochBytes = 3

/**
 * The broker of one process. Appends and delivers in the caller's turn; channels kept on disk are appended once per tick, all in one
 * transaction, and delivered when that is durable.
 */
export class MemoryBroker implements Exchange {
  readonly #streams = new Map<string, History>()
  readonly #idempotency: Idempotency
  readonly #sweep: Timer
  #sinks: readonly BrokerSink[] = []
  #appending: Appending[] = []
  /** Streams made while nothing was forgotten share an epoch, which keeps cursors small. */
  #epoch: string
  #walk: Iterator<History> | undefined

  constructor(
    readonly options: MemoryBrokerOptions,
    sink: BrokerSink,
  ) {
    this.#sinks = [sink]
    this.#epoch = newEpoch(options.random)
    this.#idempotency = new Idempotency(options.clock)
    this.#sweep = every(options.clock, sweepMs, () => this.#forget())
  }

  /** Another node in this process, as a simulation has them. */
  attach(sink: BrokerSink): void {
    this.#sinks = [...this.#sinks, sink]
  }

  detach(sink: BrokerSink): void {
    this.#sinks = this.#sinks.filter(other => other !== sink)
  }

  get streams(): number {
    return this.#streams.size
  }

  /** The channels that have a history or state here. */
  channels(): Iterable<string> {
    return this.#streams.keys()
  }

  publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    const { idempotencyKey } = options
    try {
      if (idempotencyKey === undefined) return this.#publish(channel, data, options)
      return this.#idempotency.once(`${channel}\n${idempotencyKey}`, () => this.#publish(channel, data, options))
    } catch (error) {
      // Refused as every other broker refuses, which cannot know in the same turn.
      return Promise.reject(error)
    }
  }

  async announce(channel: string, delivery: BrokerMessage): Promise<void> {
    this.deliverHere(channel, delivery)
  }

  deliverHere(channel: string, delivery: BrokerMessage): void {
    for (const sink of this.#sinks) sink.deliver(channel, delivery)
  }

  /** Everything is delivered to the only node there is; nothing to do. */
  async subscribe(): Promise<void> {}

  async unsubscribe(): Promise<void> {}

  open(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return subscribeAndRead(this, channel, query)
  }

  async history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    const namespace = this.#namespaceOf(channel)
    if (!History.keeps(namespace)) return { position: { epoch: '', offset: 0 }, publications: [], complete: false, state: [] }
    return this.#stream(channel, namespace).page(query, this.options.clock.now())
  }

  async removeHistory(channel: string): Promise<void> {
    this.#streams.get(channel)?.clear()
    this.options.log?.remove(channel)
    for (const sink of this.#sinks) sink.removed(channel)
  }

  async control(message: Control): Promise<void> {
    for (const sink of this.#sinks) sink.control(message)
  }

  async close(): Promise<void> {
    this.#sweep.cancel()
    this.#commit()
    this.#idempotency.close()
  }

  #publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    const namespace = this.#namespaceOf(channel)
    const now = this.options.clock.now()
    if (options.at !== undefined) throw new CommandError(errors.badRequest, 'at: places in this channel are given here')
    const stream = History.keeps(namespace) ? this.#stream(channel, namespace) : undefined
    if (stream === undefined)
      return this.#pass(channel, new History(channel, namespace, '').next(data, { ...options, skipHistory: true }, now))
    this.#checkRoom(stream, options)
    const publication = stream.next(data, options, now)
    if (publication.offset > 0 && namespace.delivery.history.store === 'disk' && this.options.log !== undefined)
      return this.#appendLater(stream, data, options)
    stream.append(publication, now)
    this.deliverHere(channel, { kind: 'publication', publication, epoch: stream.epoch })
    return Promise.resolve({ epoch: stream.epoch, offset: stream.offset })
  }

  async #pass(channel: string, publication: Publication): Promise<Position> {
    this.deliverHere(channel, { kind: 'publication', publication, epoch: '' })
    return { epoch: '', offset: 0 }
  }

  #appendLater(stream: History, data: Json, options: PublishOptions): Promise<Position> {
    return new Promise((resolve, reject) => {
      this.#appending.push({ stream, data, options, resolve, reject })
      if (this.#appending.length === 1) this.options.clock.soon(() => this.#commit())
    })
  }

  /** Offsets are given here, so that a transaction that fails leaves no hole. */
  #commit(): void {
    const appending = this.#appending
    if (appending.length === 0) return
    this.#appending = []
    const now = this.options.clock.now()
    const tops = new Map<History, number>()
    const entries = appending.map(({ stream, data, options }) => {
      const offset = (tops.get(stream) ?? stream.offset) + 1
      tops.set(stream, offset)
      const keep = stream.namespace.delivery.history.size
      return { channel: stream.channel, epoch: stream.epoch, publication: stream.next(data, options, now).at(offset, now), keep }
    })
    try {
      this.options.log?.append(entries)
    } catch (error) {
      for (const { reject } of appending) reject(error)
      return
    }
    for (const [index, { stream, resolve }] of appending.entries()) {
      const entry = entries[index]
      if (entry === undefined) continue
      stream.append(entry.publication, now)
      this.deliverHere(stream.channel, { kind: 'publication', publication: entry.publication, epoch: stream.epoch })
      resolve({ epoch: stream.epoch, offset: entry.publication.offset })
    }
  }

  #checkRoom(stream: History, { key }: PublishOptions): void {
    const { conflatedKeysMax } = this.options.limits
    if (!stream.namespace.delivery.hasRoom(stream.states, key, conflatedKeysMax))
      throw new CommandError(errors.limitExceeded, `at most ${conflatedKeysMax} keys in a channel`)
  }

  #stream(channel: string, namespace: Namespace): History {
    const known = this.#streams.get(channel)
    if (known !== undefined && known.namespace === namespace) return known
    // A namespace that was configured anew has other rules; its streams begin again, and say so.
    if (known !== undefined) this.#drop([channel])
    const stored = namespace.delivery.history.store === 'disk' ? this.options.log?.load(channel) : undefined
    const stream = new History(channel, namespace, stored?.epoch ?? this.#epoch)
    if (stored !== undefined) stream.restore(stored.offset, stored.time, stored.publications)
    else stream.touchedAt = this.options.clock.now()
    const [oldest] = this.#streams.keys()
    if (this.#streams.size >= this.options.limits.streamsMax && oldest !== undefined) this.#drop([oldest])
    this.#streams.set(channel, stream)
    return stream
  }

  #namespaceOf(channel: string): Namespace {
    const namespace = this.options.namespaces.resolve(channel)
    if (namespace === undefined) throw new CommandError(errors.unknownChannel)
    return namespace
  }

  /** A stretch of the walk over all streams. */
  #forget(): void {
    const now = this.options.clock.now()
    const gone: string[] = []
    this.#walk ??= this.#streams.values()
    for (let left = sweepCount; left > 0; left--) {
      const { done, value } = this.#walk.next()
      if (done) {
        this.#walk = undefined
        break
      }
      value.expire(now)
      if (value.isForgettable(now)) gone.push(value.channel)
    }
    this.#drop(gone)
  }

  /** A stream that comes again after it was forgotten must not look like the one before. */
  #drop(channels: readonly string[]): void {
    if (channels.length === 0) return
    for (const channel of channels) this.#streams.delete(channel)
    this.#epoch = newEpoch(this.options.random)
  }
}

function newEpoch(random: Random): string {
  return randomId(random, epochBytes)
}
