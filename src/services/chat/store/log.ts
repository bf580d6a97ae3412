import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import {
  type Allowed,
  type ConversationEntry,
  chatErrors,
  type DeleteEntry,
  type InboxEntry,
  type InvitedEntry,
  type ReceiptEntry,
  type Role,
} from '../model/wire.ts'
import { type EntryBody, type EntryRow, entryOf, type LogKind } from './entry-row.ts'

/** A row of `chat_conversation`. */
export interface ConversationRow {
  readonly id: string
  readonly kind: 'direct' | 'group'
  readonly title: string
  readonly version: number
  readonly seq: number
  readonly ts: number
  readonly send_by: Allowed
  readonly edit_by: Allowed
}

/**
 * How somebody came to be in a conversation, or to be in it no longer. `given`: by own choice, or they have answered; `begun`: they opened it and
 * have said nothing; `none`: others put them there; `held`: the same of two, by somebody who may not write to them without asking; `silent`: the same by somebody whom they have blocked, and they do not know of it; `left`: they
 * went by own choice; `removed`: others put them out.
 */
export type Consent = 'given' | 'begun' | 'none' | 'held' | 'silent' | 'left' | 'removed'

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
  /** Unix milliseconds; 0 where it is not muted. */
  readonly muted_until: number
  readonly pinned: number
  readonly cleared: number
  readonly consent: Consent
  /** 0, or the `seq` from which on a message brings it back into the list; one that is muted stays archived. */
  readonly archived_below: number
  readonly deleted_below: number
  /** Whether the user wants to see it as unread. */
  readonly marked: number
}

export interface LogPlace {
  readonly seq: number
  readonly ts: number
}

/** What a draft of an entry says. */
export interface EntryDraft {
  readonly kind: LogKind
  readonly author: string
  readonly target?: number
  readonly rev?: number
  readonly body: EntryBody
}

/** Something that a transaction put into an inbox, to be delivered when it is committed. */
export interface InboxAppend {
  readonly person: string
  readonly pts: number
  readonly entry: InboxEntry
}

/** What no entry of the log stands for, and so is kept with the inbox itself. */
export type OwnEntry = ReceiptEntry | DeleteEntry | InvitedEntry

const conversationColumns = 'id, kind, title, version, seq, ts, send_by, edit_by'
export const memberColumns = `conversation, person, role, since, active, delivered_to, read_to, unread, muted_until, pinned, cleared, consent,
  archived_below, deleted_below, marked`

/** The conversation, held until the transaction ends: what is appended to it gets its place one after another. */
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

export interface Held {
  readonly row: ConversationRow
  readonly member: MemberRow
}

/**
 * The conversation, held, and what it is to somebody who is or was in it. One question asks for both, and takes no lock for a stranger.
 * @throws CommandError 404, after the same questions for one that does not exist and for one that was never theirs
 */
export async function holdKnown(tx: Queries, id: string, person: string): Promise<Held> {
  const [row] = await tx.all<ConversationRow>(
    `select ${conversationColumns} from chat_conversation
     where id = (select m.conversation from chat_member m where m.conversation = ?1 and m.person = ?2) /*lock*/`,
    id,
    person,
  )
  // Once it is held nobody moves: what was asked with it may be older.
  const member = row === undefined ? undefined : await findMember(tx, id, person)
  if (row === undefined || member === undefined) throw noConversation()
  return { row, member }
}

/** The same, of somebody who is in it now. */
export async function holdAs(tx: Queries, id: string, person: string): Promise<Held> {
  const held = await holdKnown(tx, id, person)
  if (held.member.active === 0) throw noConversation()
  return held
}

/** What somebody says who may not know whether there is such a conversation. */
export function noConversation(): CommandError {
  return new CommandError(chatErrors.notFound, 'no such conversation')
}

/** @throws CommandError 404 for whoever is not in it now */
export async function memberOf(queries: Queries, conversation: string, person: string): Promise<MemberRow> {
  const member = await findMember(queries, conversation, person)
  if (member === undefined || member.active === 0) throw new CommandError(chatErrors.notFound, 'no such conversation')
  return member
}

/** The newest `seq` that somebody who is or was in a conversation may see. */
export async function newestFor(queries: Queries, { row, member }: Held): Promise<number> {
  if (member.active === 1) return row.seq
  const [left] = await queries.all<{ seq: number | null }>(
    'select max(to_seq) as seq from chat_stay where conversation = ?1 and person = ?2',
    row.id,
    member.person,
  )
  return left?.seq ?? 0
}

export async function memberCount(queries: Queries, conversation: string): Promise<number> {
  const [row] = await queries.all<{ count: number }>(
    'select cast(count(*) as integer) as count from chat_member where conversation = ?1 and active = 1',
    conversation,
  )
  return row?.count ?? 0
}

export async function activeMembers(queries: Queries, conversation: string): Promise<string[]> {
  const rows = await queries.all<{ person: string }>(
    'select person from chat_member where conversation = ?1 and active = 1 order by person',
    conversation,
  )
  return rows.map(({ person }) => person)
}

