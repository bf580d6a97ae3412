import { CommandError, errors } from '../../../protocol/index.ts'
import type { Queries } from '../../../store/index.ts'
import { limits } from '../limits.ts'
import { searchable } from '../model/text.ts'
import { type ChatCommands, chatErrors, type MembershipEntry, type MessageEntry } from '../model/wire.ts'
import { type EntryRow, entryColumns, type LogEntry } from './entry-row.ts'
import { entriesFor } from './former.ts'
import { findConversation, findMember, noConversation } from './log.ts'
import { blockedSince, hidesReading } from './profiles.ts'
import { visibleTo } from './visible.ts'

type Asked = ChatCommands['chat.history']['in']
type Page = ChatCommands['chat.history']['out']

const shown = "e.kind in ('message', 'membership')"

/** A page by place, so that what is written meanwhile moves nothing (chat M21). Edits, deletions and reactions are folded in. */
export async function pageOf(
  queries: Queries,
  person: string,
  { conversation, before, after, around, limit = limits.pageDefault }: Asked,
): Promise<Page> {
  if ([before, after, around].filter(seq => seq !== undefined).length > 1)
    throw new CommandError(errors.badRequest, 'give one of before, after and around')
  await checkKnown(queries, conversation, person)
  const most = Math.min(limit, limits.pageMax)
  if (around !== undefined) {
    const older = await stretch(queries, conversation, person, { upTo: around, limit: Math.ceil(most / 2) })
    const newer = await stretch(queries, conversation, person, { after: around, limit: most - older.entries.length })
    return { entries: [...older.entries, ...newer.entries], has_more: older.has_more || newer.has_more }
  }
  if (after !== undefined) return stretch(queries, conversation, person, { after, limit: most })
  return stretch(queries, conversation, person, { upTo: before === undefined ? undefined : before - 1, limit: most })
}

/** Messages that hold the text, whatever its case, the newest first. Encrypted ones are never found (chat M27). */
export async function search(
  queries: Queries,
  person: string,
  { conversation, text, limit = limits.resultsMax }: ChatCommands['chat.search']['in'],
) {
  await checkKnown(queries, conversation, person)
  const pattern = `%${searchable(text).replace(/[\\%_]/g, found => `\\${found}`)}%`
  const rows = await queries.all<EntryRow>(
    `select ${entryColumns} from chat_entry e where e.conversation = ?1 and e.kind = 'message' and e.deleted = 0 and e.plain like ?3 escape '\\'
       and ${visibleTo('?2')} order by e.seq desc limit ?4`,
    conversation,
    person,
    pattern,
    Math.min(limit, limits.resultsMax),
  )
  const entries = await entriesFor(queries, conversation, person, rows)
  // Whoever has left finds by what a message said then.
  return { entries: entries.filter(isMessage).filter(entry => searchable(entry.text ?? '').includes(searchable(text))) }
}

/** Who got a message when, and who read it (chat M11): for its author, of everyone who was there when it was sent. */
export async function infoOf(
  queries: Queries,
  person: string,
  { conversation, seq }: ChatCommands['chat.info']['in'],
): Promise<ChatCommands['chat.info']['out']> {
  await checkKnown(queries, conversation, person)
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
    const [delivered, read] = [at.delivered, at.read].map(ts => (ts === null || ts > until ? null : ts))
    told.push({ user, ...(delivered == null ? {} : { delivered }), ...(read == null || hides ? {} : { read }) })
  }
  return { seq, recipients: told }
}

async function checkKnown(queries: Queries, conversation: string, person: string): Promise<void> {
  if ((await findMember(queries, conversation, person)) === undefined) throw noConversation()
}

async function stretch(
  queries: Queries,
  conversation: string,
  person: string,
  { after, upTo, limit }: { after?: number; upTo?: number | undefined; limit: number },
): Promise<Page> {
  const forward = after !== undefined
  const rows = await queries.all<EntryRow>(
    `select ${entryColumns} from chat_entry e where e.conversation = ?1 and ${shown} and e.seq > ?3 and e.seq <= ?4 and ${visibleTo('?2')}
     order by e.seq ${forward ? 'asc' : 'desc'} limit ?5`,
    conversation,
    person,
    after ?? 0,
    upTo ?? 2 ** 31 - 1,
    limit + 1,
  )
  const kept = rows.slice(0, limit)
  const ordered = forward ? kept : kept.reverse()
  const entries = await entriesFor(queries, conversation, person, ordered)
  return { entries: entries.filter(isShown), has_more: rows.length > limit }
}

function isMessage(entry: LogEntry): entry is MessageEntry {
  return entry.kind === 'message'
}

function isShown(entry: LogEntry): entry is MessageEntry | MembershipEntry {
  return entry.kind === 'message' || entry.kind === 'membership'
}
