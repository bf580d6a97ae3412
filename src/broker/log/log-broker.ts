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
import { AnnouncedClients } from './announced-clients.ts'
import { AppendQueue } from './append-queue.ts'
import { ByteTail } from './byte-tail.ts'
import { Canary } from './canary.ts'
import { ChannelLogs } from './channel-logs.ts'
import { controlEntry, readControl } from './control-form.ts'
import { defaultLogLimits, type LogLimits } from './limits.ts'
import type { LogChannel } from './log-channel.ts'
import { LogTail } from './log-tail.ts'
import type { SharedLogs } from './shared-log.ts'
import { SkippedRecords } from './skipped-records.ts'
import { StateWriter } from './state-writer.ts'

export interface LogBrokerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespaces: Namespaces
  readonly limits: Limits
  readonly logLimits?: LogLimits
  readonly logs: Pick<SharedLogs, 'channels' | 'controls' | 'namespaces' | 'states'>
  /** Whether this node writes the rows of a partition's values: one node does. */
  ownsStates?(partition: number): boolean
  /** Hears that this node does not hear what is new any more, and that it does again. */
  deaf?(isDeaf: boolean): void
  /** Hears every message to all nodes before the sinks do, with its offset, which is the same on every node. */
  controlled?(control: Control, place: Position): void
}

const sweepMs = 1000
const sweepCount = 5000
const idBytes = 9
/** How far back messages to all nodes are read at the start: a new node has no sessions that older ones could concern, and tokens that were revoked are kept elsewhere. */
const controlsMs = 3_600_000
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
  /** Whose join was announced, and not their leave. */
  readonly announced = new AnnouncedClients()
  readonly states: StateWriter | undefined
  readonly #tail: ByteTail
  readonly #channels: ChannelLogs
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
    const { controls } = logs
    this.#sinks = [sink]
    this.skipped = new SkippedRecords(log, clock)
    this.#tail = new ByteTail(logLimits.tailBytesMax, logLimits.tailSegmentBytes)
    this.#channels = new ChannelLogs({
      ...{ clock, random, log, logs, limits: logLimits, tail: this.#tail, skipped: this.skipped, announced: this.announced },
      // As large as anybody may publish.
      bounds: { json: limits.json, bytesMax: Math.floor(limits.outboxBytesMax / 2) },
      channelsMax: limits.streamsMax,
      namespaceOf: channel => namespaces.resolve(channel),
      isFollowed: channel => this.#subscribed.has(channel),
      sinks: () => this.#sinks,
      keepMs: withValues => keepMsOf(namespaces.list(), withValues),
    })
    this.#controlQueue = new AppendQueue(clock, controls, 0)
    this.#controls = new LogTail(controls, { clock, random, keepMs: controlsMs }, ({ value, offset }, epoch) =>
      this.#controlled(value, { epoch, offset }),
    )
    const { states } = logs
    const { ownsStates = () => false } = options
    const partitions = this.#channels.shared.map(({ partition }) => partition)
    const isKnown = (channel: string) => namespaces.resolve(channel) !== undefined
    this.states = states && new StateWriter({ clock, random, log, states, partitions, owns: ownsStates, isKnown })
    this.canary = new Canary({
      ...{ clock, controls, name: this.#newId() },
      silentMs: () => Math.max(this.#channels.silentMs(), controls.silentMs()),
      changed: isDeaf => this.#hears(isDeaf),
    })
    this.ready = Promise.all([this.#channels.ready, this.#controls.begin()]).then(() => undefined)
    this.#sweep = every(clock, sweepMs, () => this.#channels.sweep(sweepCount))
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

  /** Channels that are in memory. */
  get knownChannels(): number {
    return this.#tail.owners
  }

  /** Partitions that are read. */
  get partitions(): number {
    return this.#channels.partitions.length
  }

  /** Passes of reading back so far, and recoveries that they could answer. */
  get readBacks(): { readonly passes: number; readonly found: number } {
    const all = this.#channels.partitions.map(({ partition }) => partition.readBack)
    return { passes: all.reduce((sum, { passes }) => sum + passes, 0), found: all.reduce((sum, { found }) => sum + found, 0) }
  }

  /** How far this node has read each partition. */
  get readTo(): readonly number[] {
    return this.#channels.partitions.map(({ partition }) => partition.readTo)
  }

  /** Resolves when this node has read its publication back: at the place that the log gave it, or its first with the same key. */
  async publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    const namespace = this.#namespaceOf(channel)
    if (options.at !== undefined) throw new CommandError(errors.badRequest, 'at: places in this channel are given here')
    const open = await this.#channels.of(channel)
    if (History.keeps(namespace)) {
      // A stream takes the epoch of its log, which is not known before.
      await open.isReady()
      this.#checkRoom(open.partition.channelOf(channel, namespace), options)
    }
    return await open.append({ kind: 'publish', channel, data, options })
  }

  async announce(channel: string, message: BrokerMessage): Promise<void> {
    const open = await this.#channels.of(channel)
    await open.append({ kind: 'announce', channel, message })
  }

  /** Every node reads everything but topics of one channel. What is subscribed is not forgotten while it is quiet. */
  async subscribe(channel: string): Promise<void> {
    await this.#channels.of(channel)
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
    const open = await this.#channels.of(channel)
    await open.isReady()
    await open.catchUpWith(query.since)
    return await open.partition.recover(channel, namespace, query)
  }

  async removeHistory(channel: string): Promise<void> {
    const open = await this.#channels.of(channel)
    await open.append({ kind: 'remove', channel })
  }

  /** Resolves when this node has heard it: every other one will. */
  async control(message: Control): Promise<void> {
    const entry = controlEntry(this.#newId(), message)
    const { value } = entry
    const { promise: heard, resolve } = Promise.withResolvers<void>()
    this.#unheard.set(value, resolve)
    try {
      await Promise.race([heard, this.#controlQueue.append(entry)])
      await within(this.options.clock, readMs, heard, () => new CommandError(errors.internal, 'this node has not read so far yet'))
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
    this.states?.close()
    this.#controls.close()
    this.#channels.close()
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

  #checkRoom({ namespace, states }: LogChannel, { key }: PublishOptions): void {
    const { conflatedKeysMax } = this.options.limits
    if (!namespace.delivery.hasRoom(states, key, conflatedKeysMax))
      throw new CommandError(errors.limitExceeded, `at most ${conflatedKeysMax} keys in a channel`)
  }

  #namespaceOf(channel: string): Namespace {
    const namespace = this.options.namespaces.resolve(channel)
    if (namespace === undefined) throw new CommandError(errors.unknownChannel)
    return namespace
  }

  #newId(): string {
    return randomId(this.options.random, idBytes)
  }
}

/** How far back the histories of these namespaces may lie, and their values. */
function keepMsOf(namespaces: readonly Namespace[], withValues: boolean): number {
  const keepMs = namespaces.map(({ delivery }) => {
    const { ttlMs, quietMs } = delivery.history
    return withValues && delivery.states('', unpaced).length > 0 ? Math.max(ttlMs, quietMs) : ttlMs
  })
  return Math.max(0, ...keepMs)
}
