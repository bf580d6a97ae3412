import {
  type BrokerMessage,
  type BrokerSink,
  type Control,
  type Exchange,
  History,
  type HistoryPage,
  type HistoryQuery,
  type Limits,
  type Log,
  type Namespace,
  type Namespaces,
  type PublishOptions,
  subscribeAndRead,
  unpaced,
} from '../../hub/index.ts'
import { type Clock, every, type Json, type Random, randomId, type Timer, within } from '../../kit/index.ts'
import { CommandError, errors, type Position } from '../../protocol/index.ts'
import { AppendQueue } from './append-queue.ts'
import { ByteTail } from './byte-tail.ts'
import { Canary } from './canary.ts'
import { controlEntry, readControl } from './control-form.ts'
import { defaultLogLimits, type LogLimits } from './limits.ts'
import { LogPartition } from './log-partition.ts'
import { LogTail } from './log-tail.ts'
import { type ChannelMessage, entryOf } from './record-form.ts'
import { partitionOf, type SharedLogs } from './shared-log.ts'
import { SkippedRecords } from './skipped-records.ts'

export interface LogBrokerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespaces: Namespaces
  readonly limits: Limits
  readonly logLimits?: LogLimits
  readonly logs: Pick<SharedLogs, 'channels' | 'controls'>
  /** Hears that this node does not hear what is new any more, and that it does again. */
  deaf?(isDeaf: boolean): void
  /** Hears every message to all nodes before the sinks do, with its offset, which is the same on every node. */
  controlled?(control: Control, place: Position): void
}

const sweepMs = 1000
const sweepCount = 5000
const idBytes = 9
/** How long is waited for what has been appended and not read here yet. */
const readMs = 3000

/**
 * The broker of equal nodes: every publication is appended to a log that all of them read, and a node delivers only what it has read back.
 * So all see the same order, and whatever one node says of a position another can prove.
 */
export class LogBroker implements Exchange {
  /** Resolves when everything has been read that was there at the start. */
  readonly ready: Promise<void>
  /** Records that are passed over. */
  readonly skipped: SkippedRecords
  readonly canary: Canary
  readonly #tail: ByteTail
  /** Names this node as the one that appends, another one with every start. */
  readonly #appender: string
  /** Appended so far to each partition. */
  readonly #appended: number[]
  readonly #partitions: readonly LogPartition[]
  readonly #queues: readonly AppendQueue[]
  readonly #controlQueue: AppendQueue
  readonly #controls: LogTail
  readonly #sweep: Timer
  readonly #subscribed = new Map<string, number>()
  /** Messages to all nodes of this one that it has not heard yet, by their records. */
  readonly #unheard = new Map<string, () => void>()
  #sinks: readonly BrokerSink[]

