import { type MigrationStep, migrationTable, noteSteps, stepsDone, stepsLeft } from './migration.ts'
import type { Queries, Sql } from './sql.ts'

/** The lock that migrations take on Postgres, where two servers may start at the same time. Any number that nobody else uses. */
const lock = 740_040

/**
 * Brings the tables of one owner up to date: runs the steps that have not run yet, each once and whole. Steps are only ever added. One step
 * is one statement.
 * @throws Error where the tables are from a later version, which knows more steps
 */
export async function migrateSql(sql: Sql, owner: string, steps: readonly MigrationStep[]): Promise<void> {
  const migrate = async (queries: Queries) => {
    if (sql.dialect === 'postgres') await waitForOthers(queries)
    await queries.run(migrationTable)
    const [row] = await queries.all<{ steps: number }>(stepsDone, owner)
    for (const step of stepsLeft(owner, steps, row?.steps ?? 0)) await queries.run(typeof step === 'string' ? step : step[sql.dialect])
    await queries.run(noteSteps, owner, steps.length)
  }
  await sql.transaction(migrate, { patient: true })
}

/** However long the other one takes: a migration of many rows is slower than any lock otherwise. */
async function waitForOthers(queries: Queries): Promise<void> {
  await queries.run('set local lock_timeout = 0')
  await queries.run('set local statement_timeout = 0')
  await queries.all('select pg_advisory_xact_lock(?1)', lock)
}
