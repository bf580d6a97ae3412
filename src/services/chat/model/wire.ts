import type { Allowed, ChangedMembers, ConversationSummary, Encrypted, Invited, MembershipEntry, MessageEntry, Role } from './entries.ts'
import type { FileLink, FileReference } from './file.ts'
import type { Mention } from './mentions.ts'
import type { SearchCommand } from './search.ts'
import type { OwnDevice, OwnSettings, SettingsChange } from './settings.ts'

export type {
  Allowed,
  ChangedMembers,
  ConversationEntry,
  ConversationSummary,
  DeleteEntry,
  EditEntry,
  Encrypted,
  InboxEntry,
  Invited,
  InvitedEntry,
  Member,
  MembershipChange,
  MembershipEntry,
  MessageEntry,
  Origin,
  Reaction,
  ReactionEntry,
  ReceiptEntry,
  Role,
  Watermark,
} from './entries.ts'
export { chatErrors } from './errors.ts'
export type { MayAdd, MayWrite, OwnDevice, OwnSettings, Previews } from './settings.ts'

/** Chat on the wire, as the server, the client layer and the page read it. Times are Unix milliseconds. */

/** The place from which the next page of the list starts. */
export interface ListPlace {
  readonly before: number
  readonly before_id: string
}

/** A way into a group that is still open. */
export interface Invitation {
  readonly code: string
  /** Its author. */
  readonly author: string
  readonly expires: number
  /** How often it may be used; 0 for as often as one likes. */
  readonly uses: number
  readonly used: number
  /** Whether those who lead the group are asked first. */
  readonly approval: boolean
}

/** A user's presence; `last_seen` if they show it and are offline. */
export interface UserPresence {
  readonly user: string
  readonly online: boolean
  readonly last_seen?: number
}

/** A signal in `chat:<conversation>`, to members who have it open; it is never stored. */
export type OpenSignal =
  | { readonly kind: 'typing'; readonly user: string; readonly on: boolean }
  | ({ readonly kind: 'presence' } & UserPresence)

/** The `data` of the connect reply's subscription to `inbox:#<user>`. */
export interface InboxState {
  readonly device: string
  /** Everything up to here has been acknowledged by this device. */
  readonly acked: number
  /** The newest offset of the inbox. */
  readonly top: number
  /** Entries that are still to come besides the live ones: windows of them follow as one acknowledges. 0 where the reply held them all. */
  readonly backlog: number
  /** A new device, or one that was away beyond what is kept: ask for conversations and page their history. Per conversation the lost range of `seq`. */
  readonly truncated?: Readonly<Record<string, readonly [from: number, to: number]>>
  /** `durable`: an answered send survives a crash of the server. */
  readonly durability: 'durable' | 'memory'
  /** How long authors may edit a message, and delete it for everyone, in milliseconds; bytes of the largest file, absent where messages carry none. */
  readonly limits?: { readonly edit_ms: number; readonly delete_ms: number; readonly file_bytes?: number }
  /** The server's time, by which those are counted. */
  readonly now?: number
}

/** A conversation that one has come into, as it is. */
export interface Opened {
  readonly conversation: string
  readonly summary: ConversationSummary
  readonly asked?: readonly string[] | undefined
}

