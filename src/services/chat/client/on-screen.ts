import type { Clock } from '../../../kit/index.ts'
import type { Connection } from './connection.ts'
import type { Conversation } from './conversation.ts'
import type { Conversations } from './conversations.ts'
import { ignoreOffline } from './history.ts'
import type { Inbox } from './inbox.ts'
import { limits } from './limits.ts'
import type { Presences } from './presences.ts'
import type { Wishes } from './wishes.ts'

export interface OnScreenContext {
  readonly user: string
  readonly clock: Clock
  readonly connection: Connection
  readonly conversations: Conversations
  readonly inbox: Inbox
  readonly presences: Presences
  readonly wishes: Wishes
  /** Asks the server for the presence of users. */
  askPresence(users: readonly string[]): Promise<unknown>
}

/** The conversations on screen: their newest messages are loaded, and typing and presence of their members are followed. */
export class OnScreen {
  readonly #ids = new Set<string>()

  constructor(readonly context: OnScreenContext) {}

  open(id: string): void {
    const { conversations, clock, wishes } = this.context
    this.#ids.add(id)
    const known = conversations.find(id)
    if (known !== undefined) conversations.absorb(id, { used: clock.now() })
    if (known?.ownAt(clock.now()).marked === true) wishes.set(id, { unread: false })
    this.attend(id)
  }

  shut(id: string): void {
    const { connection, conversations, inbox, presences } = this.context
    this.#ids.delete(id)
    connection.exit(id)
    inbox.loader.pages.leave(id)
    const followed = new Set([...this.#ids].flatMap(open => conversations.find(open)?.members.map(({ user }) => user) ?? []))
    presences.forget(user => followed.has(user))
    conversations.find(id)?.trim(limits.slotsMax)
  }

  /** Loads and follows them, as far as they are known and there is a connection. */
  attendAll(): void {
    for (const id of this.#ids) this.attend(id)
  }

  attend(id: string): void {
    const { user: own, connection, conversations, inbox } = this.context
    const conversation = conversations.find(id)
    if (conversation?.standing === undefined && connection.isLive) inbox.lister.ask(id)
    if (conversation === undefined) return
    if (conversation.roster.active) connection.enter(id)
    if (!connection.isLive) return
    inbox.loader.newest(id).catch(ignoreOffline)
    const others = conversation.members.map(({ user }) => user).filter(user => user !== own)
    this.#ask(others.slice(0, limits.presenceMax))
  }

  /** A conversation has changed. One that is not on screen keeps only so many messages. */
  changed(conversation: Conversation): void {
    if (!this.#ids.has(conversation.id)) conversation.trim(limits.slotsMax)
    else if (conversation.roster.active) this.context.connection.enter(conversation.id)
  }

  /** Somebody wrote there. By a first answer an author who was hidden may come to be seen. */
  heard(id: string, author: string): void {
    if (this.#ids.has(id) && this.context.presences.of(author)?.online === false) this.#ask([author])
  }

  #ask(users: readonly string[]): void {
    if (users.length > 0) void this.context.askPresence(users).catch(ignoreOffline)
  }
}
