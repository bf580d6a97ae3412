import type { Encrypted } from '../model/wire.ts'

/** `message` shows or renews the notification of a conversation, `dismiss` takes it away, `retract` takes one message out of it. */
export type PushKind = 'message' | 'dismiss' | 'retract'

/** What a notification is sent with. Ids and never a text: what was written stays between the server and its members. */
export interface PushNote {
  readonly kind: PushKind
  readonly conversation: string
  /** The message; with `dismiss`, up to where the conversation was read. */
  readonly seq: number
  readonly mid?: string
  /** Beside a `retract`: the newer message that the device was to show, which this note may have replaced on its way. */
  readonly latest?: number
  /** Unread messages of the user in all conversations, when it was sent. */
  readonly badge: number
  /** What only devices can read, where it fits. */
  readonly enc?: Encrypted
  readonly urgency: 'high' | 'normal' | 'low'
  /** How long a push service may keep it for a device that is off. */
  readonly ttlMs: number
  /** The same for all notes of a conversation: a later one replaces one that still waits at the push service. */
  readonly topic: string
}
