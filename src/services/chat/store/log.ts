import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../store/index.ts'
import { type ConversationEntry, chatErrors, type DeleteEntry, type InboxEntry, type ReceiptEntry, type Role } from '../model/wire.ts'
import { type EntryBody, type EntryRow, entryOf, type LogKind } from './entry-row.ts'

/** A row of `chat_conversation`. */
export interface ConversationRow {
  readonly id: string
  readonly kind: 'direct' | 'group'
  readonly title: string
  readonly version: number
  readonly seq: number
  readonly ts: number
}

/** A row of `chat_member`. */
export interface MemberRow {
  readonly conversation: string
  readonly person: string
  readonly role: Role
  readonly since: number
  readonly active: number
  readonly delivered_to: number
  readonly read_to: number
  readonly unread: number
  readonly muted: number
  readonly pinned: number
  readonly cleared: number
}

export interface Place {
  readonly seq: number
  readonly ts: number
}

/** What a draft of an entry says. */
export interface Draft {
  readonly kind: LogKind
  readonly author: string
  readonly target?: number
  readonly rev?: number
  readonly body: EntryBody
  /** What a search finds it by. */
  readonly plain?: string | undefined
}

/** Something that a transaction put into an inbox, to be delivered when it is committed. */
export interface Posted {
  readonly person: string
  readonly pts: number
  readonly entry: InboxEntry
}

/** What no entry of the log stands for, and so is kept with the inbox itself. */
export type OwnEntry = ReceiptEntry | DeleteEntry

const conversationColumns = 'id, kind, title, version, seq, ts'
export const memberColumns = 'conversation, person, role, since, active, delivered_to, read_to, unread, muted, pinned, cleared'

/**
 * The conversation, held until the transaction ends: what is appended to it gets its place one after another.
 * @throws CommandError 404, the same for one that does not exist and one that is not theirs
 */
export async function holdConversation(tx: Queries, id: string): Promise<ConversationRow> {
  const [row] = await tx.all<ConversationRow>(`select ${conversationColumns} from chat_conversation where id = ?1 /*lock*/`, id)
  if (row === undefined) throw new CommandError(chatErrors.notFound, 'no such conversation')
  return row
}

export async function findConversation(queries: Queries, id: string): Promise<ConversationRow | undefined> {
  const [row] = await queries.all<ConversationRow>(`select ${conversationColumns} from chat_conversation where id = ?1`, id)
  return row
}

export async function findMember(queries: Queries, conversation: string, person: string): Promise<MemberRow | undefined> {
  const [row] = await queries.all<MemberRow>(
    `select ${memberColumns} from chat_member where conversation = ?1 and person = ?2`,
    conversation,
    person,
  )
  return row
}

/** @throws CommandError 404 for whoever is not in it now */
export async function memberOf(queries: Queries, conversation: string, person: string): Promise<MemberRow> {
  const member = await findMember(queries, conversation, person)
  if (member === undefined || member.active === 0) throw new CommandError(chatErrors.notFound, 'no such conversation')
  return member
}

export async function activeMembers(queries: Queries, conversation: string): Promise<string[]> {
  const rows = await queries.all<{ person: string }>(
    'select person from chat_member where conversation = ?1 and active = 1 order by person',
    conversation,
  )
  return rows.map(({ person }) => person)
}

/** Gives the draft the next place of a conversation that is held. Time never goes back in one conversation (chat M3). */
export async function append(tx: Queries, conversation: string, draft: Draft, now: number): Promise<Place & { readonly row: EntryRow }> {
  const [place] = await tx.all<Place>(
    'update chat_conversation set seq = seq + 1, ts = case when ts > ?2 then ts else ?2 end where id = ?1 returning seq, ts',
    conversation,
    now,
  )
  if (place === undefined) throw new CommandError(chatErrors.notFound, 'no such conversation')
  const { kind, author, target = null, rev = 0, plain = null } = draft
  const body = JSON.stringify(draft.body)
  await tx.run(
    `insert into chat_entry (conversation, seq, kind, author, ts, target, body, plain, rev, deleted)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)`,
    conversation,
    place.seq,
    kind,
    author,
    place.ts,
    target,
    body,
    plain,
    rev,
  )
  return { ...place, row: { conversation, ...place, kind, author, target, body, rev, deleted: 0 } }
}

/**
 * Puts a reference to an entry into the inbox of everyone who is in the conversation, except of those named. Inboxes are taken in the order of
 * their names, so that two transactions never wait for each other.
 */
export async function fanOut(tx: Queries, row: EntryRow, except = ''): Promise<Posted[]> {
  const heads = await tx.all<{ person: string; pts: number }>(
    `with due as (
       select person from chat_inbox
       where person in (select person from chat_member where conversation = ?1 and active = 1 and person <> ?2) order by person /*lock*/)
     update chat_inbox set pts = pts + 1 where person in (select person from due) returning person, pts`,
    row.conversation,
    except,
  )
  await tx.run(
    `insert into chat_item (person, pts, kind, conversation, seq, ts, body)
     select i.person, i.pts, 'log', m.conversation, cast(?2 as integer), cast(?3 as double precision), null from chat_member m join chat_inbox i on i.person = m.person
     where m.conversation = ?1 and m.active = 1 and m.person <> ?4`,
    row.conversation,
    row.seq,
    row.ts,
    except,
  )
  const shared = entryOf(row, '')
  return heads.map(({ person, pts }) => ({ person, pts, entry: person === row.author ? entryOf(row, person) : shared }))
}

/** Puts something of one user's own into their inbox. */
export async function post(tx: Queries, person: string, entry: OwnEntry, now: number): Promise<Posted> {
  const pts = await next(tx, person)
  await tx.run(
    `insert into chat_item (person, pts, kind, conversation, seq, ts, body) values (?1, ?2, 'own', ?3, 0, ?4, ?5)`,
    person,
    pts,
    entry.conversation,
    now,
    JSON.stringify(entry),
  )
  return { person, pts, entry }
}

/** Tells a user's devices what a conversation is to them now. Whoever reads it later gets what it is then. */
export async function postConversation(tx: Queries, person: string, entry: ConversationEntry, now: number): Promise<Posted> {
  const pts = await next(tx, person)
  await tx.run(
    `insert into chat_item (person, pts, kind, conversation, seq, ts, body) values (?1, ?2, 'conversation', ?3, 0, ?4, null)`,
    person,
    pts,
    entry.conversation.id,
    now,
  )
  return { person, pts, entry }
}

async function next(tx: Queries, person: string): Promise<number> {
  const [head] = await tx.all<{ pts: number }>(
    'insert into chat_inbox (person, pts, floor) values (?1, 1, 0) on conflict (person) do update set pts = chat_inbox.pts + 1 returning pts',
    person,
  )
  return head?.pts ?? 0
}
