import { type Signal, signal } from '@preact/signals'
import type { Timer } from '../../../kit/index.ts'
import { ChatError } from '../client/index.ts'
import { findWords, foldText, wordsOf } from '../model/fold.ts'
import type { SearchHit } from '../model/search.ts'
import { type ChatStore, reasonText } from './chat-store.ts'

/** Long enough that not every letter asks the server. */
const pauseMs = 200
/** After a failure that passes, unless the server says when. */
const retryMs = 2_000
const pageHits = 30

/** What a search has come to. While it goes on, what the one before found stays. */
export type Finding =
  | { readonly kind: 'nothing-asked' }
  | { readonly kind: 'searching'; readonly hits: readonly SearchHit[] }
  | {
      readonly kind: 'found'
      readonly hits: readonly SearchHit[]
      /** Where more is asked for. */
      readonly next: string | undefined
      readonly isIncomplete: boolean
    }
  | { readonly kind: 'failed'; readonly text: string }

/** A search as one types it: of messages of one conversation, or of all. */
export class Finder {
  readonly text: Signal<string> = signal('')
  readonly finding: Signal<Finding> = signal({ kind: 'nothing-asked' })
  #timer: Timer | undefined
  /** Counts what was asked for: answers to what is not wanted any longer are not taken. */
  #asked = 0
  #isPaging = false

  constructor(
    readonly store: ChatStore,
    readonly conversation?: string,
  ) {}

  get hits(): readonly SearchHit[] {
    const { value } = this.finding
    return 'hits' in value ? value.hits : []
  }

  ask(text: string): void {
    const before = this.text.peek().trim()
    this.text.value = text
    if (text.trim() === before) return
    this.#asked++
    this.#timer?.cancel()
    if (wordsOf(text).length === 0) this.finding.value = { kind: 'nothing-asked' }
    else {
      const known = this.finding.peek()
      this.finding.value = { kind: 'searching', hits: 'hits' in known ? known.hits : [] }
      this.#timer = this.store.clock.after(pauseMs, () => void this.#search(this.#asked))
    }
  }

  /** The next page, where there is one. */
  async more(): Promise<void> {
    const known = this.finding.peek()
    if (known.kind !== 'found' || known.next === undefined || this.#isPaging) return
    this.#isPaging = true
    const asked = this.#asked
    try {
      const { hits, next, incomplete = false } = await this.#page(known.next)
      if (asked === this.#asked) this.finding.value = { kind: 'found', hits: [...known.hits, ...hits], next, isIncomplete: incomplete }
    } catch (error) {
      if (asked === this.#asked && !this.#later(error, () => void this.more())) this.store.notifyRefused(error)
    } finally {
      this.#isPaging = false
    }
  }

  close(): void {
    this.#asked++
    this.#timer?.cancel()
  }

  async #search(asked: number): Promise<void> {
    try {
      const { hits, next, incomplete = false } = await this.#page(undefined)
      if (asked === this.#asked) this.finding.value = { kind: 'found', hits, next, isIncomplete: incomplete }
    } catch (error) {
      if (asked === this.#asked && !this.#later(error, () => void this.#search(asked)))
        this.finding.value = { kind: 'failed', text: error instanceof ChatError ? reasonText(error) : 'Something went wrong. Try again.' }
    }
  }

  #page(before: string | undefined) {
    const { store, conversation } = this
    return store.chat.search(this.text.peek().trim(), { conversation, limit: pageHits, before })
  }

  /** Tries again when the server said to. @returns whether it may help */
  #later(error: unknown, act: () => void): boolean {
    if (!(error instanceof ChatError) || !error.temporary || error.reason === 'offline') return false
    this.#timer?.cancel()
    this.#timer = this.store.clock.after(error.retryAfterMs ?? retryMs, act)
    return true
  }
}

/** Whether somebody or something is called as one searches. */
export function isNamedLike(name: string, words: readonly string[]): boolean {
  return findWords(foldText(name), words) !== undefined
}
