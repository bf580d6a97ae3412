import type { FileKind } from '../model/file.ts'
import type { Mention, Wording } from '../model/mentions.ts'
import type { Allowed, Encrypted, Member, MembershipChange, Reaction } from '../model/wire.ts'

/** Whether what is shown is kept up to date. `offline`: the network or the server cannot be reached, or the server sent this client away. */
export type ConnectionState = 'connecting' | 'live' | 'offline'

/**
 * How far a message has come. Of one's own: `waiting` to be sent, `sent` once the server has it, `delivered` and `read` once all recipients
 * have got or read it, `failed` when the server refused it for good. Messages of others are always `sent`.
 */
export type MessageState = 'waiting' | 'sent' | 'delivered' | 'read' | 'failed'

/** Why something was refused. `reason` is the server's stable token, such as `forbidden` or `membership_changed`; `text` is its prose. */
export interface Refusal {
  readonly code: number
  readonly reason: string
  readonly text: string
}

/** A message as it stands now: edits, deletions and reactions are folded in. Objects are new when they changed, and the same otherwise. */
export interface MessageView {
  readonly kind: 'message'
  /** Stays the same from `waiting` to `read`, and is unique in its conversation: what lists are keyed by. */
  readonly key: string
  readonly conversation: string
  readonly author: string
  readonly mine: boolean
  readonly state: MessageState
  /** Server time; while it waits, this device's. */
  readonly ts: number
  /** Absent while it waits or has failed. */
  readonly seq?: number
  readonly mid?: string
  /** Only of messages that this device sent: what `retry` and `discard` take. */
  readonly cid?: string
  /** Absent of what was deleted or is encrypted. */
  readonly text?: string
  readonly enc?: Encrypted
  /** The users that the text mentions, in order. */
  readonly mentions?: readonly Mention[]
  /** What it carries; `text` is then the caption, and may be absent. */
  readonly files?: readonly FileView[]
  /** The `seq` of the message that it answers. */
  readonly replyTo?: number
  /** How often it was edited. */
  readonly rev: number
  readonly deleted: boolean
  readonly reactions: readonly Reaction[]
  /** Why it failed. */
  readonly refusal?: Refusal
  /** A change of it that waits to be made, or was refused. */
  readonly pending?: PendingChange
}

/** A file of a message. `ChatClient.files` says where it is. */
export interface FileView {
  readonly kind: FileKind
  readonly name: string
  readonly size: number
  /** Pixels of a picture: room can be left for it before it is there. */
  readonly width?: number
  readonly height?: number
  readonly alt?: string
  /** Absent while it was not uploaded. */
  readonly id?: string
  /** Its bytes, while it is on its way. */
  readonly blob?: Blob
}

/** What is to become of a message. */
export type MessageChange =
  | ({ readonly kind: 'edit' } & Wording)
  /** `afterMs`: not before that, so that it can be taken back with `discard`; until then it is shown as done. */
  | { readonly kind: 'delete'; readonly for: 'everyone' | 'me'; readonly afterMs?: number }
  /** One per user and message; '' takes it back. */
  | { readonly kind: 'react'; readonly emoji: string }

export interface PendingChange {
  readonly kind: 'edit' | 'delete'
  /** What `retry` and `discard` take. */
  readonly cid: string
  /** Of an edit what the message is to say. */
  readonly text?: string
  readonly mentions?: readonly Mention[]
  /** Why it was refused: then the message shows what it said before. */
  readonly refusal?: Refusal
}

/** A line such as "ann added bob". */
export type MembershipView = {
  readonly kind: 'membership'
  readonly key: string
  readonly conversation: string
  readonly author: string
  readonly ts: number
  readonly seq: number
} & MembershipChange

export type ItemView = MessageView | MembershipView

/** A conversation as it stands in the list. */
export interface ConversationView {
  readonly id: string
  readonly kind: 'direct' | 'group'
  /** Of a group its name, of a direct one the other user. */
  readonly title: string
  /** Of a group, who may send, and who may change its title. */
  readonly send: Allowed
  readonly edit: Allowed
  /** How many ask to be let in, for those who may let them. */
  readonly requests: number
  /** Others began it with this user, or put them there, and they have neither answered nor accepted. */
  readonly request: boolean
  /** It waits for a yes, and notifies nobody meanwhile: its other one may not write to this user without asking. */
  readonly held: boolean
  readonly members: readonly Member[]
  readonly muted: boolean
  /** When that ends by itself; absent where it is not muted, or for ever. */
  readonly mutedUntil?: number
  readonly pinned: boolean
  /** Of two: whether one has blocked the other. */
  readonly blocked: boolean
  /** Out of the list, until a message comes; one that is muted stays there. */
  readonly archived: boolean
  /** Out of the list, until a message comes. */
  readonly deleted: boolean
  /** To be shown as unread, whatever was read. */
  readonly marked: boolean
  /** Whether one is still in it. */
  readonly active: boolean
  readonly unread: number
  /** Places of unread messages that name this user, the oldest first. */
  readonly mentions: readonly number[]
  /** Up to where one has read. */
  readonly read: number
  /** The newest `seq`. */
  readonly seq: number
  /** The newest item that is shown, one's own unsent messages too. */
  readonly last?: ItemView
  /** Time of the newest item: what the list is sorted by, pinned ones first. */
  readonly ts: number
  /** Others who are typing now. */
  readonly typing: readonly string[]
}

/** What changed. Changes of one turn come together, each once. */
export type ChatChange =
  | { readonly kind: 'link' }
  /** The list: its order, unread counts, last messages, members, typing. */
  | { readonly kind: 'conversations' }
  | { readonly kind: 'messages'; readonly conversation: string }
  | { readonly kind: 'typing'; readonly conversation: string }
  | { readonly kind: 'presence'; readonly user: string }
  /** The groups that the user is asked into. */
  | { readonly kind: 'invited' }
  /** Links to files have come. */
  | { readonly kind: 'files' }
  /** More of a message's files has left. */
  | { readonly kind: 'progress'; readonly conversation: string; readonly cid: string }
  /** A message of another came while one was connected: for sounds and notifications. */
  | { readonly kind: 'arrived'; readonly message: MessageView }
  /** What was set of a conversation was refused for good: it is as it was. */
  | { readonly kind: 'refused'; readonly conversation: string; readonly refusal: Refusal }
  /** A message of this device, or a change of one, was refused for good. */
  | {
      readonly kind: 'failed'
      readonly conversation: string
      readonly cid: string
      readonly what: 'message' | MessageChange['kind']
      readonly refusal: Refusal
    }

/** A file that is to be sent. */
export interface NewFile {
  readonly blob: Blob
  readonly name: string
  /** Of a picture, where they are known: so that it is shown in its form before it was uploaded. */
  readonly width?: number
  readonly height?: number
  /** A description for users who cannot see or hear it. */
  readonly alt?: string
}

export interface NewMessage {
  readonly text?: string
  readonly enc?: Encrypted
  /** Whom the text names, in order: members of the conversation. */
  readonly mentions?: readonly Mention[]
  /** They are kept with the message and uploaded when there is a connection. */
  readonly files?: readonly NewFile[]
  /** The `seq` of the message that it answers. */
  readonly replyTo?: number
  /** The membership version it was made for; the server refuses it when members have changed since. */
  readonly version?: number
}
