import { join } from 'node:path'
import type { Log } from '../../hub/index.ts'
import type { Clock } from '../../kit/index.ts'
import { SqliteRevocations } from '../../store/index.ts'
import type { ApplicationStore } from '../application/application.ts'
import type { Config } from '../config/index.ts'
import { type DiskHealth, diskHealthOf, WatchedHistory } from './disk-health.ts'
import { openHistory } from './open-history.ts'

/** The data that a central node keeps on the disk, and whether the disk takes it. */
export interface OpenStore extends Required<ApplicationStore> {
  readonly health: DiskHealth
  close(): void
}

/** @throws DataInUseError */
export function openStore(config: Config, means: { readonly clock: Clock; readonly log: Log }): OpenStore {
  const { store, data } = config
  const history = openHistory(config)
  const health = diskHealthOf(config, history, means)
  const histories = new WatchedHistory(history, health)
  const revocations = new SqliteRevocations(store.path === ':memory:' ? ':memory:' : join(data, 'revocations.sqlite'))
  return {
    histories,
    revocations,
    health,
    close() {
      revocations.close()
      histories.close()
    },
  }
}
