import type { Sql } from '../../../service.ts'
import { limits } from '../limits.ts'
import type { TermRange } from '../search/terms.ts'
import { readPlaces, segmentOf, segmentPlaces } from './search-index.ts'
import type { Searched } from './searched.ts'
import type { Pause } from './walk.ts'

/** A segment with messages that may be meant: those of which `marks` has the number that is `wanted`. */
export interface MarkedSegment {
  readonly conversation: string
  readonly number: number
  readonly ts: number
  readonly marks: Uint8Array
  readonly wanted: number
}

/** Conversations of which the index is read together, from one to another in the order of the database, and between which segments. */
interface Part {
  readonly first: string
  readonly last: string
  readonly from: number
  readonly to: number
}

/** So few messages that reading them costs less than asking for another word. */
const few = 64
const numberMax = 2 ** 31 - 1

/** Finds in the index which messages may be meant, some segments at a time. */
export async function addMarked(
  sql: Sql,
  person: string,
  searched: readonly Searched[],
  ranges: readonly TermRange[],
  pause: Pause,
): Promise<void> {
  const byId = new Map(searched.map(each => [each.row.id, each]))
  let isFirst = true
  for (const part of partsOf(searched)) {
    let marked = new Map<number, MarkedSegment>()
    for (const [step, range] of ranges.entries()) {
      if (!isFirst) await pause()
      isFirst = false
      const { found, messages } = mark(await readPart(sql, person, part, range), step, marked)
      marked = found
      if (messages <= few) break
    }
    for (const segment of marked.values()) byId.get(segment.conversation)?.add(segment)
  }
}

interface PostingRow {
  readonly id: number
  readonly conversation: string
  readonly number: number
  readonly ts: number
  readonly places: string
}

function readPart(sql: Sql, person: string, { first, last, from, to }: Part, range: TermRange): Promise<PostingRow[]> {
  return sql.all<PostingRow>(
    `select g.id, g.conversation, g.number, g.ts, p.places
     from chat_member m cross join chat_segment g cross join chat_posting p
     where m.person = ?1 and m.conversation >= ?2 and m.conversation <= ?3
       and g.conversation = m.conversation and g.number >= ?4 and g.number <= ?5
       and p.segment = g.id and p.term >= ?6 and p.term <= ?7`,
    person,
    first,
    last,
    from,
    to,
    range.from,
    range.to,
  )
}

/** Counts on, in the messages that hold all words so far, those that hold this one as well. */
function mark(
  rows: readonly PostingRow[],
  step: number,
  known: ReadonlyMap<number, MarkedSegment>,
): { readonly found: Map<number, MarkedSegment>; readonly messages: number } {
  const found = new Map<number, MarkedSegment>()
  let messages = 0
  for (const { id, conversation, number, ts, places } of rows) {
    const marks = (found.get(id) ?? known.get(id))?.marks ?? (step === 0 ? new Uint8Array(segmentPlaces) : undefined)
    if (marks === undefined) continue
    const before = messages
    readPlaces(places, place => {
      if (marks[place] !== step) return
      marks[place] = step + 1
      messages++
    })
    if (messages > before) found.set(id, { conversation, number, ts, marks, wanted: step + 1 })
  }
  return { found, messages }
}

/** As many conversations as have so many segments together; of one that has more, a part of them. */
function* partsOf(searched: readonly Searched[]): Generator<Part> {
  let open: { first: string; last: string; segments: number } | undefined
  for (const { row } of searched) {
    const segments = row.indexed === 0 ? 0 : segmentOf(row.indexed) + 1
    if (open !== undefined && open.segments + segments > limits.searchSegments) {
      yield { first: open.first, last: open.last, from: 0, to: numberMax }
      open = undefined
    }
    if (segments > limits.searchSegments)
      for (let from = 0; from < segments; from += limits.searchSegments)
        yield { first: row.id, last: row.id, from, to: from + limits.searchSegments - 1 }
    else open = { first: open?.first ?? row.id, last: row.id, segments: (open?.segments ?? 0) + segments }
  }
  if (open !== undefined && open.segments > 0) yield { first: open.first, last: open.last, from: 0, to: numberMax }
}
