import type { Encrypted } from '../model/wire.ts'

/** `message` shows or renews the notification of a conversation, `dismiss` takes it away, `retract` takes one message out of it. */
export type PushKind = 'message' | 'dismiss' | 'retract'

/** What a notification says of a message: as much as the user's settings allow. */
export interface NotePreview {
  /** Who wrote it. */
  readonly from: string
  /** Title of the group; absent in a conversation of two. */
  readonly group?: string
  /** Beginning of the text. Absent where the user hides it, of encrypted messages, and while the conversation waits for the user's yes. */
  readonly text?: string
  /** Unread messages of the conversation. */
  readonly count: number
  /** The user is mentioned. */
  readonly mention?: true
  /** The conversation waits for the user's yes. */
  readonly request?: true
}

/** What is asked again before each try: it may have changed. */
export interface NoteContext {
  readonly badge: number
  readonly preview: NotePreview | undefined
}

/** What a notification is sent with. */
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
  readonly preview?: NotePreview
  /** What only devices can read, where it fits. */
  readonly enc?: Encrypted
  readonly urgency: 'high' | 'normal' | 'low'
  /** How long a push service may keep it for a device that is off. */
  readonly ttlMs: number
  /** The same for all notes of a conversation: a later one replaces one that still waits at the push service. */
  readonly topic: string
}
