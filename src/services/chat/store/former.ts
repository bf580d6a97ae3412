import type { Queries } from '../../../service.ts'
import type { Reaction } from '../model/wire.ts'
import { type ConversationLogEntry, type EntryBody, type EntryRow, entryOf } from './entry-row.ts'
import { withReactions } from './reactions.ts'

/** Behind everything that is said in a conversation. */
const noEnd = 2_147_483_647

/**
 * Entries of one conversation as a person may see them: whoever has left does not see what was changed about them since (chat M15), nor does whoever
 * has blocked an author see what that one changed.
 */
export async function entriesFor(
  queries: Queries,
  conversation: string,
  person: string,
  rows: readonly EntryRow[],
): Promise<ConversationLogEntry[]> {
  if (rows.length === 0) return []
  const left = await leftAt(queries, conversation, person)
  if (left === undefined) {
    const entries = (await contentsAt(queries, conversation, person, noEnd, rows)).map(row => entryOf(row, person))
    return withReactions(queries, entries, person)
  }
  const then = await contentsAt(queries, conversation, person, left, rows)
  const reactions = await reactionsAt(queries, conversation, left, then, person)
  return then.map(row => {
    const entry = entryOf(row, person)
    const shown = reactions.get(row.seq)
    return entry.kind === 'message' && shown !== undefined ? { ...entry, reactions: shown } : entry
  })
}

/** Rows of any conversation with what they say to the person. */
export async function contentsFor(queries: Queries, person: string, rows: readonly EntryRow[]): Promise<EntryRow[]> {
  const edited = new Set(rows.filter(({ rev, kind }) => kind === 'message' && rev > 0).map(({ conversation }) => conversation))
  let then = [...rows]
  for (const conversation of edited) {
    const left = await leftAt(queries, conversation, person)
    const own = await contentsAt(
      queries,
      conversation,
      person,
      left ?? noEnd,
      then.filter(row => row.conversation === conversation),
    )
    const bySeq = new Map(own.map(row => [row.seq, row]))
    then = then.map(row => (row.conversation === conversation ? (bySeq.get(row.seq) ?? row) : row))
  }
  return then
}

/** Where somebody saw the last of a conversation; undefined for those who are in it. */
async function leftAt(queries: Queries, conversation: string, person: string): Promise<number | undefined> {
  const [row] = await queries.all<{ active: number; seq: number | null }>(
    `select m.active, (select max(s.to_seq) from chat_stay s where s.conversation = m.conversation and s.person = m.person) as seq
     from chat_member m where m.conversation = ?1 and m.person = ?2`,
    conversation,
    person,
  )
  return row === undefined || row.active === 1 ? undefined : (row.seq ?? 0)
}

async function contentsAt(
  queries: Queries,
  conversation: string,
  person: string,
  seq: number,
  rows: readonly EntryRow[],
): Promise<EntryRow[]> {
  if (!rows.some(({ rev, kind }) => kind === 'message' && rev > 0)) return [...rows]
  const edits = await queries.all<{ target: number; body: string | null; rev: number }>(
    `select e.target, e.body, e.rev from chat_entry e
     where e.conversation = ?1 and e.kind = 'edit' and e.seq <= ?2 and e.target >= ?3 and e.target <= ?4
       and not exists (select 1 from chat_hidden h where h.conversation = e.conversation and h.person = ?5 and h.seq = e.seq) order by e.rev`,
    conversation,
    seq,
    ...rangeOf(rows),
    person,
  )
  return rows.map(row => {
    if (row.kind !== 'message' || row.rev === 0 || row.deleted === 1) return row
    const edit = edits.findLast(({ target }) => target === row.seq)
    // Written by this service alone, from checked input.
    const original: EntryBody = row.original === null ? {} : JSON.parse(row.original)
    const { text, enc, mentions }: EntryBody = edit === undefined || edit.body === null ? original : JSON.parse(edit.body)
    return { ...row, rev: edit?.rev ?? 0, body: JSON.stringify({ ...original, text, enc, mentions } satisfies EntryBody) }
  })
}

async function reactionsAt(
  queries: Queries,
  conversation: string,
  seq: number,
  rows: readonly EntryRow[],
  reader: string,
): Promise<Map<number, readonly Reaction[]>> {
  const said = await queries.all<{ target: number; author: string; body: string | null }>(
    `select target, author, body from chat_entry
     where conversation = ?1 and kind = 'reaction' and deleted = 0 and seq <= ?2 and target >= ?3 and target <= ?4
       and author not in (select blocked from chat_block where person = ?5) order by seq`,
    conversation,
    seq,
    ...rangeOf(rows),
    reader,
  )
  const newest = new Map<number, Map<string, string>>()
  for (const { target, author, body } of said) {
    const { emoji = '' }: EntryBody = body === null ? {} : JSON.parse(body)
    newest.set(target, (newest.get(target) ?? new Map<string, string>()).set(author, emoji))
  }
  return new Map(
    [...newest].map(([target, byAuthor]) => [target, counted(byAuthor, reader)] as const).filter(([, shown]) => shown.length > 0),
  )
}

/** The most frequent first, as for those who are there. */
function counted(byAuthor: ReadonlyMap<string, string>, reader: string): Reaction[] {
  const emojis = [...new Set(byAuthor.values())].filter(emoji => emoji !== '')
  const whose = (emoji: string) => [...byAuthor].filter(([, given]) => given === emoji).map(([author]) => author)
  return emojis
    .map(emoji => ({ emoji, count: whose(emoji).length, mine: whose(emoji).includes(reader) }))
    .toSorted((one, other) => other.count - one.count || (one.emoji < other.emoji ? -1 : 1))
}

function rangeOf(rows: readonly EntryRow[]): [first: number, last: number] {
  const seqs = rows.map(({ seq }) => seq)
  return [Math.min(...seqs), Math.max(...seqs)]
}
