import type { SimClock } from '../../sim/core/clock.ts'
import type { MigrationStep, ServiceHost } from '../../src/service.ts'
import { defineService } from '../../src/service.ts'
import { migrateSql, openSql, type Sql } from '../../src/store/index.ts'
import { Applications } from './applications.ts'

export interface StandaloneHost {
  readonly host: ServiceHost
  close(): Promise<void>
}

/** The host of a service on a node alone, whose time is a simulated clock. @param target its rows, which another host may open later @param reached how the service reaches them */
export async function serviceHost(
  clock: SimClock,
  migrations: readonly MigrationStep[],
  target = 'sqlite::memory:',
  reached: (sql: Sql) => Sql = sql => sql,
): Promise<StandaloneHost> {
  const opened = await openSql(target)
  await migrateSql(opened, 'test', migrations)
  const sql = reached(opened)
  const application = new Applications(clock).create('alone', {}, undefined, {
    rows: { openFor: async () => sql, close: () => sql.close() },
  })
  await application.start()
  const { promise, resolve } = Promise.withResolvers<ServiceHost>()
  await application.mount(defineService({ name: 'test', migrations, start: resolve }))
  return { host: await promise, close: () => application.close() }
}
