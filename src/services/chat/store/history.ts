import { CommandError, errors } from '../../../protocol/index.ts'
import type { Queries, Sql } from '../../../service.ts'
import { limits } from '../limits.ts'
import { type ChatCommands, chatErrors, type MembershipEntry, type MessageEntry } from '../model/wire.ts'
import { type ConversationLogEntry, type EntryRow, entryColumns, midOf } from './entry-row.ts'
import { entriesFor } from './former.ts'
import { holdsBack } from './listing.ts'
import { findConversation, noConversation } from './log.ts'
import { blockedSince, hidesReading } from './profiles.ts'
import { visibleTo } from './visible.ts'
import { atOnce, type Pause, type Stretch, walk } from './walk.ts'

type Asked = ChatCommands['chat.history']['in']
type Page = ChatCommands['chat.history']['out']

const shown = "e.kind in ('message', 'membership')"

/** A page by place, so that what is written meanwhile moves nothing (chat M21). Edits, deletions and reactions are folded in. */
export async function pageOf(
  sql: Sql,
  person: string,
  { conversation, before, after, around, limit = limits.pageDefault }: Asked,
  pause: Pause = atOnce,
): Promise<Page> {
  if ([before, after, around].filter(seq => seq !== undefined).length > 1)
    throw new CommandError(errors.badRequest, 'give one of before, after and around')
  const { from, to } = await seenBy(sql, conversation, person)
  const paging = { sql, conversation, person, pause }
  const most = Math.min(limit, limits.pageMax)
  if (around !== undefined) {
    const older = await page(paging, { from, to: Math.min(around, to) }, false, Math.ceil(most / 2))
    const newer = await page(paging, { from: Math.max(around, from), to }, true, most - older.entries.length)
    return { entries: [...older.entries, ...newer.entries], has_more: older.has_more || newer.has_more }
  }
  if (after !== undefined) return page(paging, { from: Math.max(after, from), to }, true, most)
  return page(paging, { from, to: before === undefined ? to : Math.min(before - 1, to) }, false, most)
}

/** Messages as history has them, in the order of their rows. */
export async function messagesFor(queries: Queries, person: string, rows: readonly EntryRow[]): Promise<MessageEntry[]> {
  const found = new Map<string, MessageEntry>()
  for (const conversation of new Set(rows.map(row => row.conversation))) {
    const own = rows.filter(row => row.conversation === conversation)
    for (const entry of await entriesFor(queries, conversation, person, own)) if (isMessage(entry)) found.set(entry.mid, entry)
  }
  return rows.flatMap(({ conversation, seq }) => found.get(midOf(conversation, seq)) ?? [])
}

/** Who got a message when, and who read it (chat M11): for its author, of everyone who was there when it was sent. */
export async function infoOf(
  queries: Queries,
  person: string,
  { conversation, seq }: ChatCommands['chat.info']['in'],
): Promise<ChatCommands['chat.info']['out']> {
  await seenBy(queries, conversation, person)
  const [row] = await queries.all<EntryRow>(
    `select ${entryColumns} from chat_entry e where e.conversation = ?1 and e.seq = ?2 and e.kind = 'message' and ${visibleTo('?3')}`,
    conversation,
    seq,
    person,
  )
  if (row === undefined) throw new CommandError(chatErrors.notFound, 'seq: no such message')
  if (row.author !== person) throw new CommandError(chatErrors.forbidden, 'only its author sees who got a message')
  const conversationRow = await findConversation(queries, conversation)
  const recipients = await queries.all<{ person: string; delivered: number | null; read: number | null }>(
    `select m.person,
       (select min(t.ts) from chat_step t where t.conversation = ?1 and t.person = m.person and t.seq >= ?2) as delivered,
       (select min(t.ts) from chat_step t where t.conversation = ?1 and t.person = m.person and t.kind = 'read' and t.seq >= ?2) as read
     from chat_member m
     where m.conversation = ?1 and m.person <> ?3
       and exists (select 1 from chat_stay s where s.conversation = ?1 and s.person = m.person and s.from_seq <= ?2 and (s.to_seq is null or ?2 <= s.to_seq))
       and (m.active = 1 or m.delivered_to >= ?2)
     order by m.person`,
    conversation,
    seq,
    person,
  )
  const told: { user: string; delivered?: number; read?: number }[] = []
  for (const { person: user, ...at } of recipients) {
    const isDirect = conversationRow?.kind === 'direct'
    const hides = isDirect && (await hidesReading(queries, user, person))
    // What came after a block is not told: to the author it is as if the other one were away.
    const until = (isDirect ? await blockedSince(queries, user, person) : undefined) ?? Number.POSITIVE_INFINITY
    const isHeld = isDirect && (await holdsBack(queries, conversation, user))
    const [delivered, read] = [at.delivered, at.read].map(ts => (ts === null || ts > until || isHeld ? null : ts))
    told.push({ user, ...(delivered == null ? {} : { delivered }), ...(read == null || hides ? {} : { read }) })
  }
  return { seq, recipients: told }
}

/** Between which places a person may see anything of a conversation. @throws CommandError 404 where they never were in it */
async function seenBy(queries: Queries, conversation: string, person: string): Promise<Stretch> {
  const [seen] = await queries.all<Stretch>(
    `select case when m.cleared > s.from_seq - 1 then m.cleared else s.from_seq - 1 end as "from", case when s.to_seq < c.seq then s.to_seq else c.seq end as "to"
     from chat_member m join chat_conversation c on c.id = m.conversation
       cross join (select coalesce(min(from_seq), 1) as from_seq, coalesce(max(coalesce(to_seq, 2147483647)), 0) as to_seq
         from chat_stay where conversation = ?1 and person = ?2) s
     where m.conversation = ?1 and m.person = ?2`,
    conversation,
    person,
  )
  if (seen === undefined) throw noConversation()
  return seen
}

interface Paging {
  readonly sql: Sql
  readonly conversation: string
  readonly person: string
  readonly pause: Pause
}

async function page({ sql, conversation, person, pause }: Paging, stretch: Stretch, forward: boolean, limit: number): Promise<Page> {
  const look = (part: Stretch, most: number) =>
    sql.all<EntryRow>(
      `select ${entryColumns} from chat_entry e where e.conversation = ?1 and ${shown} and e.seq > ?3 and e.seq <= ?4 and ${visibleTo('?2')}
       order by e.seq ${forward ? 'asc' : 'desc'} limit ?5`,
      conversation,
      person,
      part.from,
      part.to,
      most,
    )
  const rows = await walk(sql, stretch, { forward, limit: limit + 1 }, look, pause)
  const kept = rows.slice(0, Math.min(limit, countWithin(rows)))
  const ordered = forward ? kept : kept.reverse()
  const entries = await entriesFor(sql, conversation, person, ordered)
  return { entries: entries.filter(isShown), has_more: rows.length > kept.length }
}

/** How many of the first rows make a page of at most so many bytes; at least one. */
function countWithin(rows: readonly EntryRow[]): number {
  let bytes = 0
  const over = rows.findIndex(({ body, original }) => {
    bytes += (body?.length ?? 0) + (original?.length ?? 0)
    return bytes > limits.pageBytesMax
  })
  return over === -1 ? rows.length : Math.max(1, over)
}

function isMessage(entry: ConversationLogEntry): entry is MessageEntry {
  return entry.kind === 'message'
}

function isShown(entry: ConversationLogEntry): entry is MessageEntry | MembershipEntry {
  return entry.kind === 'message' || entry.kind === 'membership'
}
