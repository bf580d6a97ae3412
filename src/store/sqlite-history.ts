import type { Database, Statement } from 'bun:sqlite'
import type { HistoryEntry, HistoryLog, StoredStream } from '../hub/index.ts'
import { Publication, type PublicationFields } from '../protocol/index.ts'
import { Checkpoints } from './checkpoints.ts'
import { openTables } from './tables.ts'

interface StreamRow {
  readonly epoch: string
  readonly offset: number
  readonly time: number
}

/**
 * Channel histories in one SQLite file. What was appended survives a killed process; a power cut may take the last transactions, never the
 * file.
 */
export class SqliteHistory implements HistoryLog {
  readonly #database: Database
  readonly #put: Statement
  readonly #trim: Statement
  readonly #touch: Statement
  readonly #checkpoints: Checkpoints

  /**
   * @param path a file, or `:memory:`
   * @param closed runs when the file is no longer used
   */
  constructor(
    path: string,
    readonly closed: () => void = () => undefined,
  ) {
    this.#database = openTables(path)
    this.#checkpoints = new Checkpoints(this.#database, path)
    this.#database.run(
      'create table if not exists stream (channel text primary key, epoch text not null, "offset" integer not null, time integer not null) without rowid',
    )
    this.#database.run(
      'create table if not exists publication (channel text, "offset" integer, body text not null, primary key (channel, "offset")) without rowid',
    )
    this.#put = this.#database.prepare('insert into publication (channel, "offset", body) values (?, ?, ?)')
    this.#trim = this.#database.prepare('delete from publication where channel = ? and "offset" <= ?')
    this.#touch = this.#database.prepare(
      'insert into stream (channel, epoch, "offset", time) values (?, ?, ?, ?) on conflict (channel) do update set epoch = excluded.epoch, "offset" = excluded."offset", time = excluded.time',
    )
  }

  load(channel: string): StoredStream | undefined {
    const stream = this.#database.query<StreamRow, [string]>('select epoch, "offset", time from stream where channel = ?').get(channel)
    if (stream === null) return undefined
    const rows = this.#database
      .query<{ body: string }, [string]>('select body from publication where channel = ? order by "offset"')
      .all(channel)
    return { ...stream, publications: rows.map(({ body }) => new Publication(JSON.parse(body) as PublicationFields)) }
  }

  append(entries: readonly HistoryEntry[]): void {
    this.#database.transaction(() => {
      const newest = new Map<string, HistoryEntry>()
      for (const entry of entries) {
        this.#put.run(entry.channel, entry.publication.offset, JSON.stringify(entry.publication.fields()))
        newest.set(entry.channel, entry)
      }
      for (const { channel, epoch, publication, keep } of newest.values()) {
        this.#touch.run(channel, epoch, publication.offset, publication.time)
        this.#trim.run(channel, publication.offset - keep)
      }
    })()
    this.#checkpoints.committed()
  }

  remove(channel: string): void {
    this.#database.run('delete from publication where channel = ?', [channel])
  }

  prune(before: number): void {
    this.#database.transaction(() => {
      this.#database.run('delete from publication where channel in (select channel from stream where time < ?)', [before])
      this.#database.run('delete from stream where time < ?', [before])
    })()
  }

  /** Writes a row that is nobody's, so that it shows whether the disk takes any. @throws where it does not */
  probe(): void {
    this.#database.run('create table if not exists probe (id integer primary key, written integer not null) without rowid')
    this.#database.run('insert into probe (id, written) values (1, 1) on conflict (id) do update set written = written + 1')
  }

  close(): void {
    void this.#checkpoints.close()
    this.#database.close()
    this.closed()
  }
}
