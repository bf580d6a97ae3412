import { type CachedConversation, Conversation } from './conversation.ts'
import { limits } from './limits.ts'
import type { OutboxEntry } from './outbox.ts'

/** What a device keeps besides its outbox. */
export interface CachedChat {
  /** The inbox is held up to this offset. */
  readonly acked: number
  readonly conversations: readonly CachedConversation[]
  /** Whether these are all conversations that there are. Saved: that they are, with what was saved before; loaded: that nothing has gone since. */
  readonly isWhole?: boolean
}

/**
 * Where a device keeps what it must not lose, and what lets a page open at once and offline. One cache belongs to one user and device; tabs may share it.
 * A promise that resolved means that a reload finds it.
 */
export interface ChatCache {
  load(): Promise<CachedChat>
  /** Joins these to what is there, in one step: another tab may have saved more. Conversations that are not named stay as they are. */
  save(chat: CachedChat): Promise<void>
  /** Forgets offset and conversations, never the outbox. */
  forget(): Promise<void>
  /** By `order`. */
  outbox(): Promise<readonly OutboxEntry[]>
  putOutbox(entry: OutboxEntry): Promise<void>
  /** Removing what is not there is fine. */
  dropOutbox(cid: string): Promise<void>
}

/** What comes of two that were saved, within the bounds of the cache. */
export function joinCached(left: CachedConversation | undefined, right: CachedConversation): CachedConversation {
  if (left === undefined) return right
  const conversation = new Conversation(right.id, right.user)
  conversation.absorb(left.patch)
  conversation.absorb(right.patch)
  return conversation.cached(limits.cachedSlots)
}

/**
 * Those that go when there are too many: the least recently used, a tenth at a time, so that not every new one looks at all of them. What is pinned
 * or unread, or has something to tell, never goes.
 */
export function surplus(conversations: readonly CachedConversation[], max: number): CachedConversation[] {
  if (conversations.length <= max) return []
  const mayGo = conversations.filter(({ isKept }) => !isKept).toSorted((left, right) => left.used - right.used)
  return mayGo.slice(0, conversations.length - Math.ceil(max * 0.9))
}

export interface CacheBounds {
  readonly conversationsMax: number
}

export const cacheBounds: CacheBounds = { conversationsMax: limits.cachedConversations }

/** Lives as long as the object does: for tests, bots, and browsers that allow no storage. */
export class MemoryCache implements ChatCache {
  #acked = 0
  #isWhole = false
  readonly #conversations = new Map<string, CachedConversation>()
  readonly #outbox = new Map<string, OutboxEntry>()

  constructor(readonly bounds: CacheBounds = cacheBounds) {}

  async load(): Promise<CachedChat> {
    return { acked: this.#acked, conversations: [...this.#conversations.values()], isWhole: this.#isWhole }
  }

  async save({ acked, conversations, isWhole = false }: CachedChat): Promise<void> {
    this.#acked = Math.max(this.#acked, acked)
    for (const conversation of conversations)
      this.#conversations.set(conversation.id, joinCached(this.#conversations.get(conversation.id), conversation))
    const gone = surplus([...this.#conversations.values()], this.bounds.conversationsMax)
    for (const { id } of gone) this.#conversations.delete(id)
    this.#isWhole = gone.length === 0 && (isWhole || this.#isWhole)
  }

  async forget(): Promise<void> {
    this.#acked = 0
    this.#isWhole = false
    this.#conversations.clear()
  }

  async outbox(): Promise<readonly OutboxEntry[]> {
    return [...this.#outbox.values()].toSorted((left, right) => left.order - right.order)
  }

  async putOutbox(entry: OutboxEntry): Promise<void> {
    this.#outbox.set(entry.cid, entry)
  }

  async dropOutbox(cid: string): Promise<void> {
    this.#outbox.delete(cid)
  }
}
