import type { HistoryPage, HistoryQuery } from './broker.ts'

/**
 * A service that keeps the histories of a namespace itself, in its own rows, and gives each publication its place: `publish` with `at`.
 * What was published must be found here from then on, and places of a channel follow each other without a hole.
 */
export interface HistoryProvider {
  /**
   * The channel from a position on. A negative limit asks for all. `complete` only where `publications` leads from `since`, of the same epoch
   * or of none, to `position` with nothing left out; clients are told that they recovered everything on the strength of it.
   */
  history(channel: string, query: HistoryQuery): Promise<HistoryPage>
}
