import {
  type BrokerMessage,
  type BrokerSink,
  History,
  type HistoryPage,
  type HistoryQuery,
  type Log,
  type Namespace,
} from '../../hub/index.ts'
import { backoffMs, type Clock, type Random, unreachable, within } from '../../kit/index.ts'
import { CommandError, errors, type Position, Publication } from '../../protocol/index.ts'
import { type ChannelMessage, fromLogged, readChannelMessage } from './log-message.ts'
import { SeenKeys } from './seen-keys.ts'
import type { LogBounds, LogReading, LogRecord, SharedLog } from './shared-log.ts'

export interface PartitionContext {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly channels: SharedLog
  namespaceOf(channel: string): Namespace | undefined
  sinks(): readonly BrokerSink[]
}

const retry = { baseMs: 100, capMs: 3000 } as const
/** How long the id of a record is remembered: a client of the log that did not hear of an append tries it again for less. */
const idMs = 60_000
/** As long as the memory broker remembers an idempotency key. */
const idempotencyMs = 5 * 60_000
/** How long the log may take to say how far it reaches. */
const boundsMs = 3000
const nowhere: Position = { epoch: '', offset: 0 }

/**
 * One partition of the channels' log as a node has read it, whole and in order from where it began. So of any channel in it, a position is
 * recoverable if it is of the log's epoch, not before what this node dropped or never read, and not beyond what it has read.
 */
export class LogPartition {
  /** Everything up to here has been read. */
  readTo = 0
  epoch = ''
  readonly #streams = new Map<string, History>()
  readonly #ids = new SeenKeys<Position>(idMs)
  readonly #keys = new SeenKeys<Position>(idempotencyMs)
  /** Positions up to here are not recoverable in channels that are not in memory. */
  #floor = 0
  #reading: LogReading | undefined
  #isClosed = false
  #failures = 0
  #waiting: { readonly offset: number; readonly resolve: () => void }[] = []
  readonly #outcomes = new Map<string, (position: Position | CommandError) => void>()
  #walk: Iterator<History> | undefined

  constructor(
    readonly number: number,
    readonly context: PartitionContext,
  ) {}

  /** Channels that are in memory. */
  get size(): number {
    return this.#streams.size
  }

