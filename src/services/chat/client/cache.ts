import { type CachedConversation, Conversation } from './conversation.ts'
import { limits } from './limits.ts'
import type { OutboxEntry } from './outbox.ts'

/** What a device keeps besides its outbox. */
export interface CachedChat {
  /** The inbox is held up to this offset. */
  readonly acked: number
  readonly conversations: readonly CachedConversation[]
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

/** Those that are no longer kept when there are too many. */
export function surplus(conversations: readonly CachedConversation[]): CachedConversation[] {
  const time = ({ patch }: CachedConversation) => patch.standing?.ts ?? 0
  return conversations.toSorted((left, right) => time(right) - time(left)).slice(limits.cachedConversations)
}

/** Lives as long as the object does: for tests, bots, and browsers that allow no storage. */
export class MemoryCache implements ChatCache {
  #acked = 0
  readonly #conversations = new Map<string, CachedConversation>()
  readonly #outbox = new Map<string, OutboxEntry>()

  async load(): Promise<CachedChat> {
    return { acked: this.#acked, conversations: [...this.#conversations.values()] }
  }

  async save({ acked, conversations }: CachedChat): Promise<void> {
    this.#acked = Math.max(this.#acked, acked)
    for (const conversation of conversations)
      this.#conversations.set(conversation.id, joinCached(this.#conversations.get(conversation.id), conversation))
    for (const { id } of surplus([...this.#conversations.values()])) this.#conversations.delete(id)
  }

  async forget(): Promise<void> {
    this.#acked = 0
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