/** Gives the draft the next place of a conversation that is held. Time never goes back in one conversation (chat M3). */
export async function append(
  tx: Queries,
  conversation: string,
  draft: EntryDraft,
  now: number,
): Promise<LogPlace & { readonly row: EntryRow }> {
  const [place] = await tx.all<LogPlace>(
    'update chat_conversation set seq = seq + 1, ts = case when ts > ?2 then ts else ?2 end where id = ?1 returning seq, ts',
    conversation,
    now,
  )
  if (place === undefined) throw new CommandError(chatErrors.notFound, 'no such conversation')
  const { kind, author, target = null, rev = 0 } = draft
  const body = JSON.stringify(draft.body)
  await tx.run(
    `insert into chat_entry (conversation, seq, kind, author, ts, target, body, rev, deleted)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)`,
    conversation,
    place.seq,
    kind,
    author,
    place.ts,
    target,
    body,
    rev,
  )
  return { ...place, row: { conversation, ...place, kind, author, target, body, rev, deleted: 0, original: null } }
}

const continues = 'run_conversation = ?1 and run_seq + pts - run_first + 1 = ?3'

/** SQL: ends the runs that the entry does not continue, and puts it into each inbox. Inboxes are taken in the order of their names. */
function fanOutTexts(endsFor: string, entersFor: string) {
  const theirs = 'person in (select person from chat_member where conversation = ?1 and active = 1 and person <> ?2)'
  const end = `with due as (
      select person, pts, run_conversation, run_first, run_seq, run_ts from chat_inbox where ${theirs}${endsFor} order by person /*lock*/)
     insert into chat_run (person, pts, first, kind, conversation, seq, ts, body)
     select person, pts, run_first, 'log', run_conversation, run_seq, run_ts, null from due
     where run_conversation <> '' and not (${continues})`
  const enter = `update chat_inbox set
       run_first = case when ${continues} then run_first else pts + 1 end,
       run_seq = case when ${continues} then run_seq else ?3 end,
       run_conversation = ?1, run_ts = ?4, pts = pts + 1
     where ${theirs}${entersFor} returning person, pts`
  return { end, enter }
}

const isOpenTo = (author: string) =>
  ` and not exists (select 1 from chat_block b where b.person = chat_inbox.person and b.blocked = ${author})`
const toAll = fanOutTexts('', '')
const toOpen = fanOutTexts(isOpenTo('?4'), isOpenTo('?5'))

/**
 * Puts an entry into the inbox of everyone who is in the conversation, except of those named: into the run that ends there, or into a new one.
 * Inboxes are taken in the order of their names, so that two transactions never wait for each other.
 */
export async function fanOut(tx: Queries, row: EntryRow, except = ''): Promise<InboxAppend[]> {
  const { conversation, seq, ts, author } = row
  await tx.run(toAll.end, conversation, except, seq)
  return posted(await tx.all<Head>(toAll.enter, conversation, except, seq, ts), row, author)
}

/** The same, except of those who have blocked its author. */
export async function fanOutToOpen(tx: Queries, row: EntryRow, except = ''): Promise<InboxAppend[]> {
  const { conversation, seq, ts, author } = row
  await tx.run(toOpen.end, conversation, except, seq, author)
  return posted(await tx.all<Head>(toOpen.enter, conversation, except, seq, ts, author), row, author)
}

interface Head {
  readonly person: string
  readonly pts: number
}

function posted(heads: readonly Head[], row: EntryRow, author: string): InboxAppend[] {
  const shared = entryOf(row, '')
  return heads.map(({ person, pts }) => ({ person, pts, entry: person === author ? entryOf(row, person) : shared }))
}

/** Puts something of one user's own into their inbox. */
export async function post(tx: Queries, person: string, entry: OwnEntry, now: number): Promise<InboxAppend> {
  const pts = await postAlone(tx, person, 'own', entry.conversation, JSON.stringify(entry), now)
  return { person, pts, entry }
}

/** Tells a user's devices what a conversation is to them now. Whoever reads it later gets what it is then. */
export async function postConversation(tx: Queries, person: string, entry: ConversationEntry, now: number): Promise<InboxAppend> {
  const pts = await postAlone(tx, person, 'conversation', entry.conversation, null, now)
  return { person, pts, entry }
}

/** An inbox is there before anything comes into it. */
export async function openInbox(tx: Queries, person: string): Promise<void> {
  await tx.run(
    `insert into chat_inbox (person, pts, floor, run_conversation, run_first, run_seq, run_ts) values (?1, 0, 0, '', 0, 0, 0)
     on conflict (person) do nothing`,
    person,
  )
}

async function postAlone(
  tx: Queries,
  person: string,
  kind: 'own' | 'conversation',
  conversation: string,
  body: string | null,
  now: number,
): Promise<number> {
  await openInbox(tx, person)
  await tx.run(
    `with due as (select person, pts, run_conversation, run_first, run_seq, run_ts from chat_inbox where person = ?1 /*lock*/)
     insert into chat_run (person, pts, first, kind, conversation, seq, ts, body)
     select person, pts, run_first, 'log', run_conversation, run_seq, run_ts, null from due where run_conversation <> ''`,
    person,
  )
  const [head] = await tx.all<{ pts: number }>(
    "update chat_inbox set pts = pts + 1, run_conversation = '' where person = ?1 returning pts",
    person,
  )
  const pts = head?.pts ?? 0
  await tx.run(
    'insert into chat_run (person, pts, first, kind, conversation, seq, ts, body) values (?1, ?2, ?2, ?3, ?4, 0, ?5, ?6)',
    person,
    pts,
    kind,
    conversation,
    now,
    body,
  )
  return pts
}
