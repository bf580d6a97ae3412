import type { Clock, Random } from '../../../src/kit/index.ts'
import type { Queries, Sql, SqlValue } from '../../../src/store/index.ts'

/** Something that is deliberately wrong with the service, at its seams. */
export interface Breakage {
  /** Another statement in place of one of the service's. */
  rewrite(text: string): string
  /** Whether a change is told to have happened before it is durable. */
  readonly hurries: boolean
}

export interface ChatDiskOptions {
  /** The store of the machine: it outlives the processes that use it. */
  readonly rows: Sql
  /** Of the process. */
  readonly clock: Clock
  readonly random: Random
  readonly breakage: Breakage
  /** Called at every await of the service that asks the store: before and after each statement, before and after each commit. May end the machine. */
  reached(): void
  /** A share of awaits that take time, and transactions that the store has run again. */
  readonly slowShare: number
  readonly againShare: number
}

const slowMs = 6
/** How long a hurried commit is in the air. */
const hurriedMs = 8

class Died extends Error {
  override readonly name = 'Died'
}

class Again extends Error {
  override readonly name = 'Again'
}

/**
 * One process's access to the store of its machine. When the process is killed, what it waits for never comes, what it was in the middle of is
 * rolled back, and what it had not begun does not happen; what was committed stays.
 */
export class ChatDisk implements Sql {
  readonly dialect = 'sqlite'
  readonly #death = Promise.withResolvers<never>()
  #isDead = false

  constructor(readonly options: ChatDiskOptions) {
    this.#death.promise.catch(() => undefined)
  }

  kill(): void {
    this.#isDead = true
    this.#death.reject(new Died())
  }

  all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    return this.#alive(() => this.options.rows.all<T>(this.options.breakage.rewrite(text), ...values))
  }

  run(text: string, ...values: SqlValue[]): Promise<number> {
    // As a transaction, since it may have to wait for its turn longer than the process lives.
    return this.#alive(() =>
      this.options.rows.transaction(tx => this.#orDeath(this.#reach().then(() => tx.run(this.options.breakage.rewrite(text), ...values)))),
    )
  }

  transaction<T>(body: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#alive(() => (this.options.breakage.hurries ? this.#hurry(body) : this.#transact(body, () => undefined)))
  }

  async close(): Promise<void> {}

  async #transact<T>(body: (queries: Queries) => Promise<T>, done: (result: T) => void): Promise<T> {
    const { rows, random, againShare, clock, breakage } = this.options
    try {
      return await rows.transaction(async tx => {
        const result = await this.#orDeath(this.#reach().then(() => body(this.#queries(tx))))
        await this.#orDeath(this.#reach())
        if (random.next() < againShare) throw new Again()
        done(result)
        if (breakage.hurries) {
          await this.#orDeath(new Promise<void>(resolve => clock.after(hurriedMs, resolve)))
          for (let moment = 0; moment < 8; moment++) await this.#orDeath(this.#reach())
        }
        return result
      })
    } catch (error) {
      if (error instanceof Again) return this.#transact(body, done)
      throw error
    }
  }

  /** Says that it is done as soon as the body is. */
  #hurry<T>(body: (queries: Queries) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => this.#transact(body, resolve).catch(reject))
  }

  #queries(tx: Queries): Queries {
    const { breakage } = this.options
    return {
      all: <T>(text: string, ...values: SqlValue[]) => this.#step(() => tx.all<T>(breakage.rewrite(text), ...values)),
      run: (text, ...values) => this.#step(() => tx.run(breakage.rewrite(text), ...values)),
    }
  }

  async #step<T>(call: () => Promise<T>): Promise<T> {
    await this.#reach()
    const result = await call()
    await this.#reach()
    return result
  }

  /** Resolves in this life, or never. */
  #alive<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isDead) return
      this.#reach()
        .then(call)
        .then(
          async value => {
            await this.#reach()
            resolve(value)
          },
          error => {
            if (!this.#isDead) reject(error)
          },
        )
    })
  }

  /** Rejects where the process dies first, so that the store takes back what was begun. */
  #orDeath<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#death.promise])
  }

  /** An await: the process may end here. */
  async #reach(): Promise<void> {
    const { clock, random, slowShare, reached } = this.options
    if (!this.#isDead) reached()
    if (this.#isDead) return new Promise(() => undefined)
    if (slowShare > 0 && random.next() < slowShare) await new Promise<void>(resolve => clock.after(random.next() * slowMs, resolve))
  }
}
