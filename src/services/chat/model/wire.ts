import type { Mention } from './mentions.ts'
import type { OwnDevice, OwnSettings, SettingsChange } from './settings.ts'

export { chatErrors } from './errors.ts'
export type { MayAdd, MayWrite, OwnDevice, OwnSettings, Previews } from './settings.ts'

/** What chat says on the wire, as the server, the client layer and the page read it. Times are Unix milliseconds. */

import type { FileLink, FileReference, SharedFile } from './file.ts'
import type { SearchCommand } from './search.ts'

export type Role = 'owner' | 'admin' | 'member'

/** Who may do something in a group. */
export type Allowed = 'all' | 'admins'

/** What the author wrote; or, end to end encrypted, what only devices can read. `perDevice` is by `<user>/<device>`. */
export interface Encrypted {
  readonly scheme: string
  readonly epoch?: number | undefined
  readonly bytes?: string | undefined
  readonly perDevice?: Readonly<Record<string, string>> | undefined
}

/** Which device of the recipient's own account did it, so that this device matches its optimistic copy (chat M8). */
export interface Origin {
  readonly device: string
  readonly cid: string
}

interface Logged {
  readonly conversation: string
  /** Dense in the conversation: the order on every screen. */
  readonly seq: number
  readonly ts: number
  readonly author: string
  readonly origin?: Origin
}

export interface MessageEntry extends Logged {
  readonly kind: 'message'
  /** Names the message wherever it appears; what clients deduplicate by. */
  readonly mid: string
  readonly text?: string
  readonly enc?: Encrypted
  /** Pictures and other files that it carries; `text` is then their caption, and may be absent. */
  readonly files?: readonly SharedFile[]
  /** Whom the text names, in order. */
  readonly mentions?: readonly Mention[]
  /** The `seq` of the message that it answers. */
  readonly reply_to?: number
  /** Only in history and snapshots, where later entries are folded in. */
  readonly rev?: number
  readonly deleted?: true
  readonly reactions?: readonly Reaction[]
}

export interface EditEntry extends Logged {
  readonly kind: 'edit'
  readonly target: number
  readonly mid: string
  /** Dense per message from 1; the highest wins. */
  readonly rev: number
  readonly text?: string
  readonly enc?: Encrypted
  readonly mentions?: readonly Mention[]
}

/** For everyone it stands in the log; `for: 'me'` has no `seq` (0) and comes to one's own devices alone. */
export interface DeleteEntry extends Logged {
  readonly kind: 'delete'
  readonly for: 'everyone' | 'me'
  readonly target: number
  readonly mid: string
}

export interface ReactionEntry extends Logged {
  readonly kind: 'reaction'
  readonly target: number
  readonly mid: string
  /** One grapheme; '' takes the reaction back. */
  readonly emoji: string
}

export interface Reaction {
  readonly emoji: string
  readonly count: number
  readonly mine: boolean
}

export type MembershipChange =
  | { readonly change: 'created'; readonly users: readonly string[]; readonly title: string }
  | { readonly change: 'added' | 'joined' | 'removed' | 'left'; readonly users: readonly string[] }
  | { readonly change: 'role'; readonly users: readonly string[]; readonly role: Role }
  | { readonly change: 'renamed'; readonly title: string; readonly users: readonly string[] }
  | { readonly change: 'modes'; readonly send: Allowed; readonly edit: Allowed; readonly users: readonly string[] }

export type MembershipEntry = Logged & { readonly kind: 'membership'; readonly version: number } & MembershipChange

/** Watermarks of one member: everything up to and with these. */
export interface Watermark {
  readonly user: string
  readonly delivered?: number
  readonly read?: number
  readonly ts: number
}

/** To authors of what was newly delivered or read, at most once a second per conversation; and to one's own devices (with `unread`) what one of them read. */
export interface ReceiptEntry {
  readonly kind: 'receipt'
  readonly conversation: string
  readonly receipts: readonly Watermark[]
  /** For the reader's own devices only. */
  readonly unread?: number
}

