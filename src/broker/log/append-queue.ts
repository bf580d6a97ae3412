import { at, type Clock } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import { bytesOf, type LogEntry, type SharedLog } from './shared-log.ts'

interface Waiting {
  readonly entry: LogEntry
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** How long an append may take. Then it has failed for its publisher, and may appear all the same. */
export const appendMs = 3000
/** Entries of one append. */
const batchMax = 500
/** Bytes of one append: below the 1 MB that Kafka takes at a time by its default. A larger entry goes alone. */
const batchBytesMax = 768 * 1024
/** Entries that wait. Beyond, they are refused with 111 at once. */
const waitingMax = 10_000

/** Appends to one partition: one batch at a time, so that entries never overtake each other, and all that waits in the next one. */
export class AppendQueue {
  #waiting: Waiting[] = []
  #isUnderWay = false

  constructor(
    readonly clock: Clock,
    readonly log: SharedLog,
    readonly partition: number,
  ) {}

  /** @throws CommandError 100, temporary, where the log does not answer in time; 111 where too many wait */
  append(entry: LogEntry): Promise<void> {
    if (this.#waiting.length >= waitingMax) return Promise.reject(new CommandError(errors.tooManyRequests))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject })
      this.#next()
    })
  }

  #batchSize(): number {
    let bytes = 0
    let count = 0
    for (; count < Math.min(batchMax, this.#waiting.length); count++) {
      bytes += bytesOf(at(this.#waiting, count).entry)
      if (bytes > batchBytesMax) break
    }
    return Math.max(1, count)
  }

  #next(): void {
    if (this.#isUnderWay || this.#waiting.length === 0) return
    this.#isUnderWay = true
    const batch = this.#waiting.splice(0, this.#batchSize())
    let isOver = false
    const end = (settle: (waiting: Waiting) => void) => {
      if (isOver) return
      isOver = true
      late.cancel()
      this.#isUnderWay = false
      for (const waiting of batch) settle(waiting)
      this.#next()
    }
    const late = this.clock.after(appendMs, () => {
      const error = new CommandError(errors.internal, 'the log does not answer')
      end(({ reject }) => reject(error))
    })
    const entries = batch.map(({ entry }) => entry)
    this.log.append(this.partition, entries).then(
      () => end(({ resolve }) => resolve()),
      (error: unknown) => end(({ reject }) => reject(error)),
    )
  }
}
