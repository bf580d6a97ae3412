import type { Clock } from '../../../kit/index.ts'
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
}

/** Who is told of a change that is durable. */
export interface LedgerReader {
  /** Called in the order of commits, as far as the store tells it. */
  deliver(posted: readonly Posted[]): void
  moved(conversation: string): void
}

/** Makes changes whole: everything of one is durable before anybody hears of any of it. */
export class Ledger {
  constructor(
    readonly sql: Sql,
    readonly clock: Clock,
    readonly reader: LedgerReader,
  ) {}

  /** The body may run again where the store asks for it, and then begins with nothing posted. */
  async commit<T>(body: (change: Change) => Promise<T>): Promise<T> {
    const { result, change } = await this.sql.transaction(async tx => {
      const change: Change = { tx, now: this.clock.now(), posted: [], moved: new Set() }
      return { result: await body(change), change }
    })
    this.reader.deliver(change.posted)
    for (const conversation of change.moved) this.reader.moved(conversation)
    return result
  }
}
