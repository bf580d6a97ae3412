import type { Clock } from '../../../kit/index.ts'
import { CommandError } from '../../../protocol/index.ts'
import type { Queries, Sql } from '../../../store/index.ts'
import type { Posted } from './log.ts'

/** One transaction on its way: where it asks, its time, and what is to happen when it is committed. */
export interface Change {
  readonly tx: Queries
  readonly now: number
  /** What goes to inboxes, in the order in which it is to be delivered. */
  readonly posted: Posted[]
  /** Conversations in which somebody got or read more, of which authors are to be told. */
  readonly moved: Set<string>
  /** Who takes part in a conversation from now on: the others may learn that they are there. */
  readonly opened: { readonly conversation: string; readonly person: string }[]
}

/** Who is told of a change that is durable. */
export interface LedgerReader {
  /** Called in the order of commits, as far as the store tells it. */
  deliver(posted: readonly Posted[]): void
  moved(conversation: string): void
  opened?(conversation: string, person: string): void
}

/** How many changes that may wait share a transaction: what cannot wait stands behind so many at most. */
const togetherMax = 16

/** A change that waits for its turn. */
interface Waiting {
  /** Notes what comes of it. What a user did wrong is an outcome; anything else is thrown. */
  run(change: Change): Promise<void>
  /** Tells whoever waits, once what was noted is durable. */
  settle(): void
  /** By itself, where the others could not be done with it. */
  alone(): void
}

/** Makes changes whole: everything of one is durable before anybody hears of any of it. */
export class Ledger {
  readonly #waiting: Waiting[] = []
  #isWorking = false

  constructor(
    readonly sql: Sql,
    readonly clock: Clock,
    readonly reader: LedgerReader,
  ) {}

  /** The body may run again where the store asks for it, and then begins with nothing posted. */
  async commit<T>(body: (change: Change) => Promise<T>): Promise<T> {
    const { result, change } = await this.sql.transaction(async tx => {
      const change: Change = { tx, now: this.clock.now(), posted: [], moved: new Set(), opened: [] }
      return { result: await body(change), change }
    })
    this.reader.deliver(change.posted)
    for (const conversation of change.moved) this.reader.moved(conversation)
    for (const { conversation, person } of change.opened) this.reader.opened?.(conversation, person)
    return result
  }

  /**
   * The same for what may wait a moment, as acknowledgements, which come from everyone at once: in SQLite several share a transaction, and what
   * cannot wait is let in between. A body changes nothing before it has found that it may.
   */
  commitLater<T>(body: (change: Change) => Promise<T>): Promise<T> {
    if (this.sql.dialect === 'postgres') return this.commit(body)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let settle = () => {}
    this.#waiting.push({
      run: async change => {
        try {
          const result = await body(change)
          settle = () => resolve(result)
        } catch (error) {
          if (!(error instanceof CommandError)) throw error
          settle = () => reject(error)
        }
      },
      settle: () => settle(),
      alone: () => void this.commit(body).then(resolve, reject),
    })
    if (!this.#isWorking) void this.#work()
    return promise
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    while (this.#waiting.length > 0) {
      const together = this.#waiting.splice(0, togetherMax)
      try {
        await this.commit(async change => {
          for (const { run } of together) await run(change)
        })
        for (const { settle } of together) settle()
      } catch {
        // Whichever of them it was: each finds out for itself, and whoever waits for it is told.
        for (const { alone } of together) alone()
      }
    }
    this.#isWorking = false
  }
}
