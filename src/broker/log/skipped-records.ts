import type { Log } from '../../hub/index.ts'
import { type Clock, LogThrottle } from '../../kit/index.ts'
import type { SkipReason } from './record-form.ts'
import type { LogRecord } from './shared-log.ts'

/** One line a minute for each reason: a feed that writes rubbish must not fill the log. */
const quietMs = 60_000
const keyShownMax = 100

/** Records that are passed over, counted by reason and named in the log. They stop nothing. */
export class SkippedRecords {
  readonly #counts = new Map<SkipReason, number>()
  readonly #throttle: LogThrottle

  constructor(
    readonly log: Log,
    clock: Clock,
  ) {
    this.#throttle = new LogThrottle(clock, quietMs)
  }

  /** By reason. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }

  note(reason: SkipReason, { key, offset }: LogRecord, partition: number): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1)
    const suppressed = this.#throttle.pass(reason)
    if (suppressed === undefined) return
    this.log.warn({ partition, offset, key: key.slice(0, keyShownMax), reason, suppressed }, `a record was passed over: ${reason}`)
  }
}
