import { systemClock } from '../../../kit/index.ts'
import type { Queries, Sql } from '../../../service.ts'
import { limits } from '../limits.ts'
import type { ConversationSummary, ListPlace, Member, MembershipEntry, MessageEntry } from '../model/wire.ts'
import { type EntryBody, type EntryRow, entryColumns, entryOf } from './entry-row.ts'
import { entriesFor } from './former.ts'
import { pageFrom, placesOf } from './list-places.ts'
import { type ConversationRow, findConversation, findMember, type MemberRow, memberColumns } from './log.ts'
import { unreadMentions } from './mentions.ts'
import { muteOf } from './mute.ts'
import { areApart, hasBlocked, hidesReading } from './profiles.ts'
import { isWithin, visibleTo } from './visible.ts'
import { atOnce, type Pause } from './walk.ts'

/** Rows of one step of a list, half a millisecond: members of its conversations, and some for each of these. */
const stepRows = 256
const rowsPerConversation = 32

/** A row of `chat_member`, as far as the list shows it. */
export type Listed = Pick<
  MemberRow,
  'unread' | 'muted_until' | 'pinned' | 'cleared' | 'active' | 'consent' | 'archived_below' | 'deleted_below' | 'marked'
>

/** A conversation as one member has it in the list; undefined where they never were in it. */
export async function conversationOf(
  queries: Queries,
  id: string,
  person: string,
  now: number = systemClock.now(),
): Promise<ConversationSummary | undefined> {
  const row = await findConversation(queries, id)
  const member = row === undefined ? undefined : await findMember(queries, id, person)
  if (row === undefined || member === undefined) return undefined
  return shown(queries, row, member, now)
}

/** What of a user's list is asked for. */
export interface Asked {
  readonly before?: number | undefined
  readonly before_id?: string | undefined
  readonly limit?: number | undefined
  /** These alone, as far as they are theirs. */
  readonly ids?: readonly string[] | undefined
}

/** A page of a user's list. */
export interface ListPage {
  readonly conversations: readonly ConversationSummary[]
  readonly next?: ListPlace | undefined
  readonly unread?: number | undefined
}

/**
 * The conversations of a user, those with the newest entries first. Direct ones in which nobody has said anything are there as well. Each is of
 * one moment, and some at a time are read before others have their turn.
 */
export async function listConversations(sql: Sql, person: string, asked: Asked, pause: Pause = atOnce): Promise<ConversationSummary[]> {
  return [...(await pageOfList(sql, person, asked, pause)).conversations]
}

/** The same, with where it goes on: a page says so itself, since what it lists may move while it is read. */
export async function pageOfList(
  sql: Sql,
  person: string,
  { limit = limits.conversationsMax, ids, ...from }: Asked,
  pause: Pause = atOnce,
  now: number = systemClock.now(),
): Promise<ListPage> {
  if (ids !== undefined) return { conversations: await readAll(sql, person, ids, now, pause) }
  const { places, unread } = await placesOf(sql, person, now, pause)
  const page = pageFrom(places, Math.min(limit, limits.conversationsMax), from)
  const conversations = await readAll(sql, person, page.ids, now, pause)
  return { conversations, ...(page.next === undefined ? {} : { next: page.next }), ...(from.before === undefined ? { unread } : {}) }
}

async function readAll(sql: Sql, person: string, ids: readonly string[], now: number, pause: Pause): Promise<ConversationSummary[]> {
  const waiting = [...ids].reverse()
  const conversations: ConversationSummary[] = []
  for (let isFirst = true; waiting.length > 0; isFirst = false) {
    if (!isFirst) await pause()
    // May run again where the store breaks a transaction off: what it took is taken once it is done.
    const some = await sql.transaction(tx => someOf(tx, waiting, person, now))
    waiting.length -= some.length
    for (const conversation of some) if (conversation !== undefined) conversations.push(conversation)
  }
  return conversations
}

/** Not what somebody began who is blocked. */
async function listed(queries: Queries, id: string, person: string, now: number): Promise<ConversationSummary | undefined> {
  const row = await findConversation(queries, id)
  const member = row === undefined ? undefined : await findMember(queries, id, person)
  if (row === undefined || member === undefined || member.consent === 'silent') return undefined
  return shown(queries, row, member, now)
}

