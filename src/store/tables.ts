import { Database } from 'bun:sqlite'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Opens the file that rows are kept in, and makes it if it is not there. Several connections may share it. What was committed survives a
 * killed process; a power cut may take the last transactions, never the file.
 * @param path a file, or `:memory:`
 */
export function openTables(path: string): Database {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  const database = new Database(path, { create: true, strict: true })
  database.run('pragma journal_mode = wal')
  database.run('pragma synchronous = normal')
  database.run('pragma busy_timeout = 5000')
  return database
}

/**
 * Brings the tables of one owner up to date: runs the steps that have not run yet, each once and whole. Steps are only ever added.
 * @throws where the file is from a later version, which knows more steps
 */
export function migrate(database: Database, owner: string, steps: readonly string[]): void {
  database.run('create table if not exists migration (owner text primary key, steps integer not null) without rowid')
  const upgrade = database.transaction(() => {
    const done = database.query<{ steps: number }, [string]>('select steps from migration where owner = ?').get(owner)?.steps ?? 0
    if (done > steps.length) throw new Error(`the tables of ${owner} are from a later version`)
    for (const step of steps.slice(done)) database.run(step)
    database.run('insert into migration (owner, steps) values (?, ?) on conflict (owner) do update set steps = excluded.steps', [
      owner,
      steps.length,
    ])
  })
  upgrade.immediate()
}
