import type { Clock, Random } from '../../kit/index.ts'
import { migrateSql, openSql, type Sql } from '../../store/index.ts'
import { type Store, storeTarget } from '../config/index.ts'
import type { Service, ServiceRowsOpener } from '../services/index.ts'

/** The rows of all services, in the store of the configuration. */
export class ServiceRows implements ServiceRowsOpener {
  #sql: Promise<Sql> | undefined

  constructor(
    readonly store: Store,
    readonly means: { readonly clock: Clock; readonly random: Random },
  ) {}

  async openFor({ name, migrations = [] }: Service): Promise<Sql> {
    this.#sql ??= openSql(storeTarget(this.store), this.means)
    const sql = await this.#sql
    await migrateSql(sql, name, migrations)
    return sql
  }

  async close(): Promise<void> {
    const sql = await this.#sql?.catch(() => undefined)
    await sql?.close()
  }
}
