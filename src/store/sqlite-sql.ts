import type { Database, Statement } from 'bun:sqlite'
import { Checkpoints } from './checkpoints.ts'
import { sqliteBusyMs, sqliteTurnsMax, statementsMax } from './limits.ts'
import type { Queries, Sql, SqlValue } from './sql.ts'
import { SqlError, sqlErrorOf } from './sql-error.ts'
import { StoreCalls } from './store-calls.ts'
import { openTables } from './tables.ts'
import { checkValues } from './values.ts'

/**
 * Rows in one SQLite file over one connection. A statement runs at once where it is its turn; a transaction has the connection to itself until
 * it ends. Nothing here waits for a timer.
 */
export class SqliteSql implements Sql {
  readonly dialect = 'sqlite'
  readonly #database: Database
  readonly #queries: SqliteQueries
  readonly #calls = new StoreCalls()
  readonly #queue = new TransactionQueue()
  readonly #checkpoints: Checkpoints

  /** @throws SqlError `unavailable` */
  constructor(path: string) {
    this.#database = openTables(path)
    // As in Postgres.
    this.#database.run('pragma case_sensitive_like = on')
    // Waiting blocks, so it comes last: see `#patiently`.
    this.#database.run('pragma busy_timeout = 0')
    this.#checkpoints = new Checkpoints(this.#database, path)
    this.#queries = new SqliteQueries(this.#database)
  }

  all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    return this.#alone(() => this.#patiently(() => this.#queries.all<T>(text, ...values)))
  }

  run(text: string, ...values: SqlValue[]): Promise<number> {
    return this.#alone(async () => {
      const changed = await this.#patiently(() => this.#queries.run(text, ...values))
      this.#checkpoints.committed()
      return changed
    })
  }

  transaction<T>(body: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      await this.#patiently(() => this.#queries.run('begin immediate'))
      try {
        const result = await this.#calls.inTransaction(this.#queries, body)
        await this.#queries.run('commit')
        this.#checkpoints.committed()
        return result
      } catch (error) {
        // Some failures, such as a full disk, have rolled it back already.
        if (this.#database.inTransaction) await this.#queries.run('rollback')
        throw error
      }
    })
  }

  close(): Promise<void> {
    return this.#calls.close(async () => {
      this.#queries.close()
      await this.#checkpoints.close()
      this.#database.close()
    })
  }

  #alone<T>(call: () => Promise<T>): Promise<T> {
    return this.#calls.admit(async () => {
      if (!this.#queue.take()) await this.#queue.wait()
      try {
        return await call()
      } finally {
        this.#queue.pass()
      }
    })
  }

  /**
   * Where another connection is writing to the file: if it is one of this process, it goes on while this lets others have their turn; if it is
   * of another process, this waits as SQLite does, without letting go of the thread.
   */
  async #patiently<T>(call: () => Promise<T>): Promise<T> {
    for (let turn = 0; turn < sqliteTurnsMax; turn++) {
      try {
        return await call()
      } catch (error) {
        if (!(error instanceof SqlError) || error.reason !== 'contended') throw error
      }
    }
    this.#database.run(`pragma busy_timeout = ${sqliteBusyMs}`)
    try {
      return await call()
    } finally {
      this.#database.run('pragma busy_timeout = 0')
    }
  }
}

/** The queue for the connection, first come first served. */
class TransactionQueue {
  readonly #waiting: (() => void)[] = []
  #taken = false

  /** True where it was free. */
  take(): boolean {
    const free = !this.#taken
    this.#taken = true
    return free
  }

  wait(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  pass(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken = false
    else next()
  }
}

/** Statements on the connection, prepared once. */
class SqliteQueries implements Queries {
  readonly #database: Database
  readonly #prepared = new Map<string, Statement<unknown, SqlValue[]>>()

  constructor(database: Database) {
    this.#database = database
  }

  async all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    checkValues(values)
    try {
      // The text says what its rows are: here its caller is taken at its word.
      return this.#statement(text).all(...values) as T[]
    } catch (error) {
      throw sqlErrorOf(error)
    }
  }

  async run(text: string, ...values: SqlValue[]): Promise<number> {
    checkValues(values)
    try {
      return this.#statement(text).run(...values).changes
    } catch (error) {
      throw sqlErrorOf(error)
    }
  }

  /** They are prepared again where they are asked for again. */
  close(): void {
    for (const statement of this.#prepared.values()) statement.finalize()
    this.#prepared.clear()
  }

  #statement(text: string): Statement<unknown, SqlValue[]> {
    const known = this.#prepared.get(text)
    if (known !== undefined) return known
    if (this.#prepared.size >= statementsMax) this.close()
    const statement = this.#database.prepare<unknown, SqlValue[]>(text)
    this.#prepared.set(text, statement)
    return statement
  }
}
