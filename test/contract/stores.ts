import { afterAll, beforeAll, describe } from 'bun:test'
import { join } from 'node:path'
import { openSql, type Sql } from '../../src/store/index.ts'
import { Folder, lacks, Postgres } from '../kit/index.ts'

/** One kind of store, of which a test gets as many as it asks for, each empty. */
export interface StoreKind {
  readonly dialect: Sql['dialect']
  /** What `openSql` takes; two that open the same one share its rows. */
  target(): Promise<string>
}

/** Runs the same tests over both kinds. */
export function overBoth(suite: (kind: StoreKind) => void): void {
  overSqlite(suite)
  overPostgres(suite)
}

export function overSqlite(suite: (kind: StoreKind) => void): void {
  describe('SQLite', () => {
    const folder = new Folder()
    let files = 0
    afterAll(() => folder[Symbol.dispose]())
    suite({ dialect: 'sqlite', target: async () => `sqlite:${join(folder.path, `${++files}.sqlite`)}` })
  })
}

export function overPostgres(suite: (kind: StoreKind, server: () => Postgres) => void): void {
  describe.skipIf(lacks('postgres', 'rows in Postgres'))('Postgres', () => {
    let started: Postgres | undefined
    const server = () => {
      if (started === undefined) throw new Error('Postgres was not started')
      return started
    }
    beforeAll(async () => {
      started = await Postgres.start()
    })
    afterAll(async () => started?.[Symbol.asyncDispose]())
    suite({ dialect: 'postgres', target: () => server().database() }, server)
  })
}

/** An open store that a test leaves closed, with the tables of these statements. */
export async function opened(kind: StoreKind, ...tables: readonly string[]): Promise<Sql & AsyncDisposable> {
  return await openedAt(await kind.target(), ...tables)
}

export async function openedAt(target: string, ...tables: readonly string[]): Promise<Sql & AsyncDisposable> {
  const sql = await openSql(target)
  for (const table of tables) await sql.run(table)
  return Object.assign(sql, { [Symbol.asyncDispose]: () => sql.close() })
}
