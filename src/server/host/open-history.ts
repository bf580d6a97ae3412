import { dirname, relative } from 'node:path'
import { FileLock, InUseError, SqliteHistory } from '../../store/index.ts'
import type { Config } from '../config/index.ts'

/**
 * Opens the store that keeps the histories of namespaces with `history_store: disk`, for this server alone: two on one file would each give
 * the same offsets to other publications.
 * @throws DataInUseError
 */
export function openHistory(config: Config): SqliteHistory {
  const { path } = config.store
  if (path === ':memory:') return new SqliteHistory(path)
  const lock = lockFor(config)
  try {
    return new SqliteHistory(path, () => lock.release())
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Another server keeps what this one was to keep. The message is for whoever started it. */
export class DataInUseError extends Error {}

function lockFor({ store, data }: Config): FileLock {
  try {
    return new FileLock(store.path)
  } catch (error) {
    if (!(error instanceof InUseError)) throw error
    const who = error.pid === undefined ? 'another process' : `process ${error.pid}`
    const isInData = relative(data, dirname(store.path)) === ''
    const what = isInData ? `data: the data folder ${data} is in use by ${who}` : `store: sqlite:${store.path} is in use by ${who}`
    throw new DataInUseError(
      `${what}: stop that server first, or give this one ${isInData ? 'a folder of its own with --data' : 'a file of its own'}`,
    )
  }
}
