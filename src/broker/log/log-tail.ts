import { backoffMs, type Clock, type Random, within } from '../../kit/index.ts'
import type { LogReading, LogRecord, SharedLog } from './shared-log.ts'

/** How long the log may take to say how far it reaches. */
const boundsMs = 3000
const retry = { baseMs: 100, capMs: 3000 } as const

/** Reads the only partition of a log from its oldest record on. */
export class LogTail {
  #reading: LogReading | undefined
  #readTo = 0
  #isClosed = false

  constructor(
    readonly log: SharedLog,
    readonly context: { readonly clock: Clock; readonly random: Random },
    readonly take: (record: LogRecord, epoch: string) => void,
  ) {}

  /** Resolves when everything has been read that is there now. */
  async begin(): Promise<void> {
    for (let attempt = 0; !this.#isClosed; attempt++) {
      const bounds = await within(this.context.clock, boundsMs, this.log.bounds(0), () => new Error('late')).catch(() => undefined)
      if (bounds !== undefined) return this.#isClosed ? undefined : this.#read(bounds.epoch, bounds.first - 1, bounds.last)
      await new Promise<void>(resolve => this.context.clock.after(backoffMs(attempt, this.context.random, retry), resolve))
    }
  }

  close(): void {
    this.#isClosed = true
    this.#reading?.close()
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
