import type { Sql } from '../../../service.ts'
import { isArchived, isDeleted } from './list-state.ts'
import type { Pause } from './walk.ts'

/** Conversations that one statement looks at: about two milliseconds. */
const stepRows = 500
/** Postgres looks by itself, on a processor of its own: fewer steps are fewer journeys. */
const stepRowsElsewhere = 20_000

/** Where a conversation stands in a user's list: the newest first, and of one millisecond by id. */
export interface PlaceInList {
  readonly id: string
  readonly ts: number
}

export interface Places {
  readonly places: readonly PlaceInList[]
  /** Messages unread in all of them that are neither muted nor archived, and wait for no yes. */
  readonly unread: number
}

interface Row {
  readonly id: string
  readonly ts: number
  readonly loud: number
  readonly deleted: number
}

/**
 * All places of a user's list, in order, some read at a time: a list of thousands must not hold up everybody else. Ordered here, so that both
 * stores order alike.
 */
export async function placesOf(sql: Sql, person: string, now: number, pause: Pause): Promise<Places> {
  const step = sql.dialect === 'sqlite' ? stepRows : stepRowsElsewhere
  const places: PlaceInList[] = []
  let unread = 0
  for (let after = ''; ; ) {
    const rows = await sql.all<Row>(text, person, after, step, now)
    for (const { id, ts, loud, deleted } of rows) {
      if (deleted === 1) continue
      places.push({ id, ts })
      unread += loud
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < step) break
    after = last.id
    await pause()
  }
  return { places: places.sort(inOrder), unread }
}

/** What a page follows. */
interface From {
  readonly before?: number | undefined
  readonly before_id?: string | undefined
}

/** A page of them. */
export function pageFrom(places: readonly PlaceInList[], limit: number, { before = Number.POSITIVE_INFINITY, before_id = '' }: From) {
  const isAfter = ({ ts, id }: PlaceInList) => ts < before || (ts === before && before_id !== '' && id > before_id)
  const first = places.findIndex(isAfter)
  const page = first === -1 ? [] : places.slice(first, first + limit)
  const last = page.at(-1)
  const next = last === undefined || first + page.length >= places.length ? undefined : { before: last.ts, before_id: last.id }
  return { ids: page.map(({ id }) => id), next }
}

function inOrder(left: PlaceInList, right: PlaceInList): number {
  return right.ts - left.ts || (left.id < right.id ? -1 : 1)
}

const unreadHere = '(m.unread + case when m.active = 1 then c.counted else 0 end)'

/** Whoever has left has a conversation where it was then. */
const text = `select c.id, coalesce(l.ts, c.ts) as ts,
    case when m.muted_until > ?4 or m.consent = 'held' or ${unreadHere} = 0 or ${isArchived('?1', '?4')} then 0 else ${unreadHere} end as loud,
    case when ${isDeleted('?1')} then 1 else 0 end as deleted
  from (select * from chat_member where person = ?1 and consent <> 'silent' and conversation > ?2 order by conversation limit ?3) m
    join chat_conversation c on c.id = m.conversation
    left join chat_entry l on m.active = 0 and l.conversation = c.id
      and l.seq = (select max(s.to_seq) from chat_stay s where s.conversation = c.id and s.person = m.person)
  order by c.id`
