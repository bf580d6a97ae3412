import { CommandError, errors } from '../../../protocol/index.ts'
import type { Sql, SqlValue } from '../../../service.ts'
import { limits } from '../limits.ts'
import { findWords, foldText, wordsOf } from '../model/fold.ts'
import type { SearchHit } from '../model/search.ts'
import { compareMoments, readMoment, type SearchPlace, writeMoment } from '../search/search-place.ts'
import { snippetOf } from '../search/snippet.ts'
import { rangesOf } from '../search/terms.ts'
import { type EntryBody, type EntryRow, entryColumns, midOf, searchedText } from './entry-row.ts'
import { contentsFor } from './former.ts'
import { noConversation } from './log.ts'
import { addMarked } from './search-segments.ts'
import { Searched, type SearchedRow } from './searched.ts'
import { visibleTo } from './visible.ts'
import { atOnce, type Pause } from './walk.ts'

export interface SearchAsked {
  readonly query: string
  /** Without it, all of the person's conversations are searched. */
  readonly conversation?: string | undefined
  readonly limit?: number | undefined
  /** The `next` of the page before. */
  readonly before?: string | undefined
}

export interface SearchPage {
  readonly hits: readonly SearchHit[]
  /** The rows that the hits stand in, in the same order. */
  readonly rows: readonly EntryRow[]
  readonly next?: string
  /** There is more that was not looked through: the index is still being made. */
  readonly incomplete?: true
}

interface Reading {
  readonly sql: Sql
  readonly person: string
  readonly words: readonly string[]
  readonly start: SearchPlace | undefined
}

/** Looks for the moment of a page in so many conversations at a time. */
const locatedAtOnce = 16
const wantedPlaces = Array.from(
  { length: locatedAtOnce },
  (_, index) => `(cast(?${3 * index + 2} as text), cast(?${3 * index + 3} as integer), cast(?${3 * index + 4} as integer))`,
)
const locating = `with wanted (conversation, after, upto) as (values ${wantedPlaces.join(', ')})
  select w.conversation, (select e.seq from chat_entry e where e.conversation = w.conversation and e.seq > w.after and e.seq <= w.upto and e.ts <= ?1
    order by e.seq desc limit 1) as seq from wanted w`

/**
 * Messages in which a word begins with each of the words, the newest first. The index names messages that may be meant; what each says to this reader, and
 * whether they may see it, is read from its row. Encrypted ones are never found (chat M27).
 */
export async function search(
  sql: Sql,
  person: string,
  { conversation, query, limit = limits.resultsMax, before }: SearchAsked,
  pause: Pause = atOnce,
): Promise<SearchPage> {
  const start = before === undefined ? undefined : readMoment(before)
  if (before !== undefined && start === undefined) throw new CommandError(errors.badRequest, 'before: expected the next of a page before')
  const searched = await conversationsOf(sql, person, conversation)
  if (conversation !== undefined && searched.length === 0) throw noConversation()
  const words = wordsOf(query)
  if (words.length === 0) return { hits: [], rows: [] }
  const isCut = addUnindexed(searched)
  await addMarked(sql, person, searched, rangesOf(words).slice(0, limits.searchWordsMax), pause)
  for (const each of searched) each.arrange()
  if (start !== undefined) await skipTo(sql, searched, start, pause)
  const page = await fill({ sql, person, words, start }, searched, Math.min(limit, limits.resultsMax), pause)
  return isCut ? { ...page, incomplete: true } : page
}

/** What somebody may see of which conversations, in the order of the database. */
async function conversationsOf(sql: Sql, person: string, conversation: string | undefined): Promise<Searched[]> {
  const rows = await sql.all<SearchedRow & { readonly from_seq: number; readonly to_seq: number | null }>(
    `select c.id, c.seq, c.indexed, c.ts, m.cleared, s.from_seq, s.to_seq
     from chat_member m join chat_conversation c on c.id = m.conversation
       join chat_stay s on s.conversation = m.conversation and s.person = m.person
     where m.person = ?1 and ${conversation === undefined ? "m.consent <> 'silent'" : 'm.conversation = ?2'} order by m.conversation`,
    ...(conversation === undefined ? [person] : [person, conversation]),
  )
  const found = new Map<string, Searched>()
  for (const { from_seq, to_seq, ...row } of rows) {
    const searched = found.get(row.id) ?? new Searched(row)
    found.set(row.id, searched)
    searched.stays.push([from_seq, to_seq ?? Number.POSITIVE_INFINITY])
  }
  return [...found.values()]
}

/** The newest of what the index does not hold is looked through. @returns whether there is more of it */
function addUnindexed(searched: readonly Searched[]): boolean {
  let left: number = limits.searchUnindexed
  let isCut = false
  for (const each of searched.filter(({ behind }) => behind > 0).toSorted((one, other) => other.row.ts - one.row.ts)) {
    const looked = Math.min(left, each.behind)
    each.lookThrough(looked)
    left -= looked
    isCut ||= looked < each.behind
  }
  return isCut
}

