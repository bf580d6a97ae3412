import { SQL } from 'bun'
import { type Clock, within } from '../kit/index.ts'
import { Unanswered } from './answered.ts'
import type { SqlValue } from './sql.ts'
import { SqlError, sqlErrorOf } from './sql-error.ts'
import { checkValues } from './values.ts'

export interface PostgresSessionOptions {
  readonly url: string
  /** By what answers are waited for: the system's clock, as they come in real time. */
  readonly clock: Clock
  /** How long an answer is waited for, a connection included. */
  readonly answerMs: number
  /** The name of the connection, for whoever lists them. */
  readonly name: string
}

/** The share of the time for an answer after which Postgres breaks a statement off by itself. */
const statementShare = 0.8

interface Listener {
  readonly channel: string
  readonly told: (payload: string) => void
  /** What was told while nobody listened is lost. */
  readonly again: () => void
}

/**
 * A connection to Postgres of its own, for what must be known soon or not at all, however busy or stuck other connections are. A statement
 * that is not answered in time costs the connection: behind it nothing would be answered either, and the next one opens another.
 */
export class PostgresSession {
  readonly #options: PostgresSessionOptions
  #sql: SQL | undefined
  readonly #listeners = new Set<Listener>()
  /** The listeners that are heard, or about to be, over a connection. */
  readonly #heard = new WeakMap<SQL, Set<Listener>>()
  #isClosed = false

  constructor(options: PostgresSessionOptions) {
    this.#options = options
  }

  /**
   * Values stand for `$1`, `$2`.
   * @throws SqlError `unavailable` where no answer comes in time: what was asked may be done all the same, later
   */
  async ask<T>(text: string, ...values: readonly SqlValue[]): Promise<T[]> {
    checkValues(values)
    const { clock, answerMs } = this.#options
    if (this.#isClosed) throw new SqlError('closed', 'the connection is closed')
    const sql = this.#open()
    try {
      return await within(clock, answerMs, Promise.resolve(sql.unsafe<T[]>(text, [...values])), () => new Unanswered(answerMs))
    } catch (error) {
      if (error instanceof Unanswered) this.#give(sql)
      throw sqlErrorOf(error)
    }
  }

  /** Hears what is notified in a channel, from now on and as long as there is a connection; `again` whenever something may have been missed. */
  listen(channel: string, told: (payload: string) => void, again: () => void): { close(): void } {
    const listener = { channel, told, again }
    this.#listeners.add(listener)
    this.#open()
    return { close: () => void this.#listeners.delete(listener) }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#listeners.clear()
    await this.#sql?.close({ timeout: 0 }).catch(() => undefined)
  }

  #open(): SQL {
    const { url, name, answerMs } = this.#options
    const statementMs = Math.ceil(answerMs * statementShare)
    this.#sql ??= new SQL(url, {
      max: 1,
      connectionTimeout: Math.max(1, Math.ceil(answerMs / 1000)),
      connection: {
        application_name: name,
        lock_timeout: statementMs,
        statement_timeout: statementMs,
        idle_in_transaction_session_timeout: statementMs,
      },
    })
    for (const listener of this.#listeners) this.#hear(this.#sql, listener)
    return this.#sql
  }

  /** Nothing is waited for on this connection any more. */
  #give(sql: SQL): void {
    if (this.#sql === sql) this.#sql = undefined
    sql.close({ timeout: 0 }).catch(() => undefined)
  }

  /** What fails is tried again with the next statement. */
  #hear(sql: SQL, listener: Listener): void {
    const heard = this.#heard.get(sql) ?? new Set()
    this.#heard.set(sql, heard)
    if (heard.has(listener)) return
    heard.add(listener)
    const { channel, told, again } = listener
    const isHeard = () => this.#sql === sql && this.#listeners.has(listener)
    sql
      .listen(
        channel,
        payload => {
          if (isHeard()) told(payload)
        },
        () => {
          if (isHeard()) again()
        },
      )
      .catch(() => heard.delete(listener))
  }
}
