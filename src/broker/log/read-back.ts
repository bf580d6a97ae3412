import { hasPlace, type Namespace, publicationOf } from '../../hub/index.ts'
import { type Clock, within } from '../../kit/index.ts'
import type { Publication } from '../../protocol/index.ts'
import { AppendIds } from './append-ids.ts'
import type { LogLimits } from './limits.ts'
import { type ChannelMessage, type RecordBounds, readEntry } from './record-form.ts'
import { SeenKeys } from './seen-keys.ts'
import type { LogRecord, SharedLog } from './shared-log.ts'

export interface ReadBackContext {
  readonly clock: Clock
  readonly channels: SharedLog
  readonly limits: LogLimits
  readonly bounds: RecordBounds
  channelOf(record: LogRecord): string | undefined
}

/** What is looked for: the publications of a channel after a place and up to another. */
export interface LogStretch {
  readonly channel: string
  readonly namespace: Namespace
  readonly after: number
  readonly upTo: number
}

interface Asked extends LogStretch {
  readonly found: Publication[]
  readonly answer: (found: readonly Publication[] | undefined) => void
  /** Some of it was removed, or depends on what lies before, further than was read. */
  isUnclear: boolean
}

/** How long it may take, together with what was asked before. */
const readMs = 3000
/** How far before a piece is read, by the time of the log, for what is repeated in it. */
export const repeatedMs = 60_000
/** As long as the memory broker remembers an idempotency key. */
export const idempotencyMs = 5 * 60_000

/**
 * Reads a stretch of a partition again, for channels about which this node knows nothing so far back. Whoever asks meanwhile is answered by the next
 * pass, together with all others, so that a herd of clients costs a few passes.
 */
export class ReadBack {
  #asked: Asked[] = []
  #isReading = false
  /** So far: passes, and answers that could be given. */
  passes = 0
  found = 0

  constructor(
    readonly number: number,
    readonly context: ReadBackContext,
  ) {}

  /** In order, each with its predecessor; undefined where it cannot be said for sure. */
  find(stretch: LogStretch): Promise<readonly Publication[] | undefined> {
    const { clock, limits } = this.context
    const isFar = stretch.upTo - stretch.after > limits.readBackRecordsMax
    if (isFar || this.#asked.length >= limits.readBacksMax) return Promise.resolve(undefined)
    const { promise, resolve } = Promise.withResolvers<readonly Publication[] | undefined>()
    this.#asked.push({ ...stretch, found: [], answer: resolve, isUnclear: false })
    void this.#readAll()
    return within(clock, readMs, promise, () => new Error('late')).catch(() => undefined)
  }

  async #readAll(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    while (this.#asked.length > 0) {
      const batch = this.#takeBatch()
      const readFrom = await within(this.context.clock, readMs, this.#read(batch), () => new Error('late')).catch(() => undefined)
      for (const { answer, after, found, isUnclear } of batch) {
        const isSure = readFrom !== undefined && readFrom <= after && !isUnclear
        if (isSure) this.found++
        answer(isSure ? found : undefined)
      }
    }
    this.#isReading = false
  }

  /** As many as lie within one stretch. */
  #takeBatch(): readonly Asked[] {
    const batch: Asked[] = []
    const later: Asked[] = []
    let from = Number.POSITIVE_INFINITY
    let to = 0
    for (const asked of this.#asked) {
      const [low, high] = [Math.min(from, asked.after), Math.max(to, asked.upTo)]
      if (high - low > this.context.limits.readBackRecordsMax) {
        later.push(asked)
        continue
      }
      from = low
      to = high
      batch.push(asked)
    }
    this.#asked = later
    return batch
  }

  /** @returns the offset after which the log still had everything when it had been read; undefined where that is not known */
  async #read(batch: readonly Asked[]): Promise<number | undefined> {
    this.passes++
    const { channels, limits } = this.context
    const from = Math.min(...batch.map(({ after }) => after))
    const to = Math.max(...batch.map(({ upTo }) => upTo))
    const before = await channels.bounds(this.number)
    const byChannel = Map.groupBy(batch, ({ channel }) => channel)
    const reader = new StretchReader(this.context, byChannel)
    for (let at = await this.#begin(from); at < to; ) {
      const { records, readTo } = await channels.slice(this.number, at, limits.readBackSlice)
      if (readTo <= at) return undefined
      for (const record of records) if (record.offset <= to) reader.take(record)
      at = readTo
    }
    const { epoch, first } = await channels.bounds(this.number)
    return epoch === before.epoch ? first - 1 : undefined
  }

  /** Some time before, as far as the bound allows: what is repeated soon after is known for what it is then. */
  async #begin(from: number): Promise<number> {
    const { channels, limits } = this.context
    const { records } = await channels.slice(this.number, Math.max(0, from - 1), { ...limits.readBackSlice, records: 1 })
    const [record] = records
    if (record === undefined) return from
    const begin = await channels.offsetAt(this.number, record.time - repeatedMs)
    return Math.min(from, Math.max(begin, from - limits.readBackRecordsMax))
  }
}

/** Makes of records what a node made of them that read them when they came. */
class StretchReader {
  readonly #ids = new AppendIds()
  readonly #keys: SeenKeys<true>
  /** When the first record was appended. */
  #begunAt = Number.POSITIVE_INFINITY

  constructor(
    readonly context: ReadBackContext,
    readonly byChannel: ReadonlyMap<string, readonly Asked[]>,
  ) {
    this.#keys = new SeenKeys(idempotencyMs, context.limits.keysMax)
  }

  take(record: LogRecord): void {
    const { headers, time, offset } = record
    this.#begunAt = Math.min(this.#begunAt, time)
    if (!this.#ids.isNew(headers?.id, time)) return
    const channel = this.context.channelOf(record) ?? ''
    const asked = this.byChannel.get(channel)
    if (asked === undefined) return
    const message = readEntry(channel, record, this.context.bounds)
    if (typeof message === 'string' || message.kind === 'announce') return
    if (message.kind === 'remove') {
      for (const one of asked) if (one.found.length > 0) one.isUnclear = true
      return
    }
    const { idempotencyKey } = message.options
    if (idempotencyKey !== undefined && this.#isRepeated(`${channel}\n${idempotencyKey}`, time)) return
    // It may repeat what was published before this stretch.
    const isUnclear = idempotencyKey !== undefined && time - idempotencyMs < this.#begunAt
    for (const one of asked) if (offset > one.after && offset <= one.upTo) this.#note(one, message, record, isUnclear)
  }

  #note(asked: Asked, { data, options }: ChannelMessage & { kind: 'publish' }, { offset, time }: LogRecord, isUnclear: boolean): void {
    if (!hasPlace(asked.namespace, options)) return
    asked.found.push(publicationOf(data, options, time, { offset, after: asked.found.at(-1)?.offset ?? asked.after }))
    asked.isUnclear ||= isUnclear
  }

  #isRepeated(key: string, time: number): boolean {
    if (this.#keys.of(key, time) !== undefined) return true
    this.#keys.note(key, time, true)
    return false
  }
}
