import { backoffMs, type Clock, type Random, within } from '../../kit/index.ts'
import type { LogReading, LogRecord, SharedLog } from './shared-log.ts'

/** How long the log may take to say how far it reaches. */
const boundsMs = 3000
const retry = { baseMs: 100, capMs: 3000 } as const

/** Reads the only partition of a log, from its oldest record on or from the oldest that is new enough. */
export class LogTail {
  #reading: LogReading | undefined
  #readTo = 0
  #isClosed = false

  constructor(
    readonly log: SharedLog,
    readonly context: { readonly clock: Clock; readonly random: Random; readonly keepMs?: number },
    readonly take: (record: LogRecord, epoch: string) => void,
  ) {}

  /** Resolves when everything has been read that is there now. */
  async begin(): Promise<void> {
    for (let attempt = 0; !this.#isClosed; attempt++) {
      const begun = await within(this.context.clock, boundsMs, this.#beginning(), () => new Error('late')).catch(() => undefined)
      if (begun !== undefined) return this.#isClosed ? undefined : this.#read(begun.epoch, begun.after, begun.last)
      await new Promise<void>(resolve => this.context.clock.after(backoffMs(attempt, this.context.random, retry), resolve))
    }
  }

  close(): void {
    this.#isClosed = true
    this.#reading?.close()
  }

  async #beginning(): Promise<{ readonly epoch: string; readonly after: number; readonly last: number }> {
    const { clock, keepMs } = this.context
    const { epoch, first, last } = await this.log.bounds(0)
    const old = keepMs === undefined ? 0 : await this.log.offsetAt(0, clock.now() - keepMs)
    return { epoch, after: Math.max(first - 1, Math.min(old, last)), last }
  }

  #read(begun: string, after: number, end: number): Promise<void> {
    let epoch = begun
    let last = end
    return new Promise(resolve => {
      this.#readTo = after
      if (after >= last) resolve()
      this.#reading = this.log.read(0, after, {
        take: (records, readTo) => {
          for (const record of records) {
            if (record.offset <= this.#readTo || this.#isClosed) continue
            this.#readTo = record.offset
            this.take(record, epoch)
          }
          this.#readTo = Math.max(this.#readTo, readTo)
          if (this.#readTo >= last) resolve()
        },
        missed: upTo => {
          this.#readTo = Math.max(this.#readTo, upTo)
        },
        restarted: bounds => {
          epoch = bounds.epoch
          this.#readTo = bounds.first - 1
          last = Math.min(last, bounds.last)
          if (this.#readTo >= last) resolve()
        },
      })
    })
  }
}