/** As many from the end of the list as one step has room for. */
async function someOf(
  queries: Queries,
  waiting: readonly string[],
  person: string,
  now: number,
): Promise<(ConversationSummary | undefined)[]> {
  const some: (ConversationSummary | undefined)[] = []
  for (let rows = 0; rows < stepRows; ) {
    const id = waiting.at(-1 - some.length)
    if (id === undefined) return some
    const conversation = await listed(queries, id, person, now)
    some.push(conversation)
    rows += rowsPerConversation + (conversation?.members.length ?? 0)
  }
  return some
}

/** Whoever has left has it as it was then: nothing of what came after, nor of who came later and how far the others are now (chat M15). */
async function shown(queries: Queries, row: ConversationRow, member: MemberRow, now: number): Promise<ConversationSummary> {
  const { conversation, person } = member
  const last = await lastOf(queries, conversation, person)
  const line = await lineOf(queries, row, person, last?.seq)
  const shownLine = line === undefined ? {} : { line }
  if (member.active === 1) {
    const members = await membersFor(queries, row, person)
    const other = row.kind === 'direct' ? members.find(({ user }) => user !== person) : undefined
    const isBlocked = other !== undefined && (await hasBlocked(queries, person, other.user))
    const conversation = describe(row, member, members, { last, requests: await requestsIn(queries, row, member), now })
    // Whoever is named in what is unread has something unread.
    const mentions = row.kind === 'group' && member.unread > 0 ? await unreadMentions(queries, member) : []
    return { ...conversation, ...shownLine, ...(mentions.length === 0 ? {} : { mentions }), ...(isBlocked ? { blocked: true } : {}) }
  }
  const left = await asLeft(queries, row, person)
  const then = describe(left, member, await membersAt(queries, row.id, person, left.seq), { last, requests: 0, now })
  return { ...then, ...shownLine }
}

async function asLeft(queries: Queries, row: ConversationRow, person: string): Promise<ConversationRow> {
  const changes = await queries.all<{ seq: number; ts: number; body: string }>(
    `select e.seq, e.ts, e.body from chat_entry e where e.conversation = ?1 and e.kind = 'membership'
       and e.seq <= (select max(s.to_seq) from chat_stay s where s.conversation = ?1 and s.person = ?2) order by e.seq desc`,
    row.id,
    person,
  )
  // Written by this service alone, and never deleted.
  const memberships = changes.flatMap(({ body }) => {
    const { membership }: EntryBody = JSON.parse(body)
    return membership === undefined ? [] : [membership]
  })
  const [left] = changes
  const title = memberships.find(membership => 'title' in membership)?.title ?? row.title
  return { ...row, title, version: memberships[0]?.version ?? row.version, seq: left?.seq ?? row.seq, ts: left?.ts ?? row.ts }
}

/** The others who were there when somebody left. Whoever saw how far they were keeps that. */
async function membersAt(queries: Queries, conversation: string, person: string, seq: number): Promise<Member[]> {
  const rows = await queries.all<{ person: string; since: number }>(
    `select s.person, s.from_seq as since from chat_stay s where s.conversation = ?1 and s.person <> ?2 and s.from_seq <= ?3
       and (s.to_seq is null or s.to_seq > ?3) order by s.from_seq, s.person`,
    conversation,
    person,
    seq,
  )
  return rows.map(({ person: user, since }) => ({ user, role: 'member', since, delivered: 0, read: 0 }))
}

/** Everyone who is in it now. */
export async function membersOf(queries: Queries, conversation: string): Promise<Member[]> {
  const rows = await queries.all<MemberRow>(
    `select ${memberColumns} from chat_member where conversation = ?1 and active = 1 order by since, person`,
    conversation,
  )
  return rows.map(({ person, role, since, delivered_to, read_to }) => ({
    user: person,
    role,
    since,
    delivered: delivered_to,
    read: read_to,
  }))
}

/**
 * As one of them may see it: in a conversation of two, not how far the other has read where one of both does not show it (chat M12), nor how far they
 * came after a block.
 */
async function membersFor(queries: Queries, { id, kind }: ConversationRow, person: string): Promise<Member[]> {
  const members = await membersOf(queries, id)
  const other = kind === 'direct' ? members.find(({ user }) => user !== person) : undefined
  if (other === undefined) return members
  const hides = await hidesReading(queries, person, other.user)
  // Who has blocked somebody and who has not let them in yet look alike.
  const isReserved = (await areApart(queries, person, other.user)) || (await holdsBack(queries, id, other.user))
  const known = isReserved ? await toldOf(queries, id, other) : other
  const seen = hides ? { ...known, read: 0 } : known
  return members.map(member => (member === other ? seen : member))
}

