import type { Log } from '../../hub/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import { type MigrationStep, type Sql, SqlError } from '../../store/index.ts'
import type { RevocationRows } from '../application/kept-revocations.ts'

/** The owner of the tables, and the statements that make them. */
export const revocationTables: { readonly name: string; readonly migrations: readonly MigrationStep[] } = {
  name: 'revocations',
  migrations: ['create table revocation (key text not null, body text not null, primary key (key, body))'],
}

/**
 * Revocations in the rows that the nodes of a fleet share. Those of other nodes that come later are told by messages to all. Each has a row of
 * its own, as two nodes may revoke the same at once: who reads them joins them.
 */
export class SharedRevocations implements RevocationRows {
  private constructor(
    readonly sql: Sql,
    readonly log: Log,
    readonly bodies: readonly string[],
  ) {}

  /** @param sql with the tables of revocations in it @throws SqlError */
  static async open(sql: Sql, log: Log): Promise<SharedRevocations> {
    const rows = await sql.all<{ body: string }>('select body from revocation')
    return new SharedRevocations(
      sql,
      log,
      rows.map(({ body }) => body),
    )
  }

  /** As they were when this node started. */
  load(): readonly string[] {
    return this.bodies
  }

  /** @throws CommandError 100, temporary, where it cannot be kept */
  async put(key: string, body: string): Promise<void> {
    try {
      await this.sql.run('insert into revocation (key, body) values (?1, ?2) on conflict (key, body) do nothing', key, body)
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      this.log.error({ err: error }, 'a revocation could not be kept')
      throw new CommandError(errors.internal, 'the store cannot be written')
    }
  }

  remove(key: string, body: string): void {
    this.sql
      .run('delete from revocation where key = ?1 and body = ?2', key, body)
      .catch((error: unknown) => this.log.warn({ err: error }, 'an old revocation stays'))
  }
}
