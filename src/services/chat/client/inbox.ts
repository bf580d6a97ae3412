import type { Clock, Random } from '../../../kit/index.ts'
import type { InboxEntry, InboxGreeting, InvitedEntry, MessageEntry } from '../model/wire.ts'
import type { ChatCache } from './cache.ts'
import type { Caller } from './connection.ts'
import type { Conversation } from './conversation.ts'
import type { Conversations } from './conversations.ts'
import { Keeper } from './keeper.ts'
import { Loader } from './loader.ts'
import { patchOfEntry } from './patch.ts'
import { isGuessed } from './slot.ts'

export interface InboxHost {
  readonly user: string
  readonly caller: Caller
  readonly cache: ChatCache
  readonly clock: Clock
  readonly random: Random
  readonly conversations: Conversations
  /** A message came. `isNew`: while connected, and not one that was missed. */
  arrived(message: MessageEntry, isNew: boolean): void
  /** Somebody asks the user into a group, or does not any longer. */
  invited(entry: InvitedEntry): void
  /** The list is known and up to date. */
  listed(): void
}

/** Takes what comes by the inbox, and decides when that is not enough: after too long an absence the list is asked for instead. */
export class Inbox {
  readonly keeper: Keeper
  readonly loader: Loader
  #top = 0
  /** Up to here this device has had the inbox, whatever it has kept of it. */
  #acked = 0
  #isListed = false

  constructor(readonly host: InboxHost) {
    const { cache, caller, clock, random, conversations } = host
    this.keeper = new Keeper(cache, caller, clock, id => conversations.cached(id))
    const { keeper } = this
    this.loader = new Loader(caller, clock, random, {
      find: id => conversations.find(id),
      absorb: (id, patch) => conversations.absorb(id, patch),
      focus: (id, seq) => conversations.focus(id, seq),
      get awaitsEntries() {
        return keeper.hasHoles
      },
    })
  }

  /** @returns whether the cache held a list */
  async restore(): Promise<boolean> {
    const { acked, conversations } = await this.host.cache.load()
    const own = conversations.filter(({ user }) => user === this.host.user)
    if (own.length < conversations.length) {
      this.keeper.forget()
      return false
    }
    this.keeper.restore(acked)
    this.host.conversations.restore(own)
    this.#isListed = own.length > 0
    return this.#isListed
  }

  /** What was acknowledged and is not here was seen by this device before it lost its memory, or is no longer kept for it (chat M6, M7). */
  greeted({ acked, top, truncated }: InboxGreeting): void {
    const { keeper, host } = this
    this.#top = top
    this.#acked = acked
    const isReset = top < keeper.held
    if (isReset || truncated !== undefined || acked > keeper.held) {
      keeper.forget()
      host.conversations.forget(isReset)
      this.#isListed = false
    }
    keeper.greeted(acked)
    if (this.#isListed) host.listed()
    else this.loader.listLater(() => this.#listed())
  }

  /** What comes again is taken again: the list may have stood for it before it came, without what it says of messages. */
  arrived(offset: number, entry: InboxEntry | undefined): void {
    this.keeper.note(offset)
    if (entry === undefined) return
    const { conversations, user } = this.host
    if (entry.kind === 'invited') {
      this.host.invited(entry)
      return
    }
    const id = entry.conversation
    const known = conversations.find(id)
    const isKnown = entry.kind === 'message' && known?.thread.slot(entry.seq)?.head !== undefined
    conversations.absorb(id, patchOfEntry(entry, known?.seq ?? 0, offset, user))
    const conversation = conversations.find(id)
    if (conversation !== undefined) this.#follow(conversation, entry)
    if (entry.kind === 'message') this.host.arrived(entry, offset > this.#top && !isKnown)
  }

  /** What an entry makes necessary. */
  #follow(conversation: Conversation, entry: InboxEntry): void {
    const { id, standing, thread, user } = conversation
    if (standing === undefined && this.#isListed && entry.kind !== 'receipt') this.loader.listLater()
    this.loader.healLater(id)
    if (entry.kind !== 'reaction') return
    const slot = thread.slot(entry.target)
    if (slot !== undefined && isGuessed(slot, user)) this.loader.recountLater(id, entry.target)
  }

  close(): void {
    this.loader.close()
  }

  /** The list stands for what the server does not send again. What it still sends has come when it comes, though the list tells of it. */
  #listed(): void {
    this.#isListed = true
    this.keeper.cover(this.#acked)
    this.host.listed()
  }
}
