import {
  type BrokerMessage,
  History,
  type HistoryPage,
  type HistoryQuery,
  hasPlace,
  type Namespace,
  publicationOf,
} from '../../hub/index.ts'
import { backoffMs, unreachable, within } from '../../kit/index.ts'
import { CommandError, errors, type Position } from '../../protocol/index.ts'
import { AppendIds } from './append-ids.ts'
import { LogChannel, startingAfter } from './log-channel.ts'
import type { PartitionContext } from './partition-context.ts'
import { idempotencyMs, ReadBack, repeatedMs } from './read-back.ts'
import { type ChannelMessage, readEntry, type SkipReason } from './record-form.ts'
import { SeenKeys } from './seen-keys.ts'
import type { LogBounds, LogReading, LogRecord } from './shared-log.ts'
import { type LoadedRow, loadState } from './state-rows.ts'

const retry = { baseMs: 100, capMs: 3000 } as const
const boundsMs = 3000
/** How often beginning may fail before a log that may be gone is taken for that. */
const begunMax = 3
const nowhere: Position = { epoch: '', offset: 0 }

type Outcome = Position | CommandError

/**
 * One partition of the channels' log as a node has read it, whole and in order from where it began. So of any channel in it, a position is
 * recoverable if it is of the log's epoch, not before what this node dropped or never read, and not beyond what it has read. What lies before
 * may be read back.
 */
export class LogPartition {
  /** Everything up to here has been read. */
  readTo = 0
  epoch = ''
  readonly readBack: ReadBack
  readonly #channels = new Map<string, LogChannel>()
  readonly #ids = new AppendIds()
  readonly #keys: SeenKeys<Position>
  /** Positions from here on are recoverable in channels that are not in memory. */
  #floor = 0
  /** Up to here, records only tell what is repeated later. */
  #begunAt = 0
  /** What comes after is new: before, nobody is told. */
  #liveFrom = 0
  #reading: LogReading | undefined
  #isClosed = false
  #failures = 0
  #waiting: { readonly offset: number; readonly resolve: () => void }[] = []
  readonly #outcomes = new Map<string, (outcome: Outcome) => void>()
  #walk: Iterator<LogChannel> | undefined

  constructor(
    readonly number: number,
    readonly context: PartitionContext,
  ) {
    this.readBack = new ReadBack(number, context)
    this.#keys = new SeenKeys(idempotencyMs, context.limits.keysMax)
  }

  /** Channels that are in memory. */
  get size(): number {
    return this.#channels.size
  }

  /** Whether it has read what was there at the start. */
  get isCurrent(): boolean {
    return this.#reading !== undefined && this.readTo >= this.#liveFrom
  }

  channels(): Iterable<LogChannel> {
    return this.#channels.values()
  }

  /** Reads what histories still need, and a little before for what is repeated in it. Resolves when everything has been read that there is now. */
  async begin(): Promise<void> {
    for (;;) {
      const begun = await this.#beginning().catch(() => undefined)
      if (this.#isClosed) return
      if (begun !== undefined) {
        const { bounds, from, warmFrom, rows } = begun
        this.epoch = bounds.epoch
        this.#floor = from
        this.#begunAt = from
        this.#liveFrom = bounds.last
        this.readTo = warmFrom
        for (const row of rows) this.#restore(row)
        this.#reading = this.context.channels.read(this.number, warmFrom, {
          take: (records, readTo) => this.#take(records, readTo),
          missed: upTo => this.#missed(upTo),
          restarted: now => this.#restarted(now),
          gone: this.context.gone,
        })
        return await this.reached(bounds.last)
      }
      if (this.#failures >= begunMax) this.context.gone?.()
      await this.#pause()
    }
  }

  /** @throws CommandError 100, temporary, where the log does not say in time */
  bounds(): Promise<LogBounds> {
    return this.#inTime(this.context.channels.bounds(this.number))
  }