  constructor(
    readonly options: LogBrokerOptions,
    sink: BrokerSink,
  ) {
    const { clock, random, log, namespaces, logs, limits, logLimits = defaultLogLimits } = options
    const { channels, controls } = logs
    this.#sinks = [sink]
    this.skipped = new SkippedRecords(log, clock)
    this.#tail = new ByteTail(logLimits.tailBytesMax, logLimits.tailSegmentBytes)
    this.#appender = randomId(random, idBytes)
    const context = {
      ...{ clock, random, log, channels, limits: logLimits, tail: this.#tail, skipped: this.skipped },
      // As large as anybody may publish.
      bounds: { json: limits.json, bytesMax: Math.floor(limits.outboxBytesMax / 2) },
      channelsMax: Math.ceil(limits.streamsMax / channels.partitions),
      namespaceOf: (channel: string) => namespaces.resolve(channel),
      isFollowed: (channel: string) => this.#subscribed.has(channel),
      sinks: () => this.#sinks,
      keepMs: () => keepMsOf(namespaces.list()),
    }
    const numbers = Array.from({ length: channels.partitions }, (_, number) => number)
    this.#appended = numbers.map(() => 0)
    this.#partitions = numbers.map(number => new LogPartition(number, context))
    this.#queues = numbers.map(number => new AppendQueue(clock, channels, number))
    this.#controlQueue = new AppendQueue(clock, controls, 0)
    this.#controls = new LogTail(controls, { clock, random }, ({ value, offset }, epoch) => this.#controlled(value, { epoch, offset }))
    this.canary = new Canary({
      ...{ clock, controls, name: this.#appender },
      silentMs: () => Math.max(channels.silentMs(), controls.silentMs()),
      changed: isDeaf => this.#hears(isDeaf),
    })
    this.ready = Promise.all([...this.#partitions.map(partition => partition.begin()), this.#controls.begin()]).then(() => undefined)
    this.#sweep = every(clock, sweepMs, () => {
      for (const partition of this.#partitions) partition.sweep(sweepCount)
    })
  }

  attach(sink: BrokerSink): void {
    this.#sinks = [...this.#sinks, sink]
  }

  detach(sink: BrokerSink): void {
    this.#sinks = this.#sinks.filter(other => other !== sink)
  }

  /** Bytes of the publications that are kept here. */
  get tailBytes(): number {
    return this.#tail.bytes
  }

  /** Passes of reading back so far, and recoveries that they could answer. */
  get readBacks(): { readonly passes: number; readonly found: number } {
    const all = this.#partitions.map(({ readBack }) => readBack)
    return { passes: all.reduce((sum, { passes }) => sum + passes, 0), found: all.reduce((sum, { found }) => sum + found, 0) }
  }

  /** How far this node has read each partition. */
  get readTo(): readonly number[] {
    return this.#partitions.map(({ readTo }) => readTo)
  }

  /** Resolves when this node has read its publication back: at the place that the log gave it, or its first with the same key. */
  async publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    const namespace = this.#namespaceOf(channel)
    if (options.at !== undefined) throw new CommandError(errors.badRequest, 'at: places in this channel are given here')
    if (History.keeps(namespace)) {
      // A stream takes the epoch of its log, which is not known before.
      await this.#inTime(this.ready)
      this.#checkRoom(channel, namespace, options)
    }
    return await this.#append({ kind: 'publish', channel, data, options })
  }

  async announce(channel: string, message: BrokerMessage): Promise<void> {
    await this.#append({ kind: 'announce', channel, message })
  }

  /** Every node reads everything. What is subscribed is not forgotten while it is quiet. */
  async subscribe(channel: string): Promise<void> {
    this.#subscribed.set(channel, (this.#subscribed.get(channel) ?? 0) + 1)
  }

  async unsubscribe(channel: string): Promise<void> {
    const count = (this.#subscribed.get(channel) ?? 0) - 1
    if (count > 0) this.#subscribed.set(channel, count)
    else this.#subscribed.delete(channel)
  }

  open(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return subscribeAndRead(this, channel, query)
  }

  async history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    const namespace = this.#namespaceOf(channel)
    if (!History.keeps(namespace)) return { position: { epoch: '', offset: 0 }, publications: [], complete: false, state: [] }
    await this.#inTime(this.ready)
    const partition = this.#partitionOf(channel)
    await this.#catchUpWith(partition, query.since)
    return await partition.recover(channel, namespace, query)
  }

  async removeHistory(channel: string): Promise<void> {
    await this.#append({ kind: 'remove', channel })
  }

  /** Resolves when this node has heard it: every other one will. */
  async control(message: Control): Promise<void> {
    const entry = controlEntry(this.#newId(), message)
    const { value } = entry
    const { promise: heard, resolve } = Promise.withResolvers<void>()
    this.#unheard.set(value, resolve)
    try {
      await Promise.race([heard, this.#controlQueue.append(entry)])
      await this.#inTime(heard)
    } finally {
      this.#unheard.delete(value)
    }
  }

  /** Delivers to this node and those below it alone: what every node finds out by itself. */
  deliverHere(channel: string, message: BrokerMessage): void {
    for (const sink of this.#sinks) sink.deliver(channel, message)
  }

  async close(): Promise<void> {
    this.#sweep.cancel()
    this.canary.close()
    this.#controls.close()
    for (const partition of this.#partitions) partition.close()
  }

  /** A publication of another node may not have been read here yet. A place beyond the log's end is not waited for. */
  async #catchUpWith(partition: LogPartition, since: Position | undefined): Promise<void> {
    if (since === undefined || since.epoch !== partition.epoch || since.offset <= partition.readTo) return
    const { last } = await partition.bounds()
    if (since.offset <= last) await this.#inTime(partition.reached(since.offset))
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return within(this.options.clock, readMs, work, () => new CommandError(errors.internal, 'this node has not read so far yet'))
  }

  async #append(message: ChannelMessage): Promise<Position> {
    const partition = this.#partitionOf(message.channel)
    const { promise, resolve, reject } = Promise.withResolvers<Position>()
    const id = this.#nextId(partition.number)
    const outcome = partition.outcomeOf(id, told => (told instanceof CommandError ? reject(told) : resolve(told)))
    try {
      // It may be read back before the answer comes.
      await Promise.race([promise, this.#queues[partition.number]?.append(entryOf(id, message))])
      return await this.#inTime(promise)
    } finally {
      outcome.forget()
    }
  }

  #controlled(value: string, place: Position): void {
    const message = readControl(value)
    if (message === undefined) {
      this.options.log.warn({ offset: place.offset }, 'a message to all nodes that cannot be read')
      return
    }
    if ('canary' in message) {
      this.canary.heard(message)
      return
    }
    this.options.controlled?.(message.control, place)
    for (const sink of this.#sinks) sink.control(message.control)
    this.#unheard.get(value)?.()
  }

  #hears(isDeaf: boolean): void {
    const { log, deaf } = this.options
    if (isDeaf) log.warn({ readTo: this.readTo }, 'the log does not answer: this node does not hear what is new')
    else log.info({ roundTripMs: this.canary.roundTripMs }, 'the log answers again')
    deaf?.(isDeaf)
  }

  #checkRoom(channel: string, namespace: Namespace, { key }: PublishOptions): void {
    const { conflatedKeysMax } = this.options.limits
    const { states } = this.#partitionOf(channel).channelOf(channel, namespace)
    if (!namespace.delivery.hasRoom(states, key, conflatedKeysMax))
      throw new CommandError(errors.limitExceeded, `at most ${conflatedKeysMax} keys in a channel`)
  }

  #namespaceOf(channel: string): Namespace {
    const namespace = this.options.namespaces.resolve(channel)
    if (namespace === undefined) throw new CommandError(errors.unknownChannel)
    return namespace
  }

  #partitionOf(channel: string): LogPartition {
    const partition = this.#partitions[partitionOf(channel, this.#partitions.length)]
    if (partition === undefined) throw new RangeError('a log has at least one partition')
    return partition
  }

  /** Grows in the order in which records are appended to a partition. */
  #nextId(partition: number): string {
    const count = (this.#appended[partition] ?? 0) + 1
    this.#appended[partition] = count
    return `${this.#appender}.${count}`
  }

  #newId(): string {
    return randomId(this.options.random, idBytes)
  }
}

/** How far back the histories and values of these namespaces may lie. */
function keepMsOf(namespaces: readonly Namespace[]): number {
  return Math.max(
    0,
    ...namespaces.map(({ delivery }) => {
      const hasValues = delivery.states('', unpaced).length > 0
      return Math.max(delivery.history.ttlMs, hasValues ? delivery.history.quietMs : 0)
    }),
  )
}