  /** Reads from the oldest record on. Resolves when everything has been read that there is now. */
  async begin(): Promise<void> {
    for (;;) {
      const bounds = await this.bounds().catch(() => undefined)
      if (this.#isClosed) return
      if (bounds === undefined) await this.#pause()
      else {
        this.epoch = bounds.epoch
        this.#floor = bounds.first - 1
        this.readTo = this.#floor
        this.#reading = this.context.channels.read(this.number, this.#floor, {
          take: (records, readTo) => this.#take(records, readTo),
          missed: upTo => this.#missed(upTo),
          restarted: bounds => this.#restarted(bounds),
        })
        return await this.reached(bounds.last)
      }
    }
  }

  /** @throws CommandError 100, temporary, where the log does not say in time */
  bounds(): Promise<LogBounds> {
    const { clock, channels } = this.context
    return within(clock, boundsMs, channels.bounds(this.number), () => new CommandError(errors.internal, 'the log does not answer'))
  }

  /** Resolves when everything up to an offset has been read. */
  reached(offset: number): Promise<void> {
    if (this.readTo >= offset) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ offset, resolve }))
  }

  /** The outcome of the record with this id, once it has been read. */
  outcomeOf(id: string, told: (outcome: Position | CommandError) => void): { forget(): void } {
    this.#outcomes.set(id, told)
    return { forget: () => this.#outcomes.delete(id) }
  }

  streamOf(channel: string, namespace: Namespace): History {
    const known = this.#streams.get(channel)
    if (known !== undefined && known.namespace === namespace) return known
    // Under new rules it begins again where it stands, with nothing kept.
    const stream = new History(channel, namespace, this.epoch)
    stream.restore(Math.max(known?.offset ?? 0, this.#floor), this.context.clock.now(), [])
    this.#streams.set(channel, stream)
    return stream
  }

  /** A place that lies beyond the channel's newest, of another node that dropped more, leads to the same publications. */
  page(channel: string, namespace: Namespace, { since, ...query }: HistoryQuery): HistoryPage {
    const stream = this.streamOf(channel, namespace)
    const now = this.context.clock.now()
    if (since === undefined) return stream.page(query, now)
    const isWithin = since.epoch === this.epoch && since.offset <= this.readTo
    if (!isWithin || since.offset <= stream.offset || query.reverse) return stream.page({ ...query, since }, now)
    const page = stream.page({ ...query, since: { ...since, offset: stream.offset } }, now)
    return { ...page, position: since }
  }

  /** A stretch of a walk over all channels: expires what is old, and forgets those that have been quiet for long and that nobody follows. */
  sweep(count: number, isFollowed: (channel: string) => boolean): void {
    const now = this.context.clock.now()
    this.#walk ??= this.#streams.values()
    for (let left = count; left > 0; left--) {
      const { done, value } = this.#walk.next()
      if (done) {
        this.#walk = undefined
        return
      }
      value.expire(now)
      if (value.isForgettable(now) && !isFollowed(value.channel)) this.#forget(value)
    }
  }

  close(): void {
    this.#isClosed = true
    this.#reading?.close()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  #pause(): Promise<void> {
    const { clock, random } = this.context
    return new Promise(resolve => clock.after(backoffMs(this.#failures++, random, retry), resolve))
  }

  #forget(stream: History): void {
    this.#floor = Math.max(this.#floor, stream.offset)
    this.#streams.delete(stream.channel)
  }

  #missed(upTo: number): void {
    this.context.log.error({ partition: this.number, from: this.readTo, upTo }, 'the log dropped records before they were read here')
    this.#beginAgain(Math.max(this.readTo, upTo))
    this.#wake()
  }

  /** What was read before is of another log: its places mean nothing any more. */
  #restarted({ epoch, first }: LogBounds): void {
    this.context.log.error({ partition: this.number, readTo: this.readTo, epoch }, 'the log is another one now')
    this.epoch = epoch
    this.#ids.clear()
    this.#keys.clear()
    this.#beginAgain(first - 1)
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  /** Nothing is known any more of what was before, and whoever follows a channel must ask. */
  #beginAgain(after: number): void {
    this.readTo = after
    this.#floor = after
    const channels = [...this.#streams.keys()]
    this.#streams.clear()
    for (const channel of channels) for (const sink of this.context.sinks()) sink.mayHaveMissed(channel)
  }

  #take(records: readonly LogRecord[], readTo: number): void {
    for (const record of records) {
      if (record.offset <= this.readTo || this.#isClosed) continue
      this.readTo = record.offset
      const message = readChannelMessage(record.value)
      if (message === undefined) this.context.log.warn({ partition: this.number, offset: record.offset }, 'a record that cannot be read')
      else this.#settle(message.id, this.#once(message, record))
    }
    if (!this.#isClosed) this.readTo = Math.max(this.readTo, readTo)
    this.#wake()
  }

  #wake(): void {
    const due = this.#waiting.filter(({ offset }) => offset <= this.readTo)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter(({ offset }) => offset > this.readTo)
    for (const { resolve } of due) resolve()
  }

  #settle(id: string, outcome: Position | CommandError): void {
    const told = this.#outcomes.get(id)
    this.#outcomes.delete(id)
    told?.(outcome)
  }

  /** A record that was appended twice, or another of the same idempotency key, is passed over and comes to the same. */
  #once(message: ChannelMessage, record: LogRecord): Position | CommandError {
    const { time } = record
    const { idempotencyKey } = message.kind === 'publish' ? message.options : {}
    const key = idempotencyKey === undefined ? undefined : `${message.channel}\n${idempotencyKey}`
    const known = this.#ids.of(message.id, time) ?? (key === undefined ? undefined : this.#keys.of(key, time))
    if (known !== undefined) return known
    const outcome = this.#apply(message, record)
    if (outcome instanceof CommandError) return outcome
    this.#ids.note(message.id, time, outcome)
    if (key !== undefined) this.#keys.note(key, time, outcome)
    return outcome
  }

  #apply(message: ChannelMessage, record: LogRecord): Position | CommandError {
    const { channel } = message
    switch (message.kind) {
      case 'publish':
        return this.#publish(message, record)
      case 'announce':
        this.#deliver(channel, fromLogged(message.message))
        return nowhere
      case 'remove':
        this.#streams.get(channel)?.clear()
        for (const sink of this.context.sinks()) sink.removed(channel)
        return nowhere
      default:
        return unreachable(message)
    }
  }

  #publish({ channel, data, options }: ChannelMessage & { kind: 'publish' }, { offset, time }: LogRecord): Position | CommandError {
    const namespace = this.context.namespaceOf(channel)
    if (namespace === undefined) return new CommandError(errors.unknownChannel)
    if (!History.keeps(namespace)) {
      const publication = new History(channel, namespace, '').next(data, { ...options, skipHistory: true }, time)
      this.#deliver(channel, { kind: 'publication', publication, epoch: '' })
      return nowhere
    }
    const stream = this.streamOf(channel, namespace)
    const made = stream.next(data, options, time)
    const publication = made.offset === 0 ? made : new Publication({ ...made.fields(), offset, after: stream.offset })
    stream.append(publication, this.context.clock.now())
    this.#deliver(channel, { kind: 'publication', publication, epoch: this.epoch })
    return { epoch: this.epoch, offset: stream.offset }
  }

  #deliver(channel: string, message: BrokerMessage): void {
    for (const sink of this.context.sinks()) sink.deliver(channel, message)
  }
}
