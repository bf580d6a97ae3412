import type { CachedConversation } from './conversation.ts'
import { Conversation } from './conversation.ts'
import { limits } from './limits.ts'
import type { Patch } from './patch.ts'

/** All conversations of the user, by id. */
export class Conversations {
  readonly #byId = new Map<string, Conversation>()

  constructor(
    readonly user: string,
    readonly changed: (conversation: Conversation) => void,
  ) {}

  get all(): readonly Conversation[] {
    return [...this.#byId.values()]
  }

  find(id: string): Conversation | undefined {
    return this.#byId.get(id)
  }

  cached(id: string): CachedConversation | undefined {
    return this.#byId.get(id)?.cached(limits.cachedSlots)
  }

  /** What another user has left in the cache is not taken. */
  restore(conversations: readonly CachedConversation[]): void {
    for (const { id, user, patch } of conversations) if (user === this.user) this.#made(id).absorb(patch)
  }

  absorb(id: string, patch: Patch): void {
    const conversation = this.#made(id)
    if (conversation.absorb(patch)) this.changed(conversation)
  }

  /** Something may have been missed, so nothing that was kept is relied on; what is wanted to be read stays wanted. */
  forget(): void {
    for (const { id, wanted } of this.all) {
      const fresh = new Conversation(id, this.user)
      fresh.absorb({ wanted })
      this.#byId.set(id, fresh)
    }
  }

  #made(id: string): Conversation {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const conversation = new Conversation(id, this.user)
    this.#byId.set(id, conversation)
    return conversation
  }
}
