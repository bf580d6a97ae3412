import type { Clock } from '../../../kit/index.ts'
import type { Queries, Sql } from '../../../store/index.ts'
import type { Posted } from './log.ts'

/** One transaction on its way: where it asks, what it posts, and its time. */
export interface Change {
  readonly tx: Queries
  readonly now: number
  /** What goes to inboxes, in the order in which it is to be delivered. */
  readonly posted: Posted[]
}

/** Makes changes whole: everything of one is durable before anybody hears of any of it. */
export class Ledger {
  constructor(
    readonly sql: Sql,
    readonly clock: Clock,
    /** Called in the order of commits, as far as the store tells it. */
    readonly deliver: (posted: readonly Posted[]) => void,
  ) {}

  /** The body may run again where the store asks for it, and then begins with nothing posted. */
  async commit<T>(body: (change: Change) => Promise<T>): Promise<T> {
    const { result, posted } = await this.sql.transaction(async tx => {
      const change: Change = { tx, now: this.clock.now(), posted: [] }
      return { result: await body(change), posted: change.posted }
    })
    this.deliver(posted)
    return result
  }
}