  /** Resolves when everything up to an offset has been read. */
  reached(offset: number): Promise<void> {
    if (this.readTo >= offset) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ offset, resolve }))
  }

  /** The outcome of the record with this id, once it has been read. */
  outcomeOf(id: string, told: (outcome: Outcome) => void): { forget(): void } {
    this.#outcomes.set(id, told)
    return { forget: () => this.#outcomes.delete(id) }
  }

  /** @throws CommandError 100, temporary, where this was closed meanwhile */
  channelOf(name: string, namespace: Namespace): LogChannel {
    if (this.#isClosed) throw new CommandError(errors.internal, 'what was read of this channel is gone')
    const known = this.#channels.get(name)
    if (known !== undefined && known.namespace === namespace) return known
    // Under new rules it begins again where it stands, with nothing kept.
    known?.forget()
    if (known === undefined) this.#makeRoom()
    const channel = new LogChannel(name, namespace, this.epoch, this.context.tail, Math.max(known?.offset ?? 0, this.#floor))
    channel.touchedAt = this.context.clock.now()
    this.#channels.set(name, channel)
    return channel
  }

  /** A place that lies beyond the channel's newest, of another node that dropped more, leads to the same publications. */
  page(name: string, namespace: Namespace, { since, ...query }: HistoryQuery): HistoryPage {
    const channel = this.channelOf(name, namespace)
    const now = this.context.clock.now()
    if (since === undefined) return channel.page(query, now)
    const isWithin = since.epoch === this.epoch && since.offset <= this.readTo
    if (!isWithin || since.offset <= channel.offset || query.reverse) return channel.page({ ...query, since }, now)
    const page = channel.page({ ...query, since: { ...since, offset: channel.offset } }, now)
    return { ...page, position: since }
  }

  /** The same, and what lies before all that is known here is looked for in the log. */
  async recover(name: string, namespace: Namespace, query: HistoryQuery): Promise<HistoryPage> {
    const page = this.page(name, namespace, query)
    const { since, limit, reverse } = query
    const { recovers, history } = namespace.delivery
    if (page.complete || since === undefined || limit === 0 || reverse || recovers !== 'all') return page
    const { floor } = this.channelOf(name, namespace)
    const { epoch } = this
    if (since.offset >= floor || (since.epoch !== '' && since.epoch !== epoch)) return page
    const found = await this.readBack.find({ channel: name, namespace, after: since.offset, upTo: floor })
    const rest = this.page(name, namespace, { since: { epoch, offset: floor }, limit: -1 })
    const channel = this.channelOf(name, namespace)
    const [oldest] = found ?? []
    const isOver = oldest !== undefined && (oldest.time + history.ttlMs <= this.context.clock.now() || oldest.offset < channel.removedAt)
    if (found === undefined || isOver || !rest.complete || found.length + rest.publications.length > history.size)
      return this.page(name, namespace, query)
    // It is known from now on, so that others need not ask again.
    if (oldest === undefined && channel.floor === floor) channel.floor = since.offset
    const publications = [...found, ...startingAfter(found.at(-1)?.offset ?? since.offset, rest.publications)]
    const isWhole = limit < 0 || publications.length <= limit
    return { ...rest, publications: isWhole ? publications : publications.slice(0, limit), complete: isWhole }
  }

  /** A stretch of a walk over all channels: expires what is old, and forgets those that have been quiet for long and that nobody follows. */
  sweep(count: number): void {
    const now = this.context.clock.now()
    this.#walk ??= this.#channels.values()
    for (let left = count; left > 0; left--) {
      const { done, value } = this.#walk.next()
      if (done) {
        this.#walk = undefined
        return
      }
      value.expire(now)
      if (value.isForgettable(now) && !this.context.isFollowed(value.channel)) this.#forget(value)
    }
  }

  /** Nothing of it stays in memory. */
  close(): void {
    this.#isClosed = true
    this.#reading?.close()
    for (const channel of this.#channels.values()) channel.forget()
    this.#channels.clear()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  /** Where to begin: `from` is behind everything that neither histories nor values need any more. */
  async #beginning() {
    const { clock, channels, limits, recordsMax, states } = this.context
    const bounds = await this.bounds()
    const state = states && (await loadState(clock, states, this.number))
    const standsFor = state?.standsFor?.epoch === bounds.epoch ? state.standsFor.offset : undefined
    const keptSince = clock.now() - this.context.keepMs(standsFor === undefined)
    const kept = await this.#inTime(channels.offsetAt(this.number, keptSince))
    const late = Math.max(Math.min(kept, bounds.last), bounds.last - recordsMax)
    const from = Math.max(bounds.first - 1, Math.min(late, standsFor ?? late))
    const repeated = await this.#inTime(channels.offsetAt(this.number, keptSince - Math.max(idempotencyMs, repeatedMs)))
    const warmFrom = Math.max(bounds.first - 1, Math.min(repeated, from), from - limits.repeatedRecordsMax)
    if (standsFor !== undefined && standsFor < bounds.first - 1)
      this.context.log.warn({ partition: this.number, standsFor, ...bounds }, 'values may be old: the log dropped changes of them')
    return { bounds, from, warmFrom, rows: standsFor === undefined ? [] : (state?.rows ?? []) }
  }

  /** What the records from here on change. */
  #restore({ channel: name, store, publications }: LoadedRow): void {
    const namespace = this.context.namespaceOf(name)
    if (namespace === undefined || !History.keeps(namespace)) return
    const newest = Math.max(0, ...publications.map(({ time }) => time))
    if (newest + namespace.delivery.history.quietMs <= this.context.clock.now()) return
    const channel = this.channelOf(name, namespace)
    for (const publication of publications) channel.states[store]?.take(publication)
    channel.touchedAt = newest
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return within(this.context.clock, boundsMs, work, () => new CommandError(errors.internal, 'the log does not answer'))
  }

  #pause(): Promise<void> {
    const { clock, random } = this.context
    return new Promise(resolve => clock.after(backoffMs(this.#failures++, random, retry), resolve))
  }

  #makeRoom(): void {
    if (this.#channels.size < this.context.channelsMax) return
    for (const channel of this.#channels.values()) {
      if (this.context.isFollowed(channel.channel)) continue
      this.#forget(channel)
      return
    }
  }

  #forget(channel: LogChannel): void {
    this.#floor = Math.max(this.#floor, channel.offset, channel.removedAt)
    channel.forget()
    this.#channels.delete(channel.channel)
  }

  #missed(upTo: number): void {
    // What only tells of repetitions is no loss.
    if (upTo <= this.#begunAt) {
      this.readTo = Math.max(this.readTo, upTo)
      return
    }
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
    this.#begunAt = first - 1
    this.#liveFrom = first - 1
    this.#beginAgain(first - 1)
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  /** Nothing is known any more of what was before, and whoever follows a channel must ask. */
  #beginAgain(after: number): void {
    this.readTo = after
    this.#floor = after
    const channels = [...this.#channels.values()]
    this.#channels.clear()
    for (const channel of channels) {
      channel.forget()
      for (const sink of this.context.sinks()) sink.mayHaveMissed(channel.channel)
    }
  }

  #take(records: readonly LogRecord[], readTo: number): void {
    for (const record of records) {
      if (record.offset <= this.readTo || this.#isClosed) continue
      this.readTo = record.offset
      const outcome = this.#read(record)
      const id = record.headers?.id
      if (id !== undefined && outcome !== undefined) this.#settle(id, outcome)
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

  #settle(id: string, outcome: Outcome): void {
    const told = this.#outcomes.get(id)
    this.#outcomes.delete(id)
    told?.(outcome)
  }

  /** A record that was appended twice is passed over; another of the same idempotency key comes to the same. */
  #read(record: LogRecord): Outcome | undefined {
    const { time } = record
    if (!this.#ids.isNew(record.headers?.id, time)) return undefined
    const channel = this.context.channelOf(record)
    if (channel === undefined) return this.#skip('of another partition', record)
    const namespace = this.context.namespaceOf(channel)
    const message = this.#messageOf(channel, record, namespace)
    if (typeof message === 'string') return this.#skip(message, record)
    const key = message.kind === 'publish' ? message.options.idempotencyKey : undefined
    if (key === undefined) return this.#apply(message, record, namespace)
    const known = this.#keys.of(`${channel}\n${key}`, time)
    if (known !== undefined) return known
    const outcome = this.#apply(message, record, namespace)
    this.#keys.note(`${channel}\n${key}`, time, outcome)
    return outcome
  }

  #messageOf(channel: string, record: LogRecord, namespace: Namespace | undefined): ChannelMessage | SkipReason {
    const message = readEntry(channel, record, this.context.bounds)
    // A service may keep the history of a namespace that only it knows.
    return namespace === undefined && typeof message !== 'string' && message.kind === 'publish' ? 'unknown channel' : message
  }

  #skip(reason: SkipReason, record: LogRecord): CommandError {
    this.context.skipped.note(reason, record, this.number)
    if (reason === 'unknown channel') return new CommandError(errors.unknownChannel)
    return new CommandError(reason === 'too large' ? errors.limitExceeded : errors.badRequest, reason)
  }

  #apply(message: ChannelMessage, record: LogRecord, namespace: Namespace | undefined): Position {
    const { channel } = message
    switch (message.kind) {
      case 'publish':
        return namespace === undefined ? nowhere : this.#publish(message, record, namespace)
      case 'announce':
        this.#announce(channel, message.message, record.offset)
        return nowhere
      case 'remove':
        this.#remove(channel, record.offset, namespace)
        return nowhere
      default:
        return unreachable(message)
    }
  }

  /** A join or a leave that was announced before is nothing new. */
  #announce(channel: string, message: BrokerMessage, offset: number): void {
    const news = message.kind === 'publication' ? message : this.context.announced.read(channel, message)
    if (news !== undefined) this.#deliver(channel, news, offset)
  }

  #remove(channel: string, offset: number, namespace: Namespace | undefined): void {
    if (namespace !== undefined && History.keeps(namespace) && offset > this.#begunAt) this.channelOf(channel, namespace).clear(offset)
    if (offset > this.#liveFrom) for (const sink of this.context.sinks()) sink.removed(channel)
  }

  #publish({ channel, data, options }: ChannelMessage & { kind: 'publish' }, record: LogRecord, namespace: Namespace): Position {
    const { offset, time, value } = record
    if (offset <= this.#begunAt) return hasPlace(namespace, options) ? { epoch: this.epoch, offset } : nowhere
    if (!History.keeps(namespace)) {
      this.#deliver(channel, { kind: 'publication', publication: publicationOf(data, options, time, undefined), epoch: '' }, offset)
      return nowhere
    }
    const kept = this.channelOf(channel, namespace)
    const publication = publicationOf(data, options, time, hasPlace(namespace, options) ? { offset, after: kept.offset } : undefined)
    kept.append(publication, value)
    this.#deliver(channel, { kind: 'publication', publication, epoch: this.epoch }, offset)
    return { epoch: this.epoch, offset: kept.offset }
  }

  #deliver(channel: string, message: BrokerMessage, offset: number): void {
    if (offset > this.#liveFrom) for (const sink of this.context.sinks()) sink.deliver(channel, message)
  }
}
