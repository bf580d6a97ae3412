import type { HistoryLog } from '../hub/index.ts'
import { SqliteHistory } from '../store/index.ts'
import type { Config } from './config/index.ts'

/** Opens the store that keeps the histories of namespaces with `history_store: disk`. */
export function openHistory({ store }: Config): HistoryLog {
  return new SqliteHistory(store.path)
}