/** Inputs and answers of the commands. All take `device` where a call over HTTP must say it; over a connection it is known. */
export interface ChatCommands {
  /** `known`: nobody is meant who has not been here yet. */
  'chat.direct': { in: { with: string; known?: boolean | undefined }; out: Opened }
  'chat.group': { in: { title: string; members: readonly string[]; cid: string; known?: boolean | undefined }; out: Opened }
  'chat.add': { in: { conversation: string; users: readonly string[]; known?: boolean | undefined }; out: ChangedMembers }
  'chat.remove': { in: { conversation: string; users: readonly string[] }; out: { version: number; seq: number } }
  'chat.leave': { in: { conversation: string }; out: { version: number; seq: number } }
  'chat.role': { in: { conversation: string; user: string; role: Role }; out: { version: number; seq: number } }
  'chat.rename': { in: { conversation: string; title: string }; out: { version: number; seq: number } }
  'chat.modes': {
    in: { conversation: string; send?: Allowed | undefined; edit?: Allowed | undefined }
    out: { version: number; seq: number }
  }
  /** Takes part by own choice in what others began, without saying anything. */
  'chat.accept': { in: { conversation: string }; out: Opened }
  /** The groups that one is asked into; with `conversation`, answers one of them. */
  'chat.invited': {
    in: { conversation?: string | undefined; accept?: boolean | undefined }
    out: { invited: readonly Invited[]; summary?: ConversationSummary | undefined }
  }
  /** Those who ask to be let in; with `user`, answers one of them. */
  'chat.requests': {
    in: { conversation: string; user?: string | undefined; accept?: boolean | undefined }
    out: { requests: readonly { user: string; ts: number }[] }
  }
  'chat.invite': {
    in: {
      conversation: string
      uses?: number | undefined
      ttl_ms?: number | undefined
      revoke?: string | undefined
      approval?: boolean | undefined
    }
    out: { code?: string; expires?: number; uses?: number }
  }
  /** For those who lead the group. */
  'chat.invites': { in: { conversation: string }; out: { invites: readonly Invitation[] } }
  'chat.join': { in: { code: string }; out: Opened }
  'chat.send': {
    in: {
      conversation: string
      cid: string
      text?: string | undefined
      enc?: Encrypted | undefined
      files?: readonly FileReference[] | undefined
      mentions?: readonly Mention[] | undefined
      reply_to?: number | undefined
      version?: number | undefined
      device?: string | undefined
    }
    out: { conversation: string; cid: string; seq: number; mid: string; ts: number }
  }
  /** Temporary paths of files for the caller. Each request checks whether the caller may still see the file. */
  'chat.links': { in: { files: readonly string[] }; out: { links: readonly FileLink[] } }
  /** A message that carries files may lose its caption by an empty text. */
  'chat.edit': {
    in: {
      conversation: string
      seq: number
      text?: string | undefined
      enc?: Encrypted | undefined
      mentions?: readonly Mention[] | undefined
    }
    out: { seq: number; rev: number; ts: number }
  }
  'chat.delete': { in: { conversation: string; seq: number; for: 'everyone' | 'me' }; out: { seq: number } }
  'chat.clear': { in: { conversation: string }; out: { cleared: number } }
  /** Empties it for oneself and takes it out of the list, until something is said in it. With `seq`, nothing beyond is touched. */
  'chat.delete_conversation': { in: { conversation: string; seq?: number | undefined }; out: { cleared: number } }
  'chat.react': { in: { conversation: string; seq: number; emoji: string }; out: { seq: number } }
  'chat.typing': { in: { conversation: string; on: boolean }; out: object }
  'chat.ack': { in: { device?: string | undefined; offset: number }; out: { offset: number; backlog: number } }
  'chat.read': { in: { conversation: string; seq: number }; out: { read: number; unread: number } }
  /** By time and id; or those of `ids` that are the user's. */
  'chat.conversations': {
    in: {
      limit?: number | undefined
      before?: number | undefined
      before_id?: string | undefined
      ids?: readonly string[] | undefined
    }
    /**
     * `next`: what to ask with for the page after this one; absent of the last. `unread`, of the first page: how many messages are unread in
     * all conversations that are neither muted nor archived.
     */
    out: { conversations: readonly ConversationSummary[]; top: number; next?: ListPlace | undefined; unread?: number | undefined }
  }
  'chat.history': {
    in: {
      conversation: string
      before?: number | undefined
      after?: number | undefined
      around?: number | undefined
      limit?: number | undefined
    }
    /** Messages and membership entries with later entries folded in, by `seq`. `gap`: ranges that are not kept any longer. */
    out: { entries: readonly (MessageEntry | MembershipEntry)[]; has_more: boolean; gap?: readonly [from: number, to: number] }
  }
  'chat.search': SearchCommand
  'chat.info': {
    in: { conversation: string; seq: number }
    out: { seq: number; recipients: readonly { user: string; delivered?: number; read?: number }[] }
  }
  'chat.settings': {
    in: SettingsChange
    out: OwnSettings
  }
  /** Without `user`, asks. */
  'chat.block': { in: { user?: string | undefined; on?: boolean | undefined }; out: { blocked: readonly string[] } }
  'chat.push': {
    in: { device?: string | undefined; subscription: { endpoint: string; keys: { p256dh: string; auth: string } } | null }
    out: { key: string }
  }
  /** The server's VAPID key, for `pushManager.subscribe`. */
  'chat.push_key': { in: object; out: { key: string } }
  /** Whether somebody sits at this device: its page is visible and was touched lately. Said again while it lasts, at least once a minute. */
  'chat.in_use': { in: { on: boolean }; out: object }
  /** One's devices; with `sign_out`, one of them is no longer one. */
  'chat.devices': { in: { sign_out?: string | undefined }; out: { devices: readonly OwnDevice[] } }
  'chat.presence': { in: { users: readonly string[] }; out: { users: readonly UserPresence[] } }
}
