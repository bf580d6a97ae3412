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

  /** As far as a conversation of two tells. */
  hasBlocked(user: string): boolean {
    return this.all.some(({ standing, roster }) => standing?.blocked === true && roster.seats.some(seat => seat.user === user))
  }

  cached(id: string): CachedConversation | undefined {
    return this.#byId.get(id)?.cached(limits.cachedSlots)
  }

  /** What another user has left in the cache is not taken. */
  restore(conversations: readonly CachedConversation[]): void {
    for (const { id, user, patch } of conversations) if (user === this.user) this.#made(id).absorb(patch)
  }

  /** Of some there are only entries: as a whole they have not come. */
  get halfKnown(): readonly string[] {
    return this.all.filter(({ standing }) => standing === undefined).map(({ id }) => id)
  }

  absorb(id: string, patch: Patch): void {
    const conversation = this.#made(id)
    if (conversation.absorb(patch)) this.changed(conversation)
  }

  /** Shows the part of a conversation with a place in it, or the newest. */
  focus(id: string, seq: number | undefined): void {
    const conversation = this.#byId.get(id)
    if (conversation?.focus(seq) === true) this.changed(conversation)
  }

  /**
   * Something may have been missed, so no message that was kept is relied on; the list is shown as it was until it is known anew.
   * @param isReset the server does not know what it knew: nothing at all is relied on
   */
  forget(isReset: boolean): void {
    for (const conversation of this.all) {
      const { id, last } = conversation
      const { slots: _slots, covered: _covered, ...known } = conversation.cached(0).patch
      const fresh = new Conversation(id, this.user)
      if (!isReset) fresh.absorb({ ...known, slots: last === undefined ? [] : [last] })
      this.#byId.set(id, fresh)
      this.changed(fresh)
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