/** Lets each conversation begin where the page does. */
async function skipTo(sql: Sql, searched: readonly Searched[], start: SearchPlace, pause: Pause): Promise<void> {
  const split = searched.flatMap(each => {
    const places = each.skip(start)
    return places === undefined ? [] : [{ each, places }]
  })
  for (let from = 0; from < split.length; from += locatedAtOnce) {
    await pause()
    const some = split.slice(from, from + locatedAtOnce)
    const wanted: SqlValue[] = Array.from({ length: locatedAtOnce }, (_, index) => {
      const one = some[index]
      return one === undefined ? ['', 0, 0] : [one.each.row.id, ...one.places]
    }).flat()
    const rows = await sql.all<{ conversation: string; seq: number | null }>(locating, start.ts, ...wanted)
    const newest = new Map(rows.map(({ conversation, seq }) => [conversation, seq]))
    for (const { each, places } of some) each.skipTo(newest.get(each.row.id) ?? places[0])
  }
}

interface Hit extends SearchPlace {
  readonly row: EntryRow
  readonly hit: SearchHit
}

/** Reads what may be meant, the newest first, until nothing that is still to come can be on the page. */
async function fill(reading: Reading, searched: readonly Searched[], limit: number, pause: Pause): Promise<SearchPage> {
  let hits: Hit[] = []
  for (let isFirst = true; ; isFirst = false) {
    const batch = batchOf(searched, hits[limit]?.ts ?? Number.NEGATIVE_INFINITY)
    if (batch.length === 0) return pageOf(hits, limit)
    if (!isFirst) await pause()
    hits = [...hits, ...(await readHits(reading, batch))].toSorted(compareMoments).slice(0, limit + 1)
  }
}

/** At most so many hits, and so many characters of messages, but at least one. */
function pageOf(hits: readonly Hit[], limit: number): SearchPage {
  let characters = 0
  const over = hits.findIndex(({ row }) => {
    characters += row.body?.length ?? 0
    return characters > limits.pageBytesMax
  })
  const shown = hits.slice(0, Math.min(limit, over === -1 ? limit : Math.max(1, over)))
  const last = shown.at(-1)
  return {
    hits: shown.map(({ hit }) => hit),
    rows: shown.map(({ row }) => row),
    ...(last === undefined || shown.length === hits.length ? {} : { next: writeMoment(last) }),
  }
}

interface Taken {
  readonly from: Searched
  readonly seqs: readonly number[]
}

/** What to read next: of the conversations with the newest, unless that is older than what is on a full page. */
function batchOf(searched: readonly Searched[], oldest: number): Taken[] {
  const waiting = searched
    .flatMap(from => {
      const { newest } = from
      return newest === undefined || newest < oldest ? [] : [{ from, newest }]
    })
    .toSorted((one, other) => other.newest - one.newest)
  // Of many conversations a message each says which of them have the newest.
  const share = Math.max(1, Math.floor(limits.searchStep / Math.max(1, waiting.length)))
  const taken: Taken[] = []
  let left: number = limits.searchStep
  for (const { from } of waiting) {
    if (left <= 0) break
    const seqs = from.take(Math.min(share, left))
    left -= seqs.length
    taken.push({ from, seqs })
  }
  return taken
}

type ReadRow = EntryRow & { readonly seen: number }

async function readHits({ sql, person, words, start }: Reading, batch: readonly Taken[]): Promise<Hit[]> {
  const pairs = batch.flatMap(({ from, seqs }) => seqs.map(seq => [from.row.id, seq] as const))
  const size = pairs.length <= fewPairs ? fewPairs : limits.searchStep
  const padded: SqlValue[] = Array.from({ length: size }, (_, index) => pairs[index] ?? ['', 0]).flat()
  const rows = await sql.all<ReadRow>(readTexts.get(size) ?? readText(size), person, ...padded)
  note(rows, batch)
  const seen = rows.filter(({ kind, deleted, seen }) => kind === 'message' && deleted === 0 && seen === 1)
  return (await contentsFor(sql, person, seen)).flatMap(row => {
    const hit = hitOf(row, words)
    const { ts, conversation, seq } = row
    const isDue = start === undefined || compareMoments(start, row) < 0
    return hit === undefined || !isDue ? [] : [{ ts, conversation, seq, row, hit }]
  })
}

/** How far each conversation is, and which messages turned out to have been edited since they were indexed. */
function note(rows: readonly ReadRow[], batch: readonly Taken[]): void {
  const byId = new Map(batch.map(({ from }) => [from.row.id, from]))
  for (const { conversation, ts, kind, target } of rows) {
    const from = byId.get(conversation)
    from?.came(ts)
    if (kind === 'edit' && target !== null) from?.changed(target)
  }
}

function hitOf(row: EntryRow, words: readonly string[]): SearchHit | undefined {
  // Written by this service alone, from checked input.
  const body: EntryBody = row.body === null ? {} : JSON.parse(row.body)
  const text = searchedText(body)
  if (text === undefined) return undefined
  const folded = foldText(text)
  const found = findWords(folded, words)
  if (found === undefined) return undefined
  const { conversation, seq, author, ts } = row
  return { conversation, seq, mid: midOf(conversation, seq), author, ts, snippet: snippetOf(folded.plain, found) }
}

/** Most searches for a rare word read no more. */
const fewPairs = 8
const readTexts = new Map([fewPairs, limits.searchStep].map(size => [size, readText(size)]))

function readText(size: number): string {
  const pairs = Array.from({ length: size }, (_, index) => `(cast(?${2 * index + 2} as text), cast(?${2 * index + 3} as integer))`)
  return `with wanted (conversation, seq) as (values ${pairs.join(', ')})
    select ${entryColumns}, case when ${visibleTo('?1')} then 1 else 0 end as seen
    from wanted w cross join chat_entry e where e.conversation = w.conversation and e.seq = w.seq`
}
