import { SQL } from 'bun'
import { backoffMs, type Clock, type Random } from '../kit/index.ts'
import { Patience, Unanswered } from './answered.ts'
import {
  attemptsMax,
  postgresAnswerMs,
  postgresCloseSeconds,
  postgresConnectionsMax,
  postgresConnectSeconds,
  postgresIdleInTransactionMs,
  postgresLockMs,
  postgresSilentMs,
  postgresStatementMs,
  retryBackoff,
  statementsMax,
} from './limits.ts'
import type { Queries, Sql, SqlValue, TransactionOptions } from './sql.ts'
import { isBrokenOff, SqlError, sqlErrorOf } from './sql-error.ts'
import { StoreCalls } from './store-calls.ts'
import { checkValues } from './values.ts'

/**
 * Connects once, so that what is wrong is told at the start.
 * @throws SqlError `unavailable`
 */
export async function openPostgres(url: string, clock: Clock, random: Random, patience: Clock): Promise<Sql> {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    throw new SqlError('unavailable', 'a store is sqlite:PATH or postgres://user:password@host/database')
  const { host, pathname } = new URL(url)
  try {
    return await PostgresSql.open(poolOf(url), clock, random, patience)
  } catch (error) {
    throw new SqlError('unavailable', `${host}${pathname}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

function poolOf(url: string): SQL {
  return new SQL(url, {
    max: postgresConnectionsMax,
    connectionTimeout: postgresConnectSeconds,
    connection: {
      application_name: 'fanfare',
      lock_timeout: postgresLockMs,
      statement_timeout: postgresStatementMs,
      idle_in_transaction_session_timeout: postgresIdleInTransactionMs,
    },
  })
}

/** Rows in Postgres, over a pool of connections. What it broke off in favour of another transaction is tried again. */
class PostgresSql implements Sql {
  readonly dialect = 'postgres'
  readonly #pool: SQL
  readonly #clock: Clock
  readonly #random: Random
  readonly #calls = new StoreCalls()
  readonly #texts = new Texts()
  readonly #queries: PostgresQueries
  readonly #patience: Patience

  private constructor(pool: SQL, clock: Clock, random: Random, patience: Clock) {
    this.#pool = pool
    this.#clock = clock
    this.#random = random
    this.#patience = new Patience(patience, { answerMs: postgresAnswerMs, silentMs: postgresSilentMs })
    this.#queries = new PostgresQueries(pool, this.#texts, this.#patience)
  }

  static async open(pool: SQL, clock: Clock, random: Random, patience: Clock): Promise<PostgresSql> {
    const sql = new PostgresSql(pool, clock, random, patience)
    try {
      const [row] = await sql.all<{ server_encoding: string }>('show server_encoding')
      if (row?.server_encoding !== 'UTF8') throw new SqlError('unavailable', `its encoding must be UTF8, not ${row?.server_encoding}`)
      return sql
    } catch (error) {
      await sql.close()
      throw error
    }
  }

  all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    return this.#patiently(() => this.#queries.all<T>(text, ...values))
  }

  run(text: string, ...values: SqlValue[]): Promise<number> {
    return this.#patiently(() => this.#queries.run(text, ...values))
  }

  transaction<T>(body: (queries: Queries) => Promise<T>, { patient = false }: TransactionOptions = {}): Promise<T> {
    return this.#patiently(() => this.#transact(body, patient))
  }

  close(): Promise<void> {
    return this.#calls.close(() => this.#pool.close({ timeout: postgresCloseSeconds }))
  }

  /** Getting a connection, each statement, and the commit are waited for so long each. What was given up does not begin later. */
  async #transact<T>(body: (queries: Queries) => Promise<T>, patient: boolean): Promise<T> {
    const patience = patient ? undefined : this.#patience
    // Bun's `begin` returns a type of its own for arrays, so the result is kept here.
    const begun = Promise.withResolvers<void>()
    const done = Promise.withResolvers<T>()
    let isGivenUp = false
    const whole = this.#pool.begin(async connection => {
      if (isGivenUp) throw new SqlError('unavailable', 'it was given up before there was a connection')
      begun.resolve()
      try {
        done.resolve(await this.#calls.inTransaction(new PostgresQueries(connection, this.#texts, patience), body))
      } catch (error) {
        done.reject(error)
        throw error
      }
    })
    const over = whole.then(() => done.promise)
    over.catch(begun.reject)
    begun.promise.catch(() => undefined)
    done.promise.catch(() => undefined)
    if (patience === undefined) return await over
    try {
      await patience.answered(begun.promise)
      // A body that waits for a statement in vain is over, though its transaction is not: nobody answers that either.
      await done.promise.catch(error => (error instanceof Unanswered ? Promise.reject(error) : undefined))
      return await patience.answered(over)
    } finally {
      isGivenUp = true
    }
  }

  #patiently<T>(call: () => Promise<T>): Promise<T> {
    return this.#calls.admit(async () => {
      for (let attempt = 0; ; attempt++) {
        try {
          return await call()
        } catch (thrown) {
          const error = sqlErrorOf(thrown)
          if (!isBrokenOff(error) || attempt + 1 >= attemptsMax) throw error
        }
        const wait = backoffMs(attempt, this.#random, retryBackoff)
        await new Promise<void>(resolve => this.#clock.after(wait, resolve))
      }
    })
  }
}

/** Statements on the pool, or on the one connection of a transaction. */
class PostgresQueries implements Queries {
  readonly #connection: SQL
  readonly #texts: Texts
  readonly #patience: Patience | undefined

  constructor(connection: SQL, texts: Texts, patience: Patience | undefined) {
    this.#connection = connection
    this.#texts = texts
    this.#patience = patience
  }

  async all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    checkValues(values)
    try {
      return await this.#ask<T[]>(text, values)
    } catch (error) {
      throw sqlErrorOf(error)
    }
  }

  async run(text: string, ...values: SqlValue[]): Promise<number> {
    checkValues(values)
    try {
      const { affectedRows } = await this.#ask<unknown[] & { affectedRows: number }>(text, values)
      return affectedRows
    } catch (error) {
      throw sqlErrorOf(error)
    }
  }

  #ask<T>(text: string, values: readonly SqlValue[]): Promise<T> {
    const asked = this.#connection.unsafe<T>(this.#texts.of(text), [...values])
    return this.#patience === undefined ? asked : this.#patience.answered(asked)
  }
}

/** The tokens of a statement: strings and quoted names, which stay, and placeholders and locks, which Postgres writes differently. */
const parts = /'[^']*'|"[^"]*"|\?(\d+)|\/\*lock\*\//g

/** The texts in the words of Postgres, each translated once. */
class Texts {
  readonly #known = new Map<string, string>()

  of(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const translated = text.replaceAll(parts, (part, number?: string) => {
      if (number !== undefined) return `$${number}`
      return part === '/*lock*/' ? 'for update' : part
    })
    if (this.#known.size >= statementsMax) this.#known.clear()
    this.#known.set(text, translated)
    return translated
  }
}
