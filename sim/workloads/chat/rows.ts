import type { Sql } from '../../../src/store/index.ts'

export interface ConversationLine {
  readonly id: string
  readonly kind: 'direct' | 'group'
  readonly version: number
  readonly seq: number
}

export interface MemberLine {
  readonly conversation: string
  readonly person: string
  readonly role: string
  readonly active: number
  readonly delivered_to: number
  readonly read_to: number
  readonly told_delivered: number
  readonly told_read: number
  readonly receipt_due: number
  readonly unread: number
  readonly cleared: number
}

export interface StayLine {
  readonly conversation: string
  readonly person: string
  readonly from_seq: number
  readonly to_seq: number | null
}

export interface EntryLine {
  readonly conversation: string
  readonly seq: number
  readonly kind: string
  readonly author: string
  readonly ts: number
  readonly target: number | null
  readonly body: string | null
  readonly rev: number
  readonly deleted: number
}

export interface ItemLine {
  readonly person: string
  readonly place: number
  readonly kind: string
  readonly conversation: string
  readonly seq: number
}

/** Everything that the service has written down, as it stands in its store. */
export interface Rows {
  readonly conversations: readonly ConversationLine[]
  readonly members: readonly MemberLine[]
  readonly stays: readonly StayLine[]
  readonly entries: readonly EntryLine[]
  readonly items: readonly ItemLine[]
  readonly inboxes: readonly { readonly person: string; readonly pts: number }[]
  /** What devices have acknowledged: a place of their inbox, and how many entries there are up to it. */
  readonly devices: readonly { readonly person: string; readonly device: string; readonly acked: number; readonly counted: number }[]
  readonly hidden: readonly { readonly conversation: string; readonly person: string; readonly seq: number }[]
  readonly reactions: readonly { readonly conversation: string; readonly seq: number; readonly person: string; readonly emoji: string }[]
}

const memberLine = `m.conversation, m.person, m.role, m.active, m.delivered_to, m.read_to, m.told_delivered, m.told_read, m.receipt_due, m.cleared,
  m.unread + case when m.active = 1 then (select c.counted from chat_conversation c where c.id = m.conversation) else 0 end as unread`

export async function readRows(sql: Sql): Promise<Rows> {
  return {
    conversations: await sql.all('select * from chat_conversation order by id'),
    members: await sql.all(`select ${memberLine} from chat_member m order by conversation, person`),
    stays: await sql.all('select * from chat_stay order by conversation, person, from_seq'),
    entries: await sql.all('select * from chat_entry order by conversation, seq'),
    items: await sql.all('select * from chat_item order by person, place'),
    inboxes: await sql.all('select person, count(*) as pts from chat_item group by person order by person'),
    devices: await sql.all(
      `select d.person, d.device, d.acked, (select count(*) from chat_item i where i.person = d.person and i.place <= d.acked_place) as counted
       from chat_device d order by d.person, d.device`,
    ),
    hidden: await sql.all('select * from chat_hidden'),
    reactions: await sql.all('select * from chat_reaction'),
  }
}

/** A member, and how much is unread as a count of the rows says. */
export type Counted = MemberLine & { readonly counted: number }

export function readCounts(sql: Sql): Promise<Counted[]> {
  return sql.all(
    `select ${memberLine}, (select count(*) from chat_entry e
       where e.conversation = m.conversation and e.kind = 'message' and e.deleted = 0 and e.author <> m.person
         and e.seq > m.read_to and e.seq > m.cleared
         and exists (select 1 from chat_stay s where s.conversation = e.conversation and s.person = m.person
           and e.seq >= s.from_seq and e.seq <= coalesce(s.to_seq, e.seq))
         and not exists (select 1 from chat_hidden h where h.conversation = e.conversation and h.person = m.person and h.seq = e.seq)) as counted
     from chat_member m`,
  )
}
