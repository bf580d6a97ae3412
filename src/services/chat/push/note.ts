import { createHash } from 'node:crypto'
import type { Encrypted } from '../model/wire.ts'
import type { PushSubscription } from './subscription.ts'

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

/** What the device gets to read. */
export interface NoteBody extends Partial<NotePreview> {
  readonly kind: PushNote['kind']
  readonly conversation: string
  readonly seq: number
  readonly mid?: string
  readonly latest?: number
  readonly badge?: number
  readonly enc?: { readonly scheme: string; readonly epoch?: number; readonly bytes: string }
}

/** Everything that may be said. Of what is encrypted per device, its own part. */
export function fullBody({ user, device }: PushSubscription, note: PushNote): NoteBody {
  const { kind, conversation, seq, mid, latest, badge, preview, enc } = note
  const bytes = enc?.perDevice?.[`${user}/${device}`] ?? enc?.bytes
  return {
    kind,
    conversation,
    seq,
    ...(mid !== undefined && { mid }),
    ...(latest !== undefined && { latest }),
    badge,
    ...preview,
    ...(enc !== undefined &&
      bytes !== undefined && { enc: { scheme: enc.scheme, ...(enc.epoch !== undefined && { epoch: enc.epoch }), bytes } }),
  }
}

/** The same without what was encrypted. */
export function idsOf({ enc: _, ...body }: NoteBody): NoteBody {
  return body
}

/** No more than a device needs to ask for the rest. */
export function bareBody({ kind, conversation, seq }: NoteBody): NoteBody {
  return { kind, conversation, seq }
}

/** The most that Web Push takes as a `Topic` (RFC 8030, 5.4); APNs takes 64 bytes. */
const topicLength = 32

/**
 * What all notes on a conversation to one user are collapsed by. The user is in the hash, so that a push service does not see who is in the same
 * conversation.
 */
export function topicOf(user: string, conversation: string): string {
  return createHash('sha256')
    .update(JSON.stringify([user, conversation]))
    .digest('base64url')
    .slice(0, topicLength)
}
