import { Database } from 'bun:sqlite'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { sqliteBusyMs } from './limits.ts'
import { migrationTable, noteSteps, stepsDone, stepsLeft } from './migration.ts'
import { SqlError } from './sql-error.ts'

/**
 * Opens the file that rows are kept in, and makes it if it is not there. Several connections may share it. What was committed survives a
 * killed process; a power cut may take the last transactions, never the file.
 * @param path a file, or `:memory:`
 * @throws SqlError `unavailable`
 */
export function openTables(path: string): Database {
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    const database = new Database(path, { create: true, strict: true })
    database.run(`pragma busy_timeout = ${sqliteBusyMs}`)
    database.run('pragma journal_mode = wal')
    database.run('pragma synchronous = normal')
    return database
  } catch (error) {
    throw new SqlError('unavailable', `${path} cannot be opened: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

/**
 * Brings the tables of one owner up to date: runs the steps that have not run yet, each once and whole. Steps are only ever added.
 * @throws where the file is from a later version, which knows more steps
 */
export function migrate(database: Database, owner: string, steps: readonly string[]): void {
  const upgrade = database.transaction(() => {
    database.run(migrationTable)
    const done = database.query<{ steps: number }, [string]>(stepsDone).get(owner)?.steps ?? 0
    for (const step of stepsLeft(owner, steps, done)) database.run(step)
    database.run(noteSteps, [owner, steps.length])
  })
  upgrade.immediate()
}
