import type { Queries } from '../../../service.ts'
import { limits } from '../limits.ts'

/** A place of an inbox: `pts` is that of its user, dense; `place` is that in the order of all. Each of an inbox's entries has both, for ever. */
export interface InboxPlace {
  readonly pts: number
  readonly place: number
}

/** Where an inbox stands: its newest place, and the newest that is not kept any longer. */
export interface InboxHead {
  readonly pts: number
  /** Up to here in the order of all, everything that is in the inbox has been counted. */
  readonly place: number
  readonly floor: InboxPlace
}

/** SQL: pairs of places that are written down for an inbox. Others are counted from them. */
const known = `select pts, place from chat_inbox where person = ?1
  union all select floor, floor_place from chat_inbox where person = ?1
  union all select acked, acked_place from chat_device where person = ?1`

const countedFrom = (after: string, upTo: string) =>
  `cast((select count(*) from chat_item i where i.person = ?1 and i.place > ${after} and i.place <= ${upTo}) as integer)`

/** All of one moment. What is too old, or too much, is counted as gone before it is. */
export async function headOf(queries: Queries, person: string): Promise<InboxHead> {
  const [head] = await queries.all<{
    pts: number
    more: number
    place: number
    floor: number
    floor_place: number
    aged: number
    old: number
  }>(
    `select a.pts, ${countedFrom('a.place', 'k.place')} as more, k.place, b.floor, b.floor_place, k.old,
       case when k.old > b.floor_place then ${countedFrom('b.floor_place', 'k.old')} else 0 end as aged
     from chat_clock k cross join (${known} order by pts desc limit 1) a cross join (select floor, floor_place from chat_inbox where person = ?1) b
     where k.id = 1`,
    person,
  )
  if (head === undefined) return { pts: 0, place: 0, floor: { pts: 0, place: 0 } }
  const pts = head.pts + head.more
  const floor = { pts: head.floor + head.aged, place: Math.max(head.floor_place, head.old) }
  const surplus = pts - limits.inboxEntriesMax
  return { pts, place: head.place, floor: surplus > floor.pts ? await placeOf(queries, person, surplus, floor) : floor }
}

/** A pair of places that is written down, the nearest that is not beyond a place. */
export async function knownBefore(queries: Queries, person: string, pts: number): Promise<InboxPlace> {
  const [found] = await queries.all<InboxPlace>(
    `select pts, place from (${known}) k where pts <= ?2 order by pts desc limit 1`,
    person,
    pts,
  )
  return found ?? { pts: 0, place: 0 }
}

/** The entry at a place of an inbox, or the last one there is. */
export async function placeOf(queries: Queries, person: string, pts: number, from?: InboxPlace): Promise<InboxPlace> {
  const near = from ?? (await knownBefore(queries, person, pts))
  if (near.pts >= pts) return near
  const rows = await queries.all<{ place: number }>(
    'select place from chat_item where person = ?1 and place > ?2 order by place limit ?3',
    person,
    near.place,
    pts - near.pts,
  )
  return { pts: near.pts + rows.length, place: rows.at(-1)?.place ?? near.place }
}

/** Where an inbox stood right before a place in the order of all. */
export async function placeBefore(tx: Queries, person: string, place: number): Promise<InboxPlace> {
  const head = await headOf(tx, person)
  const [row] = await tx.all<{ since: number }>(`select ${countedFrom('?2', '?3')} as since`, person, place - 1, head.place)
  return { pts: head.pts - (row?.since ?? 0), place: place - 1 }
}

/** Writes down where an inbox stands, so that less is counted next time. */
export async function keepHead(tx: Queries, person: string, { pts, place, floor }: InboxHead): Promise<void> {
  await tx.run(
    'update chat_inbox set pts = ?2, place = ?3, floor = ?4, floor_place = ?5 where person = ?1 and place <= ?3 and floor_place <= ?5',
    person,
    pts,
    place,
    floor.pts,
    floor.place,
  )
}
