import type { Encrypted } from '../model/wire.ts'
import type { NotePreview } from './note.ts'
import type { PushSubscription } from './subscription.ts'

/** A message in a user's inbox that somebody is to be told of, if nobody acknowledges it. */
export interface OwedMessage {
  readonly conversation: string
  /** Its place in the order of all inboxes, as a device acknowledges it. */
  readonly offset: number
  readonly seq: number
  readonly mid: string
  /** Sent along where it is small enough; ids alone otherwise. Of `perDevice` each device gets its own part only. */
  readonly enc?: Encrypted
}

/** The notification on a device's lock screen, as far as is known: one for each conversation, up to this message. */
export interface ShownNote {
  readonly user: string
  readonly device: string
  readonly conversation: string
  readonly seq: number
}

/** The part of the store that pushes need. Every call may reject; it is then tried again later, or given up with a line in the log. */
export interface PushRows {
  subscriptions(user: string): Promise<readonly PushSubscription[]>
  /** Deletes dead subscriptions, many at once, but only while device and endpoint are still these: a device may have renewed its own meanwhile. */
  forget(subscriptions: readonly PushSubscription[]): Promise<void>
  /** Unread messages in all conversations that are not muted, and unread mentions in those that are. */
  badge(user: string): Promise<number>
  /** Subscribed devices that have not acknowledged the message themselves; none once the user has read it. */
  unaware(user: string, message: Pick<OwedMessage, 'conversation' | 'seq' | 'offset'>): Promise<readonly PushSubscription[]>
  /** Which messages from one place to another the user is still to be told of, as things are now: not of what they have left, muted, blocked or deleted since. */
  wanted(user: string, conversation: string, from: number, to: number): Promise<ReadonlySet<number>>
  /** The text of a message's notification, as far as the user's settings allow; undefined if there is none. */
  preview(user: string, conversation: string, seq: number): Promise<NotePreview | undefined>
  /**
   * Messages in inboxes that came since (Unix ms), not by the user, not deleted, not muted, not read, and not acknowledged by every subscribed device:
   * by user and offset, at most `limit`, beginning behind `after`.
   */
  owed(since: number, limit: number, after?: OwedCursor): Promise<readonly (OwedMessage & { readonly user: string })[]>
  shown(user: string, conversation: string): Promise<readonly ShownNote[]>
  /** Writes down what was delivered, many at once: the highest `seq` of each user, device and conversation stays. */
  show(notes: readonly ShownNote[]): Promise<void>
  /** Forgets what no longer stands on a lock screen, many at once. */
  unshow(notes: readonly ShownNote[]): Promise<void>
}

/** The last one of a page of owed messages. */
export interface OwedCursor {
  readonly user: string
  readonly offset: number
}
