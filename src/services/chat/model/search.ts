import type { MessageEntry } from './entries.ts'

/** A piece of what stands around what was searched for. */
export interface SnippetPart {
  readonly text: string
  readonly hit?: true
}

/** A message that a search found. */
export interface SearchHit {
  readonly conversation: string
  readonly seq: number
  readonly mid: string
  readonly author: string
  readonly ts: number
  readonly snippet: readonly SnippetPart[]
}

/**
 * Messages in which a word begins with each of the words of `query`, the newest first; of all one's conversations, unless one is named. `before` is the
 * `next` of the page before. `text` is the older name of `query`: it is answered with `entries` as well, the messages as history has them.
 */
export interface SearchCommand {
  in: {
    query?: string | undefined
    text?: string | undefined
    conversation?: string | undefined
    limit?: number | undefined
    before?: string | undefined
  }
  out: {
    hits: readonly SearchHit[]
    next?: string
    /** There is more that was not looked through: the index is still being made. */
    incomplete?: true
    entries?: readonly MessageEntry[]
  }
}
