import type { Database } from 'bun:sqlite'
import { Worker } from 'node:worker_threads'
import { commitsPerCheckpoint, logPagesMax } from './limits.ts'

/**
 * Moves what was committed from a file's log into the file, on a thread of its own: there SQLite waits for the disk twice, for 15 ms and more,
 * in which this thread would serve nobody. Where that thread cannot keep up, or ended, SQLite does it here once the log has `logPagesMax`.
 */
export class Checkpoints {
  readonly #path: string
  #thread: Worker | undefined
  #commits = 0
  #underWay: PromiseWithResolvers<void> | undefined
  #isClosed = false

  /** @param path a file, or `:memory:`, which has no log */
  constructor(database: Database, path: string) {
    this.#path = path
    database.run(`pragma wal_autocheckpoint = ${logPagesMax}`)
  }

  /** To be called after every commit. */
  committed(): void {
    this.#commits++
    if (this.#commits < commitsPerCheckpoint || this.#underWay !== undefined || this.#isClosed || this.#path === ':memory:') return
    this.#commits = 0
    this.#underWay = Promise.withResolvers()
    this.#thread ??= this.#start()
    this.#thread.postMessage(this.#path)
  }

  /** Resolves when nothing is under way any more. Who closes the database then leaves one whole file; who closes it before loses nothing. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#thread?.ref()
    await this.#underWay?.promise
    await this.#thread?.terminate()
  }

  /** Nothing waits for it: the process ends without it. */
  #start(): Worker {
    const thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url))
    thread.unref()
    const isDone = () => {
      this.#underWay?.resolve()
      this.#underWay = undefined
    }
    thread.on('message', isDone)
    // It ends by itself only where something is wrong with it, and another one would do no better: from then on SQLite does it here.
    thread.on('error', () => {
      isDone()
      this.#isClosed = true
    })
    return thread
  }
}
