/** The record of migrations, the same for synchronous and asynchronous tables. */
export const migrationTable = 'create table if not exists migration (owner text primary key, steps integer not null)'
export const stepsDone = 'select steps from migration where owner = ?1'
export const noteSteps = 'insert into migration (owner, steps) values (?1, ?2) on conflict (owner) do update set steps = excluded.steps'

/** A statement of a migration; or one for each dialect, where they have no words in common. */
export type MigrationStep = string | { readonly sqlite: string; readonly postgres: string }

/** A later version has made or changed the tables: this one does not know what is in them. */
export class LaterTablesError extends Error {
  constructor(owner: string) {
    super(`the tables of ${owner} are from a later version`)
  }
}

/**
 * The steps that have not run yet. Steps are only ever added.
 * @throws LaterTablesError where the tables are from a later version, which knows more steps
 */
export function stepsLeft<T extends MigrationStep>(owner: string, steps: readonly T[], done: number): readonly T[] {
  if (done > steps.length) throw new LaterTablesError(owner)
  return steps.slice(done)
}
