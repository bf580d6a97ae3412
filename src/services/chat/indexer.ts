import type { Clock, Timer } from '../../kit/index.ts'
import type { Sql } from '../../service.ts'
import { limits } from './limits.ts'
import { indexSome } from './store/index.ts'

export interface IndexerParts {
  readonly sql: Sql
  readonly clock: Clock
  readonly failed: (error: unknown) => void
}

/**
 * Keeps the search index close behind the logs, one step at a time with a pause after each. Searches look through what it has not come to yet, as far as
 * that is little. A database from before the index is brought into it in the same way, while everything else goes on.
 */
export class Indexer {
  /** Conversations whose turn it is. */
  readonly #due = new Set<string>()
  /** Those of which a few entries are not indexed, the first one first: together they cost less than each by itself. */
  readonly #waiting = new Map<string, { readonly since: number; entries: number }>()
  /** After which conversation to look for what an earlier run left; undefined when all were looked at. */
  #looked: string | undefined = ''
  /** When to go on after a failure. */
  #notBefore = 0
  #timer: Timer | undefined
  #step: Promise<void> | undefined
  #isClosed = false

  constructor(readonly parts: IndexerParts) {}

  start(): void {
    this.#plan()
  }

  /** An entry came into a conversation's log. */
  note(conversation: string): void {
    if (this.#due.has(conversation)) return
    const known = this.#waiting.get(conversation)
    if (known === undefined) {
      this.#waiting.set(conversation, { since: this.parts.clock.now(), entries: 1 })
      if (this.#timer === undefined) this.#plan()
      return
    }
    if (++known.entries < limits.indexEntries) return
    this.#waiting.delete(conversation)
    this.#due.add(conversation)
    if (this.#due.size === 1) this.#plan()
  }

  /** Resolves when the step that is under way is over. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#step
  }

  #plan(): void {
    if (this.#isClosed || this.#step !== undefined) return
    const wait = this.#waitMs()
    if (wait === undefined) return
    this.#timer?.cancel()
    this.#timer = this.parts.clock.after(wait, () => {
      this.#timer = undefined
      this.#step = this.#work().then(() => {
        this.#step = undefined
        this.#plan()
      })
    })
  }

  #waitMs(): number | undefined {
    const now = this.parts.clock.now()
    const soonest = Math.max(limits.indexPauseMs, this.#notBefore - now)
    if (this.#looked !== undefined || this.#due.size > 0) return soonest
    const [first] = this.#waiting.values()
    return first === undefined ? undefined : Math.max(soonest, first.since + limits.indexMs - now)
  }

  /** One step. What fails is tried again after a while. */
  async #work(): Promise<void> {
    const now = this.parts.clock.now()
    for (const [conversation, { since }] of this.#waiting) {
      if (since + limits.indexMs > now) break
      this.#waiting.delete(conversation)
      this.#due.add(conversation)
    }
    const [next] = this.#due
    try {
      if (this.#looked !== undefined && this.#due.size === 0) await this.#look(this.#looked)
      else if (next !== undefined) {
        this.#due.delete(next)
        // At the end, so that others have their turn.
        if (await indexSome(this.parts.sql, next)) this.#due.add(next)
      }
    } catch (error) {
      this.parts.failed(error)
      if (next !== undefined) this.#due.add(next)
      this.#notBefore = now + limits.indexMs
    }
  }

  /** Some conversations, from one on. */
  async #look(after: string): Promise<void> {
    const rows = await this.parts.sql.all<{ id: string; seq: number; indexed: number }>(
      'select id, seq, indexed from chat_conversation where id > ?1 order by id limit ?2',
      after,
      limits.indexLook,
    )
    for (const { id, seq, indexed } of rows) if (indexed < seq) this.#due.add(id)
    this.#looked = rows.length < limits.indexLook ? undefined : rows.at(-1)?.id
  }
}