/** A conversation appeared for this user, or what it is to them changed (muted, pinned, cleared, blocked). */
export interface ConversationEntry {
  readonly kind: 'conversation'
  readonly conversation: string
  readonly summary: ConversationSummary
}

/** Somebody asks this user into a group, which waits for a yes. */
export interface Invited {
  readonly conversation: string
  readonly title: string
  /** Who asks. */
  readonly author: string
  /** How many are in it. */
  readonly members: number
  readonly ts: number
}

/** `open: false`: it was answered, or taken back. */
export interface InvitedEntry extends Invited {
  readonly kind: 'invited'
  readonly open: boolean
}

/** What stands in an inbox, at an offset of its own (dense per user). `re` marks what was perhaps sent before. */
export type InboxEntry = (
  | MessageEntry
  | EditEntry
  | DeleteEntry
  | ReactionEntry
  | MembershipEntry
  | ReceiptEntry
  | ConversationEntry
  | InvitedEntry
) & {
  readonly re?: true
}

export interface ChangedMembers {
  readonly version: number
  readonly seq: number
  /** Those who come in when they say yes. Nobody learns why somebody has to be asked. */
  readonly asked?: readonly string[] | undefined
}

export interface Member {
  readonly user: string
  readonly role: Role
  /** `seq` of the entry that brought them in. */
  readonly since: number
  readonly delivered: number
  readonly read: number
}

/** A conversation as one member has it in the list. */
export interface ConversationSummary {
  readonly id: string
  readonly kind: 'direct' | 'group'
  readonly title: string
  /** Who may send, and who may change the title (chat M16). */
  readonly send: Allowed
  readonly edit: Allowed
  /** Rises by one with each change of members; a send may carry it as `version`. */
  readonly version: number
  /** The newest `seq`, and its time. */
  readonly seq: number
  readonly ts: number
  readonly unread: number
  readonly last?: MessageEntry
  /** The newest change of members or title, where nothing was said since. */
  readonly line?: MembershipEntry
  readonly members: readonly Member[]
  readonly muted: boolean
  /** When it ends by itself; absent where it does not. */
  readonly muted_until?: number
  /** Places of unread messages that name this user, the oldest first, a hundred at most. */
  readonly mentions?: readonly number[]
  readonly pinned: boolean
  /** Everything up to here was cleared on this account. */
  readonly cleared: number
  /** Of two: that one has blocked the other, who is not told. */
  readonly blocked?: true
  /** Others put this user here, who has neither answered nor accepted: until then nobody there learns of their presence and devices. */
  readonly request?: true
  /** It waits for a yes since its other one may not write to this user without asking: it notifies nobody, and they learn nothing of it. */
  readonly held?: true
  /** How many ask to be let in, for those who may let them. */
  readonly requests?: number
  /** Out of the list, in the archive; a message beyond `seq` brings it back unless it is muted. */
  readonly archived?: true
  /** Out of the list; a message beyond `seq` brings it back. */
  readonly deleted?: true
  /** To be shown as unread, whatever was read, until it is read or answered. */
  readonly marked?: true
  /** Whether one is still in it; what came before one left can still be read. */
  readonly active: boolean
}

/** Where a page of the list goes on. */
export interface ListPlace {
  readonly before: number
  readonly before_id: string
}

/** A way into a group that is still open. */
export interface Invitation {
  readonly code: string
  /** Who made it. */
  readonly author: string
  readonly expires: number
  /** How often it may be used; 0 for as often as one likes. */
  readonly uses: number
  readonly used: number
  /** Whether those who lead the group are asked first. */
  readonly approval: boolean
}

/** Who is in touch; `last_seen` where they let one see it and are away. */
export interface UserPresence {
  readonly user: string
  readonly online: boolean
  readonly last_seen?: number
}

/** What passes in `chat:<conversation>`, to members who have it open, and is never kept. */
export type OpenSignal =
  | { readonly kind: 'typing'; readonly user: string; readonly on: boolean }
  | ({ readonly kind: 'presence' } & UserPresence)

/** What the connect reply's subscription to `inbox:#<user>` carries as `data`. */
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
  /** Where files can be had for a while by whoever calls, as paths of this server. Whether one may have them is asked when they are followed. */
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
