import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { type Allowed, type ConversationEntry, chatErrors, type Role } from '../model/wire.ts'
import { type EntryBody, type EntryRow, entryOf, type LogKind } from './entry-row.ts'
import type { InboxAppend, OwnEntry } from './inbox-append.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import { unreadOf } from './unread.ts'

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
  /** Messages that were said, for those who are there: see `unreadOf`. */
  readonly counted: number
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

const conversationColumns = 'id, kind, title, version, seq, ts, send_by, edit_by, counted'

/** SQL: the columns of a member row. */
export function memberColumnsOf(member: string): string {
  return `${member}.conversation, ${member}.person, role, since, active, delivered_to, read_to, ${unreadOf(member)} as unread, muted_until, pinned, cleared,
    consent, archived_below, deleted_below, marked`
}

export const memberColumns = memberColumnsOf('chat_member')

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
  // Members change while the clock is held alone: what is asked with the conversation is of the same moment.
  const [both] = await tx.all<Omit<ConversationRow, 'id'> & MemberRow>(
    `select c.kind, c.title, c.version, c.seq, c.ts, c.send_by, c.edit_by, c.counted, ${memberColumnsOf('m')}
     from chat_conversation c join chat_member m on m.conversation = c.id and m.person = ?2 where c.id = ?1 /*lock*/`,
    id,
    person,
  )
  if (both === undefined) throw noConversation()
  return { row: { ...both, id }, member: both }
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

/** An entry that was appended, and what of its conversation it moved. */
export interface Appended extends LogPlace {
  readonly row: EntryRow
  /** Messages that were said, for those who are there. */
  readonly counted: number
}

/** Gives the draft the next `seq` of a conversation that is held, and the next place in the inboxes. Time never goes back in one conversation (chat M3). */
export async function append(change: UnitOfWork, conversation: string, draft: EntryDraft): Promise<Appended> {
  const { tx, now } = change
  const { kind, author, target = null, rev = 0 } = draft
  const [moved] = await tx.all<LogPlace & { counted: number }>(
    `update chat_conversation set seq = seq + 1, ts = case when ts > ?2 then ts else ?2 end, counted = counted + ?3
     where id = ?1 returning seq, ts, counted`,
    conversation,
    now,
    kind === 'message' ? 1 : 0,
  )
  if (moved === undefined) throw new CommandError(chatErrors.notFound, 'no such conversation')
  const { seq, ts, counted } = moved
  const place = change.clock.next()
  const body = JSON.stringify(draft.body)
  await tx.run(
    `insert into chat_entry (conversation, seq, kind, author, ts, target, body, rev, deleted, place)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)`,
    conversation,
    seq,
    kind,
    author,
    ts,
    target,
    body,
    rev,
    place,
  )
  return { seq, ts, counted, row: { conversation, seq, ts, kind, author, target, body, rev, deleted: 0, original: null, place } }
}

/**
 * Who gets an entry: everyone who is in the conversation, except whoever is named. Nothing is written for each of them, since what stands in an
 * inbox follows from who is where.
 */
export async function fanOut(change: UnitOfWork, row: EntryRow, except = '', members?: readonly string[]): Promise<InboxAppend[]> {
  const moved = await behind(change, row)
  if (except !== '') await withhold(change.tx, moved, except)
  const there = members ?? (await activeMembers(change.tx, row.conversation))
  return posted(except === '' ? there : there.filter(person => person !== except), moved)
}

/** The same, except of those who have blocked its author. */
export async function fanOutToOpen(change: UnitOfWork, row: EntryRow, except = ''): Promise<InboxAppend[]> {
  const { tx } = change
  const moved = await behind(change, row)
  const there = await activeMembers(tx, row.conversation)
  const rows = await tx.all<{ person: string }>('select person from chat_block where blocked = ?1', row.author)
  const closed = new Set([except, ...rows.map(({ person }) => person)])
  for (const person of there) if (closed.has(person)) await withhold(tx, moved, person)
  return posted(
    there.filter(person => !closed.has(person)),
    moved,
  )
}

/** What was put into inboxes since the entry was appended comes before it. */
async function behind({ tx, clock }: UnitOfWork, row: EntryRow): Promise<EntryRow> {
  if (clock.place === row.place) return row
  const place = clock.next()
  await tx.run('update chat_entry set place = ?3 where conversation = ?1 and seq = ?2', row.conversation, row.seq, place)
  return { ...row, place }
}

async function withhold(tx: Queries, { conversation, seq }: EntryRow, person: string): Promise<void> {
  await tx.run(
    'insert into chat_withheld (conversation, person, seq) values (?1, ?2, ?3) on conflict do nothing',
    conversation,
    person,
    seq,
  )
}

function posted(people: readonly string[], row: EntryRow): InboxAppend[] {
  const { author, place } = row
  const shared = entryOf(row, '')
  return people.map(person => ({ person, place, entry: person === author ? entryOf(row, person) : shared }))
}

/** Puts something of one user's own into their inbox. */
export async function post(change: UnitOfWork, person: string, entry: OwnEntry): Promise<InboxAppend> {
  const place = await postAlone(change, person, 'own', entry.conversation, JSON.stringify(entry))
  return { person, place, entry }
}

/** Tells a user's devices what a conversation is to them now. Whoever reads it later gets what it is then. */
export async function postConversation(change: UnitOfWork, person: string, entry: ConversationEntry): Promise<InboxAppend> {
  const place = await postAlone(change, person, 'conversation', entry.conversation, null)
  return { person, place, entry }
}

/** An inbox is there before anything comes into it. */
export async function openInbox(tx: Queries, person: string): Promise<void> {
  await tx.run('insert into chat_inbox (person, pts, floor) values (?1, 0, 0) on conflict (person) do nothing', person)
}

async function postAlone(
  { tx, now, clock }: UnitOfWork,
  person: string,
  kind: 'own' | 'conversation',
  conversation: string,
  body: string | null,
): Promise<number> {
  await openInbox(tx, person)
  const place = clock.next()
  await tx.run(
    'insert into chat_own (person, place, kind, conversation, ts, body) values (?1, ?2, ?3, ?4, ?5, ?6)',
    person,
    place,
    kind,
    conversation,
    now,
    body,
  )
  return place
}
