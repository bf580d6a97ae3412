import type { Queries } from '../../../service.ts'
import { type EntryRow, entryColumns, entryOf } from './entry-row.ts'
import { contentsFor } from './former.ts'
import type { InboxAppend, OwnEntry } from './inbox-append.ts'
import { conversationOf } from './listing.ts'
import type { PlaceRange } from './place-clock.ts'

interface OwnRow {
  readonly person: string
  readonly place: number
  readonly kind: 'own' | 'conversation'
  readonly conversation: string
  readonly body: string | null
}

/** What came into inboxes between two places, in their order; of those that are wanted. */
export async function appendsBetween(
  queries: Queries,
  { from, to }: PlaceRange,
  isWanted: (person: string) => boolean,
  now: number,
): Promise<InboxAppend[]> {
  const rows = await queries.all<EntryRow>(
    `select ${entryColumns} from chat_entry e where e.place > ?1 and e.place <= ?2 order by e.place`,
    from,
    to,
  )
  const entries = new Map(rows.map(row => [row.place, row]))
  const readers = await queries.all<{ person: string; place: number }>(
    `select s.person, e.place from chat_entry e
       join chat_stay s on s.conversation = e.conversation and s.from_seq <= e.seq and e.seq <= coalesce(s.to_seq, 2147483647)
     where e.place > ?1 and e.place <= ?2
       and not exists (select 1 from chat_withheld w where w.conversation = e.conversation and w.person = s.person and w.seq = e.seq)
     order by e.place, s.person`,
    from,
    to,
  )
  const own = await queries.all<OwnRow>(
    'select person, place, kind, conversation, body from chat_own where place > ?1 and place <= ?2 order by place',
    from,
    to,
  )
  const appends: InboxAppend[] = []
  for (const { person, place } of readers) {
    const row = entries.get(place)
    if (row !== undefined && isWanted(person)) appends.push({ person, place, entry: await entryFor(queries, person, row) })
  }
  for (const row of own)
    if (isWanted(row.person)) appends.push({ person: row.person, place: row.place, entry: await ownEntry(queries, row, now) })
  return appends.sort((one, other) => one.place - other.place)
}

async function entryFor(queries: Queries, person: string, row: EntryRow) {
  const [content = row] = row.rev > 0 ? await contentsFor(queries, person, [row]) : [row]
  return entryOf(content, person)
}

async function ownEntry(queries: Queries, { person, kind, conversation: id, body }: OwnRow, now: number): Promise<InboxAppend['entry']> {
  const nothing: OwnEntry = { kind: 'receipt', conversation: id, receipts: [] }
  // Written by this service alone.
  if (kind === 'own') return body === null ? nothing : JSON.parse(body)
  const summary = await conversationOf(queries, id, person, now)
  return summary === undefined ? nothing : { kind: 'conversation', conversation: id, summary }
}
