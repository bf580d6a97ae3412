import type { Queries, Sql } from '../../../service.ts'
import { foldText } from '../model/fold.ts'
import { termsOf } from '../search/terms.ts'
import { type EntryBody, type LogKind, searchedText } from './entry-row.ts'

/**
 * Places of a conversation's log that one segment of the index covers. A posting is as many characters as there are messages with its term, so that a
 * word which is in every one of 100,000 messages is read in a hundred rows.
 */
export const segmentPlaces = 1024
/** The character that stands for the first place of a segment: those up to the last take two bytes each. */
const firstPlace = 0x100
/** Entries that one transaction indexes, and terms after which it takes no further one: 5 ms at most, but for a message that is longer by itself. */
const entriesAtOnce = 64
const termsAtOnce = 1500
/** How many postings one statement writes: a few texts, each prepared once. */
const rowsOfStatement = [64, 16, 4, 1]

export function segmentOf(seq: number): number {
  return Math.floor(seq / segmentPlaces)
}

/** Calls back with the place of each message that a posting names. */
export function readPlaces(places: string, take: (place: number) => void): void {
  for (let index = 0; index < places.length; index++) take(places.charCodeAt(index) - firstPlace)
}

interface IndexedRow {
  readonly seq: number
  readonly kind: LogKind
  readonly ts: number
  readonly target: number | null
  readonly body: string | null
  readonly original: string | null
}

/** What an index gets of one segment. */
interface Additions {
  ts: number
  readonly places: Map<string, string>
}

/**
 * Brings the index of a conversation forward, by some entries of its log. What messages said before they were edited stays findable, for those who had
 * left by then: a search shows each reader what a message says to them.
 * @returns whether more is left
 */
export async function indexSome(sql: Sql, conversation: string): Promise<boolean> {
  return sql.transaction(async tx => {
    const [place] = await tx.all<{ seq: number; indexed: number }>('select seq, indexed from chat_conversation where id = ?1', conversation)
    if (place === undefined || place.indexed >= place.seq) return false
    const rows = await tx.all<IndexedRow>(
      'select seq, kind, ts, target, body, original from chat_entry where conversation = ?1 and seq > ?2 order by seq limit ?3',
      conversation,
      place.indexed,
      entriesAtOnce,
    )
    const { additions, upTo } = additionsOf(rows)
    for (const [number, added] of additions) await write(tx, conversation, number, added)
    const indexed = upTo ?? place.seq
    // Held from here on: what was deleted since it was read is taken out again.
    await tx.run('update chat_conversation set indexed = ?2 where id = ?1', conversation, indexed)
    const gone = await tx.all<{ seq: number }>(
      "select target as seq from chat_entry where conversation = ?1 and kind = 'delete' and seq > ?2",
      conversation,
      place.seq,
    )
    for (const { seq } of gone) await unindex(tx, conversation, seq)
    return indexed < place.seq
  })
}

/** Takes a message out of the index, whatever it said. */
export async function unindex(tx: Queries, conversation: string, seq: number): Promise<void> {
  const [segment] = await tx.all<{ id: number }>(
    'select id from chat_segment where conversation = ?1 and number = ?2',
    conversation,
    segmentOf(seq),
  )
  if (segment === undefined) return
  await tx.run(
    "update chat_posting set places = replace(places, ?2, '') where segment = ?1 and replace(places, ?2, '') <> places",
    segment.id,
    placeOf(seq),
  )
  await tx.run("delete from chat_posting where segment = ?1 and places = ''", segment.id)
}

/** What the rows say of each segment, and up to which of them. */
function additionsOf(rows: readonly IndexedRow[]): {
  readonly additions: ReadonlyMap<number, Additions>
  readonly upTo: number | undefined
} {
  const additions = new Map<number, Additions>()
  let terms = 0
  let upTo: number | undefined
  for (const { seq, kind, ts, target, body, original } of rows) {
    if (terms > termsAtOnce) break
    upTo = seq
    const message = kind === 'edit' ? target : kind === 'message' ? seq : null
    const texts = [body, original].flatMap(textIn)
    if (message === null || texts.length === 0) continue
    const added = additions.get(segmentOf(message)) ?? { ts: 0, places: new Map<string, string>() }
    additions.set(segmentOf(message), added)
    if (kind === 'message') added.ts = Math.max(added.ts, ts)
    const found = new Set(texts.flatMap(text => [...termsOf(foldText(text))]))
    for (const term of found) added.places.set(term, (added.places.get(term) ?? '') + placeOf(message))
    terms += found.size
  }
  return { additions, upTo }
}

function textIn(body: string | null): string[] {
  if (body === null) return []
  // Written by this service alone, from checked input.
  const read: EntryBody = JSON.parse(body)
  const text = searchedText(read)
  return text === undefined ? [] : [text]
}

function placeOf(seq: number): string {
  return String.fromCharCode(firstPlace + (seq % segmentPlaces))
}

async function write(tx: Queries, conversation: string, number: number, { ts, places }: Additions): Promise<void> {
  const [segment] = await tx.all<{ id: number }>(
    `insert into chat_segment (conversation, number, ts) values (?1, ?2, ?3) on conflict (conversation, number) do update
       set ts = case when excluded.ts > chat_segment.ts then excluded.ts else chat_segment.ts end returning id`,
    conversation,
    number,
    ts,
  )
  if (segment === undefined) return
  const postings = [...places]
  for (let from = 0; from < postings.length; ) {
    const size = rowsOfStatement.find(rows => rows <= postings.length - from) ?? 1
    await tx.run(writing(size), segment.id, ...postings.slice(from, from + size).flat())
    from += size
  }
}

const writings = new Map(rowsOfStatement.map(rows => [rows, writingText(rows)]))

function writing(rows: number): string {
  return writings.get(rows) ?? writingText(rows)
}

function writingText(rows: number): string {
  const values = Array.from({ length: rows }, (_, row) => `(?1, ?${2 * row + 2}, ?${2 * row + 3})`)
  return `insert into chat_posting (segment, term, places) values ${values.join(', ')}
    on conflict (segment, term) do update set places = chat_posting.places || excluded.places`
}
