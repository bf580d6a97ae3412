import { PostgresLeaseStore, placementMigrations } from '../../src/cluster/placement/index.ts'
import { systemClock } from '../../src/kit/index.ts'
import { migrateSql, openSql } from '../../src/store/index.ts'
import type { Postgres } from '../kit/index.ts'

/** The URL of a database with the tables of members and leases. */
export async function placementDatabase(postgres: Postgres): Promise<string> {
  const url = await postgres.database()
  const sql = await openSql(url)
  await migrateSql(sql, 'placement', placementMigrations)
  await sql.close()
  return url
}

/** How long a node that is not heard of counts as alive, in tests in which nobody is to die by himself on a busy machine. */
export const patientTtlMs = 300_000

export function storeAt(url: string, ttlMs = patientTtlMs): PostgresLeaseStore {
  return new PostgresLeaseStore({ url, clock: systemClock, ttlMs })
}
