import type { Clock, Random } from '../../../kit/index.ts'
import type { InboxEntry, InboxState, InvitedEntry, MessageEntry } from '../model/wire.ts'
import { AckFlusher } from './ack-flusher.ts'
import type { ChatCache } from './cache.ts'
import type { Caller } from './connection.ts'
import type { Conversation } from './conversation.ts'
import type { Conversations } from './conversations.ts'
import { Loader } from './history.ts'
import { Lister } from './lister.ts'
import { type Patch, patchOfEntry } from './patch.ts'
import { isGuessed } from './thread.ts'

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
  /** There is a link, and what is known so far is up to date or on its way. */
  onInboxState(): void
  /** The list is known and up to date. */
  listed(): void
  /** The server says of some that they are not the user's. */
  missing(): void
  unread(): number
}

/** Takes what comes by the inbox, and decides when that is not enough: after too long an absence the list is asked for instead. */
export class Inbox {
  readonly ackFlusher: AckFlusher
  readonly loader: Loader
  readonly lister: Lister
  #top = 0
  /** Up to here this device has had the inbox, whatever it has kept of it. */
  #acked = 0
  #isListed = false
  /** The list that is known, or on its way, stands for everything up to here. */
  #listingFrom = 0

  constructor(readonly host: InboxHost) {
    const { cache, caller, clock, random, conversations } = host
    this.ackFlusher = new AckFlusher(cache, caller, clock, id => conversations.cached(id))
    const { ackFlusher } = this
    const known = {
      find: (id: string) => conversations.find(id),
      absorb: (id: string, patch: Patch) => conversations.absorb(id, patch),
    }
    this.lister = new Lister(caller, clock, random, { ...known, missing: () => host.missing(), unread: () => host.unread() })
    this.loader = new Loader(caller, clock, random, {
      ...known,
      focus: (id, seq) => conversations.focus(id, seq),
      get awaitsEntries() {
        return ackFlusher.hasHoles
      },
    })
  }

  /** Whether all conversations are known. */
  get isListed(): boolean {
    return this.#isListed
  }

  /** @returns whether the cache held a list, or a part of one */
  async restore(): Promise<boolean> {
    const { acked, conversations, isWhole = false } = await this.host.cache.load()
    const own = conversations.filter(({ user }) => user === this.host.user)
    if (own.length < conversations.length) {
      this.ackFlusher.forget()
      return false
    }
    this.ackFlusher.restore(acked)
    this.host.conversations.restore(own)
    this.#isListed = isWhole
    return isWhole || own.length > 0
  }

  /** What was acknowledged and is not here was seen by this device before it lost its memory, or is no longer kept for it (chat M6, M7). */
  onInboxState({ acked, top, truncated }: InboxState): void {
    const { ackFlusher, host } = this
    this.#top = top
    this.#acked = acked
    const isReset = top < ackFlusher.held
    // What the list under way stands for is as good as held.
    if (isReset || truncated !== undefined || acked > Math.max(ackFlusher.held, this.#listingFrom)) {
      ackFlusher.forget()
      host.conversations.forget(isReset)
      this.lister.restart()
      this.#isListed = false
      this.#listingFrom = acked
    }
    ackFlusher.onInboxState(acked)
    host.onInboxState()
    if (this.#isListed) this.#known()
    else this.lister.list(() => this.#listed())
  }

  /** What comes again is taken again: the list may have stood for it before it came, without what it says of messages. */
  arrived(offset: number, entry: InboxEntry | undefined): void {
    this.ackFlusher.note(offset)
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
    if (standing === undefined && this.#isListed && entry.kind !== 'receipt') this.lister.ask(id)
    this.loader.healLater(id)
    if (entry.kind !== 'reaction') return
    const slot = thread.slot(entry.target)
    if (slot !== undefined && isGuessed(slot, user)) this.loader.recountLater(id, entry.target)
  }

  close(): void {
    this.loader.close()
    this.lister.close()
  }

  /** The list stands for what the server does not send again. What it still sends has come when it comes, though the list tells of it. */
  #listed(): void {
    this.#isListed = true
    this.ackFlusher.cover(this.#acked)
    this.ackFlusher.complete()
    this.#known()
  }

  /** Of what came by the inbox while the list was on its way, some may have moved past it. */
  #known(): void {
    this.lister.ask(...this.host.conversations.halfKnown)
    this.host.listed()
  }
}