/** Whether somebody waits with their yes to what another began who may not write to them unasked: nothing is told of them meanwhile. */
export async function holdsBack(queries: Queries, conversation: string, person: string): Promise<boolean> {
  const member = await findMember(queries, conversation, person)
  return member?.consent === 'held' || member?.consent === 'silent'
}

/** How far the others were told that somebody is. */
async function toldOf(queries: Queries, conversation: string, member: Member): Promise<Member> {
  const [told] = await queries.all<Pick<Member, 'delivered' | 'read'>>(
    'select told_delivered as delivered, told_read as read from chat_member where conversation = ?1 and person = ?2',
    conversation,
    member.user,
  )
  return { ...member, ...told }
}

export function describe(
  row: ConversationRow,
  member: Listed,
  members: readonly Member[],
  { last, requests, now }: { readonly last?: MessageEntry | undefined; readonly requests: number; readonly now: number },
): ConversationSummary {
  const { id, kind, title, version, seq, ts, send_by: send, edit_by: edit } = row
  const { unread, cleared } = member
  return {
    id,
    kind,
    title,
    send,
    edit,
    version,
    seq,
    ts,
    unread,
    ...(last === undefined ? {} : { last }),
    members,
    ...muteOf(member.muted_until, now),
    pinned: member.pinned === 1,
    cleared,
    ...(isArchivedBy(member, last, now) ? { archived: true } : {}),
    ...(member.deleted_below > (last?.seq ?? 0) ? { deleted: true } : {}),
    ...(member.marked === 1 ? { marked: true } : {}),
    active: member.active === 1,
    ...((member.consent === 'none' || member.consent === 'held') && member.active === 1 ? { request: true } : {}),
    ...(member.consent === 'held' ? { held: true } : {}),
    ...(requests === 0 ? {} : { requests }),
  }
}

/** By the newest message that they see; see `isArchived` for the same in SQL. */
function isArchivedBy({ archived_below, muted_until }: Listed, last: MessageEntry | undefined, now: number): boolean {
  return archived_below > 0 && (muted_until > now || archived_below > (last?.seq ?? 0))
}

/** How many ask to be let in, for whoever may let them. */
async function requestsIn(queries: Queries, { id, kind }: ConversationRow, { person, role, active }: MemberRow): Promise<number> {
  if (kind !== 'group' || role === 'member' || active === 0) return 0
  const [row] = await queries.all<{ count: number }>(
    `select cast(count(*) as integer) as count from chat_request r where r.conversation = ?1
       and not exists (select 1 from chat_block b where b.person = ?2 and b.blocked = r.person)`,
    id,
    person,
  )
  return row?.count ?? 0
}

/** The newest change of members or title after a message, for whoever sees it. Two that talk have none. */
async function lineOf(queries: Queries, { id, kind }: ConversationRow, person: string, after = 0): Promise<MembershipEntry | undefined> {
  if (kind === 'direct') return undefined
  const [row] = await queries.all<EntryRow>(
    `select ${entryColumns} from chat_entry e where e.conversation = ?1 and e.kind = 'membership' and e.seq > ?3 and ${visibleTo('?2')}
       and ${isWithin('?1', '?2')} order by e.seq desc limit 1`,
    id,
    person,
    after,
  )
  const entry = row === undefined ? undefined : entryOf(row, person)
  return entry?.kind === 'membership' ? entry : undefined
}

async function lastOf(queries: Queries, conversation: string, person: string): Promise<MessageEntry | undefined> {
  const [row] = await queries.all<EntryRow>(
    `select ${entryColumns} from chat_entry e where e.conversation = ?1 and e.kind = 'message' and ${visibleTo('?2')} and ${isWithin('?1', '?2')}
     order by e.seq desc limit 1`,
    conversation,
    person,
  )
  if (row === undefined) return undefined
  const [entry] = await entriesFor(queries, conversation, person, [row])
  return entry?.kind === 'message' ? entry : undefined
}

/** The conversations in which a user takes part by own choice. */
export async function conversationsWith(
  queries: Queries,
  person: string,
): Promise<{ readonly id: string; readonly kind: ConversationRow['kind'] }[]> {
  return queries.all(
    "select c.id, c.kind from chat_member m join chat_conversation c on c.id = m.conversation where m.person = ?1 and m.active = 1 and m.consent = 'given'",
    person,
  )
}
