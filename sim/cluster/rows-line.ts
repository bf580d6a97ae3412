import type { Random } from '../../src/kit/index.ts'
import type { Queries, Sql, SqlValue } from '../../src/store/index.ts'
import { SqlError } from '../../src/store/index.ts'
import type { MachineClock, SimClock } from '../core/clock.ts'

/** Something that is deliberately wrong with what is asked of rows. */
export type RewriteSql = (text: string) => string

export interface RowsLineOptions {
  /** The rows: they outlive the processes that use them. */
  readonly rows: Sql
  readonly time: SimClock
  /** Of the process. */
  readonly clock: MachineClock
  readonly random: Random
  readonly rewrite: RewriteSql
  /** How long something is on its way; undefined where it does not arrive. */
  wayMs(): number | undefined
  /** A share of transactions that are long on their way. */
  readonly lateShare: number
}

const lateMs = { from: 500, to: 2500 } as const
/** How long a process waits for an answer. */
const answerMs = 8000
/** How long a transaction may say nothing: its rows must not be held for ever. */
const idleMs = 1000

class BrokenOff extends Error {
  override readonly name = 'BrokenOff'
}

/**
 * One process's way to rows that several share. What is asked may be lost, or its answer: then the process does not know what became of it.
 * A transaction of a process that is gone, or stands still, is rolled back.
 */
export class RowsLine implements Sql {
  readonly dialect = 'sqlite'
  readonly #death = Promise.withResolvers<never>()

  constructor(readonly options: RowsLineOptions) {
    this.#death.promise.catch(() => undefined)
  }

  /** The process is gone. */
  kill(): void {
    this.#death.reject(new BrokenOff())
  }

  all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    return this.#ask(() => this.options.rows.all<T>(this.options.rewrite(text), ...values))
  }

  run(text: string, ...values: SqlValue[]): Promise<number> {
    return this.#ask(() => this.options.rows.run(this.options.rewrite(text), ...values))
  }

  transaction<T>(body: (queries: Queries) => Promise<T>): Promise<T> {
    const { random, lateShare, rows } = this.options
    return this.#ask(async () => {
      if (random.next() < lateShare) await this.#pause(lateMs.from + random.next() * (lateMs.to - lateMs.from))
      return await rows.transaction(async tx => {
        const result = await this.#orBrokenOff(body(this.#queries(tx)))
        await this.#orBrokenOff(this.#way())
        return result
      })
    })
  }

  async close(): Promise<void> {}

  #queries(tx: Queries): Queries {
    const { rewrite } = this.options
    return {
      all: <T>(text: string, ...values: SqlValue[]) => this.#there(() => tx.all<T>(rewrite(text), ...values)),
      run: (text, ...values) => this.#there(() => tx.run(rewrite(text), ...values)),
    }
  }

  /** What it comes to, in this life; @throws SqlError where no answer comes */
  #ask<T>(question: () => Promise<T>): Promise<T> {
    const { clock } = this.options
    return new Promise((resolve, reject) => {
      clock.after(answerMs, () => reject(new SqlError('unavailable', 'no answer')))
      this.#there(question).then(
        value => clock.enter(() => resolve(value)),
        (error: unknown) => clock.enter(() => reject(error instanceof BrokenOff ? new SqlError('unavailable', 'broken off') : error)),
      )
    })
  }

  async #there<T>(question: () => Promise<T>): Promise<T> {
    await this.#way()
    const outcome = await question().then(
      value => ({ value }),
      (error: unknown) => ({ error }),
    )
    await this.#way()
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  /** What does not arrive does so never. */
  #way(): Promise<void> {
    const ms = this.options.wayMs()
    if (ms === undefined) return new Promise(() => undefined)
    return ms === 0 ? Promise.resolve() : this.#pause(ms)
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => this.options.clock.after(ms, resolve))
  }

  #orBrokenOff<T>(work: Promise<T>): Promise<T> {
    const { time } = this.options
    return new Promise((resolve, reject) => {
      const timer = time.after(idleMs, () => reject(new BrokenOff()))
      Promise.race([work, this.#death.promise]).then(
        value => {
          timer.cancel()
          resolve(value)
        },
        (error: unknown) => {
          timer.cancel()
          reject(error)
        },
      )
    })
  }
}
