import type { Inbox } from './inbox.ts'
import { JoiningCalls } from './joining-calls.ts'
import type { ListOrder } from './list-order.ts'
import type { ConversationSettings } from './patch.ts'
import type { ConversationView } from './view.ts'
import type { Wishes } from './wishes.ts'

/** The list of conversations, and what a user sets of each for themselves. */
export abstract class ListCalls extends JoiningCalls {
  protected abstract readonly list: ListOrder
  protected abstract readonly inbox: Inbox
  protected abstract readonly wishes: Wishes

  /** Whether the list is whole: until then what is shown of it may be a part. */
  get whole(): boolean {
    return this.inbox.isListed
  }

  /** Pinned ones first, then by time, newest first; without those that are archived or deleted. */
  get conversations(): readonly ConversationView[] {
    return this.list.shown
  }

  get archived(): readonly ConversationView[] {
    return this.list.archived
  }

  /** Messages unread in all conversations that are neither muted nor archived, also in those that the list has not brought yet. */
  get unread(): number {
    return this.list.unread + this.inbox.lister.unreadToCome
  }

  /** Whether the server has said that there is no such conversation of this user's; while it has not, one that is not known may still come. */
  isMissing(id: string): boolean {
    return this.inbox.lister.isMissing(id)
  }

  /** Mutes, pins, archives, or marks as read or unread: at once, and kept until the server has it. What it refuses is told as a change. */
  setOwn(conversation: string, own: ConversationSettings): void {
    this.wishes.set(conversation, own)
  }

  /** Empties it and takes it out of the list for this account, until something is said in it: at once, and kept like what is set. */
  deleteConversation(conversation: string): void {
    this.wishes.delete(conversation)
  }
}
