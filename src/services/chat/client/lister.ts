import { backoffMs, type Clock, type Random, type Timer } from '../../../kit/index.ts'
import type { ChatCommands, ListPlace } from '../model/wire.ts'
import { readError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import type { Conversation } from './conversation.ts'
import { limits } from './limits.ts'
import { type Patch, patchOfConversation } from './patch.ts'

export interface ListerHost {
  find(conversation: string): Conversation | undefined
  absorb(conversation: string, patch: Patch): void
  /** The server says of some that they are not the user's. */
  missing(): void
  /** Messages unread in the conversations that are known, without the muted and archived ones. */
  unread(): number
}

type Page = ChatCommands['chat.conversations']['out']
type Asked = ChatCommands['chat.conversations']['in']

/**
 * Asks for the list, page by page, and for single conversations of which the inbox told without saying what they are. A list goes on where the
 * last link broke off: what has moved since comes by the inbox.
 */
export class Lister {
  #place: ListPlace | undefined
  #isListing = false
  /** Unread messages in what is still to come of the list. */
  #unreadToCome = 0
  readonly #asked = new Set<string>()
  readonly #missing = new Set<string>()
  #isAsking = false
  readonly #waits = new Set<Timer>()
  #isClosed = false

  constructor(
    readonly caller: Caller,
    readonly clock: Clock,
    readonly random: Random,
    readonly host: ListerHost,
  ) {}

  get unreadToCome(): number {
    return this.#unreadToCome
  }

  isMissing(id: string): boolean {
    return this.#missing.has(id) && !this.#isKnown(id)
  }

  /** From the beginning again: what was listed cannot be relied on. */
  restart(): void {
    this.#place = undefined
    this.#unreadToCome = 0
  }

  /** All of it, as long as the link lives; a new link goes on. */
  list(done: () => void): void {
    if (this.#isListing) return
    this.#isListing = true
    this.#list()
      .then(isDone => {
        this.#isListing = false
        if (isDone) done()
      })
      .catch((error: unknown) => {
        this.#isListing = false
        reportError(error)
      })
  }

  /** Soon, and together with others: what one conversation is. */
  ask(...ids: readonly string[]): void {
    for (const id of ids) this.#asked.add(id)
    if (this.#asked.size === 0 || this.#isAsking) return
    this.#isAsking = true
    this.#after(0, () => void this.#askAll().catch(reportError))
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#waits) timer.cancel()
  }

  async #list(): Promise<boolean> {
    for (;;) {
      const place = this.#place
      const page = await this.#patiently({ limit: limits.conversationsPage, ...place })
      if (page === undefined) return false
      // Began anew meanwhile: this page is of the old list.
      if (place !== this.#place) continue
      this.#take(page)
      this.#place = page.next
      if (page.next === undefined) return true
    }
  }

  #take(page: Page): void {
    const fresh = page.conversations.filter(
      ({ id, muted, archived, held }) => !muted && archived !== true && held !== true && !this.#isKnown(id),
    )
    for (const conversation of page.conversations) this.host.absorb(conversation.id, patchOfConversation(conversation, page.top))
    if (page.unread !== undefined) this.#unreadToCome = Math.max(0, page.unread - this.host.unread())
    else this.#unreadToCome = Math.max(0, this.#unreadToCome - fresh.reduce((sum, { unread }) => sum + unread, 0))
    if (page.next === undefined) this.#unreadToCome = 0
  }

  #isKnown(id: string): boolean {
    return this.host.find(id)?.standing !== undefined
  }

  async #askAll(): Promise<void> {
    try {
      while (this.#asked.size > 0) await this.#askSome([...this.#asked].slice(0, limits.conversationsPage))
    } finally {
      this.#isAsking = false
      this.#asked.clear()
    }
  }

  /** A new link asks again for what is still not known. */
  async #askSome(ids: readonly string[]): Promise<void> {
    const page = await this.#patiently({ ids })
    for (const id of ids) this.#asked.delete(id)
    if (page === undefined) return
    for (const conversation of page.conversations) this.host.absorb(conversation.id, patchOfConversation(conversation, page.top))
    const missing = ids.filter(id => !this.#isKnown(id))
    for (const id of missing) this.#missing.add(id)
    if (missing.length > 0) this.host.missing()
  }

  /** As often as it takes, as the server asks for, while there is a link; undefined where there is none. */
  async #patiently(asked: Asked): Promise<Page | undefined> {
    for (let attempt = 1; this.caller.isLive && !this.#isClosed; attempt++) {
      try {
        return await this.caller.call('chat.conversations', asked)
      } catch (error) {
        const { temporary, retryAfterMs } = readError(error)
        if (!temporary) throw error
        const wait = retryAfterMs ?? backoffMs(attempt, this.random, limits.askBackoff)
        if (this.caller.isLive) await new Promise<void>(resolve => this.#after(wait, resolve))
      }
    }
    return undefined
  }

  #after(ms: number, run: () => void): Timer {
    const timer = this.clock.after(ms, () => {
      this.#waits.delete(timer)
      run()
    })
    this.#waits.add(timer)
    return timer
  }
}
