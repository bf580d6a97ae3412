import { type Clock, type Random, systemClock, systemRandom } from '../kit/index.ts'
import { openPostgres } from './postgres-sql.ts'
import type { Sql } from './sql.ts'
import { SqliteSql } from './sqlite-sql.ts'

export interface SqlOptions {
  /** By what an answer of Postgres is waited for, which comes in real time: the system's clock unless said otherwise. */
  readonly patience?: Clock
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * @param target `sqlite:PATH`, `sqlite::memory:` or `postgres://user:password@host/database`
 * @throws SqlError `unavailable` where it cannot be opened
 */
export async function openSql(
  target: string,
  { clock = systemClock, random = systemRandom, patience = systemClock }: SqlOptions = {},
): Promise<Sql> {
  const path = /^sqlite:(.+)$/s.exec(target)?.[1]
  return path === undefined ? await openPostgres(target, clock, random, patience) : new SqliteSql(path)
}
