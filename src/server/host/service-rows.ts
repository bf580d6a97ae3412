import type { Clock, Random } from '../../kit/index.ts'
import { LaterTablesError, migrateSql, openSql, type Sql, SqlError } from '../../store/index.ts'
import { type Store, storeTarget } from '../config/index.ts'
import type { Service, ServiceRowsOpener } from '../services/index.ts'
import { StartError } from './start-error.ts'

/** The rows of all services, in the store of the configuration. */
export class ServiceRows implements ServiceRowsOpener {
  #sql: Promise<Sql> | undefined

  constructor(
    readonly store: Store,
    readonly means: { readonly clock: Clock; readonly random: Random },
  ) {}

  async openFor({ name, migrations = [] }: Pick<Service, 'name' | 'migrations'>): Promise<Sql> {
    this.#sql ??= openSql(storeTarget(this.store), this.means)
    const sql = await this.#sql
    try {
      await migrateSql(sql, name, migrations)
    } catch (error) {
      throw this.#problemOf(name, error)
    }
    return sql
  }

  /** What a database refuses is about the option that names it. */
  #problemOf(name: string, error: unknown): unknown {
    const place = placeOf(this.store)
    if (error instanceof LaterTablesError)
      return new StartError('store', `${place}: ${error.message} of Fanfare; start that version, or give this one another database`, {
        cause: error,
      })
    if (!(error instanceof SqlError)) return error
    return new StartError('store', `${place}: the tables of ${name} cannot be made: ${error.message}`, { cause: error })
  }

  async close(): Promise<void> {
    const sql = await this.#sql?.catch(() => undefined)
    await sql?.close()
  }
}

/** Without a password. */
function placeOf(store: Store): string {
  if (store.kind === 'sqlite') return store.path
  const { host, pathname } = new URL(store.url)
  return `${host}${pathname}`
}
