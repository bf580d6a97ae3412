import type { Clock } from '../../../kit/index.ts'
import { CommandError } from '../../../protocol/index.ts'
import type { Queries, Sql } from '../../../service.ts'
import type { InboxAppend } from './log.ts'

/** One chat transaction: its queries, its time, and what happens once it is committed. */
export interface UnitOfWork {
  readonly tx: Queries
  readonly now: number
  /** Entries appended to inboxes, in the order in which they are delivered. */
  readonly inboxAppends: InboxAppend[]
  /** Conversations whose authors are due a receipt, since somebody received or read more. */
  readonly receiptsDue: Set<string>
  /** New participants of conversations: from now on the others may see their presence. */
  readonly opened: { readonly conversation: string; readonly person: string }[]
}

/** Is called once a unit of work is durable. */
export interface CommitListener {
  /** Called in the order of commits, as far as the store tells it. */
  deliver(inboxAppends: readonly InboxAppend[]): void
  receiptsDue(conversation: string): void
  opened?(conversation: string, person: string): void
}

/** Units of work that may wait and share one transaction. An urgent one waits behind at most so many. */
const togetherMax = 16

/** A unit of work that waits for its turn. */
interface Waiting {
  /** Notes what comes of it. What a user did wrong is an outcome; anything else is thrown. */
  run(change: UnitOfWork): Promise<void>
  /** Tells whoever waits, once what was noted is durable. */
  settle(): void
  /** By itself, where the others could not be done with it. */
  alone(): void
}

/** Runs units of work: all of one is durable before anything of it is published. */
export class UnitsOfWork {
  readonly #waiting: Waiting[] = []
  #isWorking = false

  constructor(
    readonly sql: Sql,
    readonly clock: Clock,
    readonly reader: CommitListener,
  ) {}

  /** The body may run again if the store asks for it, and then starts with an empty unit of work. */
  async commit<T>(body: (change: UnitOfWork) => Promise<T>): Promise<T> {
    const { result, change } = await this.sql.transaction(async tx => {
      const change: UnitOfWork = { tx, now: this.clock.now(), inboxAppends: [], receiptsDue: new Set(), opened: [] }
      return { result: await body(change), change }
    })
    this.reader.deliver(change.inboxAppends)
    for (const conversation of change.receiptsDue) this.reader.receiptsDue(conversation)
    for (const { conversation, person } of change.opened) this.reader.opened?.(conversation, person)
    return result
  }

  /**
   * The same for what may wait a moment, as acknowledgements, which come from everyone at once: in SQLite several share a transaction, and what
   * cannot wait is let in between. A body changes nothing before it has found that it may.
   */
  commitLater<T>(body: (change: UnitOfWork) => Promise<T>): Promise<T> {
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
