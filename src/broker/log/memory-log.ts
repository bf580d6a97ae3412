import { type Clock, type Random, randomId } from '../../kit/index.ts'
import type { LogBounds, LogEntry, LogReader, LogReading, LogRecord, SharedLog } from './shared-log.ts'

export interface MemoryLogOptions {
  readonly clock: Clock
  readonly random: Random
  readonly partitions?: number
}

interface Partition {
  readonly records: LogRecord[]
  /** Offsets up to here have been given out. */
  last: number
  readonly readers: Set<() => void>
}

const partitionsDefault = 8
const epochBytes = 3

/** A log in the memory of one process, which several nodes may share. Each has a line of its own to it. */
export class MemoryLog implements SharedLog {
  readonly partitions: number
  readonly epoch: string
  readonly #partitions: readonly Partition[]

  constructor(readonly options: MemoryLogOptions) {
    this.partitions = options.partitions ?? partitionsDefault
    this.epoch = randomId(options.random, epochBytes)
    this.#partitions = Array.from({ length: this.partitions }, () => ({ records: [], last: 0, readers: new Set() }))
  }

  async append(partition: number, entries: readonly LogEntry[]): Promise<void> {
    this.appendNow(partition, entries)
  }

  appendNow(partition: number, entries: readonly LogEntry[]): void {
    const at = this.#at(partition)
    const newest = at.records.at(-1)?.time ?? 0
    // The order of a partition is that of its times, whatever the clock does.
    const time = Math.max(newest, this.options.clock.now())
    for (const { key, value } of entries) at.records.push({ key, value, offset: ++at.last, time })
    for (const wake of at.readers) wake()
  }

  async bounds(partition: number): Promise<LogBounds> {
    return this.boundsNow(partition)
  }

  boundsNow(partition: number): LogBounds {
    const { records, last } = this.#at(partition)
    return { epoch: this.epoch, first: records[0]?.offset ?? last + 1, last }
  }

  read(partition: number, after: number, reader: LogReader): LogReading {
    return this.line(this.options.clock).read(partition, after, reader)
  }

  /** A node's own way to the log. */
  line(clock: Clock): LogLine {
    return new LogLine(this, clock)
  }

  /** Retention: records up to an offset are gone. */
  truncate(partition: number, upTo: number): void {
    const { records } = this.#at(partition)
    const kept = records.findIndex(({ offset }) => offset > upTo)
    records.splice(0, kept === -1 ? records.length : kept)
  }

  /** At most so many records after an offset. */
  slice(partition: number, after: number, count: number): readonly LogRecord[] {
    const { records } = this.#at(partition)
    const from = Math.max(0, after + 1 - (records[0]?.offset ?? 1))
    return records.slice(from, from + count)
  }

  /** Calls whenever there is something new. */
  onGrowth(partition: number, wake: () => void): LogReading {
    const { readers } = this.#at(partition)
    readers.add(wake)
    return { close: () => readers.delete(wake) }
  }

  #at(partition: number): Partition {
    const at = this.#partitions[partition]
    if (at === undefined) throw new RangeError(`the log has ${this.partitions} partitions, and no ${partition}`)
    return at
  }
}

/** Records that are handed over at a time. */
const batchMax = 500

/** One node's way to a log in memory. It can be slow, and it can be cut: then appends hang, and readers stand still. */
export class LogLine implements SharedLog {
  /** How long everything takes on the way to the log, and as long again on the way back. */
  delayMs = 0
  /** How far readers are behind, beyond the way. */
  lagMs = 0
  #isCut = false
  readonly #wakes = new Set<() => void>()

  constructor(
    readonly log: MemoryLog,
    readonly clock: Clock,
  ) {}

  get partitions(): number {
    return this.log.partitions
  }

  get isCut(): boolean {
    return this.#isCut
  }

  /** Nothing gets through any more: what is on its way arrives, its answer does not. */
  cut(): void {
    this.#isCut = true
  }

  mend(): void {
    this.#isCut = false
    for (const wake of this.#wakes) wake()
  }

  append(partition: number, entries: readonly LogEntry[]): Promise<void> {
    return this.#ask(() => this.log.appendNow(partition, entries))
  }

  bounds(partition: number): Promise<LogBounds> {
    return this.#ask(() => this.log.boundsNow(partition))
  }

  read(partition: number, after: number, reader: LogReader): LogReading {
    let at = after
    let isUnderWay = false
    const wake = () => {
      if (isUnderWay || this.#isCut) return
      isUnderWay = true
      this.#later(this.delayMs + this.lagMs, () => {
        isUnderWay = false
        if (this.#isCut || !this.#wakes.has(wake)) return
        const dropped = this.log.boundsNow(partition).first - 1
        if (dropped > at) reader.missed(dropped)
        const records = this.log.slice(partition, Math.max(at, dropped), batchMax)
        at = records.at(-1)?.offset ?? Math.max(at, dropped)
        if (records.length === 0) return
        wake()
        reader.take(records)
      })
    }
    this.#wakes.add(wake)
    const growth = this.log.onGrowth(partition, wake)
    wake()
    return {
      close: () => {
        growth.close()
        this.#wakes.delete(wake)
      },
    }
  }

  #ask<T>(work: () => T): Promise<T> {
    if (this.#isCut) return new Promise(() => undefined)
    return new Promise((resolve, reject) => {
      this.#later(this.delayMs, () => {
        try {
          const outcome = work()
          this.#later(this.delayMs, () => {
            if (!this.#isCut) resolve(outcome)
          })
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #later(ms: number, run: () => void): void {
    if (ms === 0) this.clock.soon(run)
    else this.clock.after(ms, run)
  }
}
