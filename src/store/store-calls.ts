import { AsyncLocalStorage } from 'node:async_hooks'
import { assert } from '../kit/index.ts'
import { callsMax } from './limits.ts'
import type { Queries, SqlValue } from './sql.ts'
import { SqlError } from './sql-error.ts'

/**
 * The calls on their way to a store. No call begins once the store is closed, or inside one of its transactions, where it would wait for
 * what waits for it; closing waits until the last one is over.
 */
export class StoreCalls {
  readonly #transactions = new AsyncLocalStorage<TransactionQueries>()
  readonly #lastIsOver = Promise.withResolvers<void>()
  #onTheirWay = 0
  #closed: Promise<void> | undefined

  async admit<T>(call: () => Promise<T>): Promise<T> {
    assert(this.#transactions.getStore()?.isOpen !== true, 'inside of a transaction, its own queries are asked')
    if (this.#closed !== undefined) throw new SqlError('closed', 'the store is closed')
    if (this.#onTheirWay >= callsMax) throw new SqlError('overloaded', `${callsMax} calls wait for the store already`)
    this.#onTheirWay++
    try {
      return await call()
    } finally {
      this.#onTheirWay--
      if (this.#closed !== undefined && this.#onTheirWay === 0) this.#lastIsOver.resolve()
    }
  }

  /** Runs the body of a transaction on what a dialect asks with; the dialect commits where this returns and rolls back where it throws. */
  async inTransaction<T>(queries: Queries, body: (queries: Queries) => Promise<T>): Promise<T> {
    const transaction = new TransactionQueries(queries)
    try {
      const result = await this.#transactions.run(transaction, () => body(transaction))
      transaction.check()
      return result
    } finally {
      transaction.end()
    }
  }

  /** Runs `end` when the last call is over; again and again it is the same end. */
  close(end: () => Promise<void>): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    if (this.#onTheirWay === 0) this.#lastIsOver.resolve()
    this.#closed = this.#lastIsOver.promise.then(end)
    return this.#closed
  }
}

/**
 * What a transaction asks with. After a statement that failed, the rest fails too and nothing is committed, even where the body went on:
 * so it is on Postgres, and so it is on SQLite.
 */
class TransactionQueries implements Queries {
  readonly #queries: Queries
  #state: { readonly kind: 'open' } | { readonly kind: 'failed'; readonly error: unknown } | { readonly kind: 'over' } = { kind: 'open' }

  constructor(queries: Queries) {
    this.#queries = queries
  }

  get isOpen(): boolean {
    return this.#state.kind !== 'over'
  }

  all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    return this.#ask(() => this.#queries.all<T>(text, ...values))
  }

  run(text: string, ...values: SqlValue[]): Promise<number> {
    return this.#ask(() => this.#queries.run(text, ...values))
  }

  check(): void {
    if (this.#state.kind === 'failed') throw this.#state.error
  }

  end(): void {
    this.#state = { kind: 'over' }
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    assert(this.isOpen, 'a transaction is asked before it ends')
    this.check()
    try {
      return await call()
    } catch (error) {
      if (this.#state.kind === 'open') this.#state = { kind: 'failed', error }
      throw error
    }
  }
}
