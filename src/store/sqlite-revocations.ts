import type { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { migrate, openTables } from './tables.ts'

const steps = ['create table revocations (key text primary key, body text not null) without rowid']

/** Revocations of tokens in a file of their own, which is made with the first of them. What was put survives a power cut. */
export class SqliteRevocations {
  #database: Database | undefined

  /** @param path a file, or `:memory:` */
  constructor(readonly path: string) {}

  /** The revocations, each as the text that was stored. */
  load(): readonly string[] {
    if (this.path !== ':memory:' && !existsSync(this.path)) return []
    return this.#open()
      .query<{ body: string }, []>('select body from revocations')
      .all()
      .map(({ body }) => body)
  }

  put(key: string, body: string): void {
    this.#open().run('insert into revocations values (?, ?) on conflict (key) do update set body = excluded.body', [key, body])
  }

  remove(key: string): void {
    this.#open().run('delete from revocations where key = ?', [key])
  }

  close(): void {
    this.#database?.close()
    this.#database = undefined
  }

  #open(): Database {
    if (this.#database !== undefined) return this.#database
    const database = openTables(this.path)
    // A revocation that a power cut takes back would let in whoever was to be kept out.
    database.run('pragma synchronous = full')
    migrate(database, 'revocations', steps)
    this.#database = database
    return database
  }
}
