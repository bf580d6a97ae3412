import type { SharedFile } from './file.ts'
import type { Mention } from './mentions.ts'

/** What stands in the logs of conversations and in the inboxes of users, and a conversation as its list shows it. Times are Unix milliseconds. */

export type Role = 'owner' | 'admin' | 'member'

/** Who may do something in a group. */
export type Allowed = 'all' | 'admins'

/** The author's text; or, end-to-end encrypted, what only devices can read. `perDevice` is by `<user>/<device>`. */
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
  /** The users that the text mentions, in order. */
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
  /** The user who asks. */
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

/** An entry of an inbox, at an offset of its own (dense per user). `re` marks an entry that may have been sent before. */
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
