import type { SharedFile } from '../model/file.ts'
import type { Mention } from '../model/mentions.ts'
import type {
  DeleteEntry,
  EditEntry,
  Encrypted,
  MembershipChange,
  MembershipEntry,
  MessageEntry,
  Origin,
  ReactionEntry,
} from '../model/wire.ts'

/** What stands in a conversation's log. */
export type ConversationLogEntry = MessageEntry | EditEntry | DeleteEntry | ReactionEntry | MembershipEntry
export type LogKind = ConversationLogEntry['kind']

/** A row of `chat_entry`. */
export interface EntryRow {
  readonly conversation: string
  readonly seq: number
  readonly kind: LogKind
  readonly author: string
  readonly ts: number
  readonly target: number | null
  /** JSON of `EntryBody`; null once it was deleted. */
  readonly body: string | null
  readonly rev: number
  readonly deleted: number
  /** What a message said before its first edit, for those who left before it; null where there was none. */
  readonly original: string | null
  /** Its place in the order of all that comes into inboxes. */
  readonly place: number
}

/** What an entry says beside its place, its author and its target. */
export interface EntryBody {
  readonly text?: string | undefined
  readonly enc?: Encrypted | undefined
  readonly mentions?: readonly Mention[] | undefined
  readonly reply_to?: number | undefined
  readonly files?: readonly SharedFile[] | undefined
  readonly emoji?: string | undefined
  readonly membership?: MembershipChange & { readonly version: number }
  /** Shown to the author's own devices alone. */
  readonly origin?: Origin | undefined
}

/** A message is named by its place: unique for ever, and the same after a restart. */
export function midOf(conversation: string, seq: number): string {
  return `${conversation}.${seq}`
}

/** The columns of an entry, in the order of nothing: rows are read by name. */
export const entryColumns = 'e.conversation, e.seq, e.kind, e.author, e.ts, e.target, e.body, e.rev, e.deleted, e.original, e.place'

/** An entry as `reader` gets it. */
export function entryOf(row: EntryRow, reader: string): ConversationLogEntry {
  // Written by this service alone, from checked input.
  const body: EntryBody = row.body === null ? {} : JSON.parse(row.body)
  const { conversation, seq, ts, author } = row
  const logged = { conversation, seq, ts, author, ...(body.origin !== undefined && author === reader ? { origin: body.origin } : {}) }
  const target = row.target ?? 0
  switch (row.kind) {
    case 'message':
      return {
        kind: 'message',
        ...logged,
        mid: midOf(conversation, seq),
        ...content(body),
        ...(body.files === undefined ? {} : { files: body.files }),
        ...(body.reply_to === undefined ? {} : { reply_to: body.reply_to }),
        ...(row.rev > 0 ? { rev: row.rev } : {}),
        ...(row.deleted === 1 ? { deleted: true } : {}),
      }
    case 'edit':
      return { kind: 'edit', ...logged, target, mid: midOf(conversation, target), rev: row.rev, ...content(body) }
    case 'delete':
      return { kind: 'delete', ...logged, for: 'everyone', target, mid: midOf(conversation, target) }
    case 'reaction':
      return { kind: 'reaction', ...logged, target, mid: midOf(conversation, target), emoji: body.emoji ?? '' }
    case 'membership':
      return { kind: 'membership', ...logged, ...(body.membership ?? { change: 'left', users: [], version: 0 }) }
  }
}

function content({ text, enc, mentions }: EntryBody): { text?: string; enc?: Encrypted; mentions?: readonly Mention[] } {
  return {
    ...(text === undefined ? {} : { text }),
    ...(enc === undefined ? {} : { enc }),
    ...(mentions === undefined ? {} : { mentions }),
  }
}

/** What a search finds a message by: its words, and the names of its files. */
export function searchedText({ text, files = [] }: EntryBody): string | undefined {
  const parts = [...(text === undefined ? [] : [text]), ...files.map(({ name }) => name)]
  return parts.length === 0 ? undefined : parts.join('\n')
}
