import type { Clock } from '../../kit/index.ts'
import type { LogBounds, LogEntry, LogReader, LogReading, LogRecord, LogSlice, SharedLog, SliceLimits } from './shared-log.ts'

/** Records that are handed over at a time. */
const batchMax = 500

/** A log in this process, which a line leads to: what is in it is known at once. */
export interface LocalLog extends Omit<SharedLog, 'read' | 'silentMs'> {
  readonly epoch: string
  readonly removedAt: number | undefined
  readonly options: { readonly clock: Clock }
  boundsNow(partition: number): LogBounds
  recordsAfter(partition: number, after: number, count: number): readonly LogRecord[]
  onGrowth(partition: number, wake: () => void): LogReading
}

/** One node's way to a log in memory. It can be slow, and it can be cut: then appends hang, and readers stand still. */
export class LogLine implements SharedLog {
  /** How long everything takes on the way to the log, and as long again on the way back. */
  delayMs = 0
  /** How far readers are behind, beyond the way. */
  lagMs = 0
  #cutAt: number | undefined
  readonly #wakes = new Set<() => void>()

  constructor(
    readonly log: LocalLog,
    readonly clock: Clock,
  ) {}

  get partitions(): number {
    return this.log.partitions
  }

  get isCut(): boolean {
    return this.#cutAt !== undefined
  }

  /** Nothing gets through any more: what is on its way arrives, its answer does not. */
  cut(): void {
    this.#cutAt ??= this.log.options.clock.now()
  }

  mend(): void {
    this.#cutAt = undefined
    for (const wake of this.#wakes) wake()
  }

  append(partition: number, entries: readonly LogEntry[]): Promise<void> {
    return this.#ask(() => this.log.append(partition, entries))
  }

  bounds(partition: number): Promise<LogBounds> {
    return this.#ask(() => this.log.bounds(partition))
  }

  offsetAt(partition: number, timeMs: number): Promise<number> {
    return this.#ask(() => this.log.offsetAt(partition, timeMs))
  }

  slice(partition: number, after: number, limits: SliceLimits): Promise<LogSlice> {
    return this.#ask(() => this.log.slice(partition, after, limits))
  }

  read(partition: number, after: number, reader: LogReader): LogReading {
    let at = after
    let { epoch } = this.log
    let isUnderWay = false
    const wake = () => {
      if (isUnderWay || this.isCut) return
      isUnderWay = true
      this.#later(this.delayMs + this.lagMs, () => {
        isUnderWay = false
        if (this.isCut || !this.#wakes.has(wake)) return
        if (this.log.removedAt !== undefined) {
          if (reader.gone === undefined) return
          this.#wakes.delete(wake)
          reader.gone()
          return
        }
        const bounds = this.log.boundsNow(partition)
        const dropped = bounds.first - 1
        if (bounds.epoch !== epoch) {
          epoch = bounds.epoch
          at = dropped
          reader.restarted(bounds)
        }
        if (dropped > at) reader.missed(dropped)
        const records = this.log.recordsAfter(partition, Math.max(at, dropped), batchMax)
        at = records.at(-1)?.offset ?? Math.max(at, dropped)
        if (records.length === 0) return
        wake()
        reader.take(records, at)
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

  silentMs(): number {
    const since = this.#cutAt ?? this.log.removedAt
    return since === undefined || this.#wakes.size === 0 ? 0 : this.log.options.clock.now() - since
  }

  #ask<T>(work: () => Promise<T>): Promise<T> {
    if (this.isCut || this.log.removedAt !== undefined) return new Promise(() => undefined)
    return new Promise((resolve, reject) => {
      this.#later(this.delayMs, () => {
        work().then(outcome => {
          this.#later(this.delayMs, () => {
            if (!this.isCut) resolve(outcome)
          })
        }, reject)
      })
    })
  }

  #later(ms: number, run: () => void): void {
    if (ms === 0) this.clock.soon(run)
    else this.clock.after(ms, run)
  }
}
