import { type Clock, type Json, systemClock } from '../../../kit/index.ts'
import { Publication } from '../../../protocol/index.ts'
import type { HistoryPage, HistoryQuery, Queries, Sql } from '../../../service.ts'
import { limits } from '../limits.ts'
import type { ConversationSummary, InboxEntry } from '../model/wire.ts'
import { type EntryRow, entryOf, type LogKind } from './entry-row.ts'
import { contentsFor } from './former.ts'
import type { OwnEntry } from './inbox-append.ts'
import { headOf, type InboxHead, type InboxPlace, knownBefore } from './inbox-places.ts'
import { conversationOf } from './listing.ts'

interface ItemRow {
  readonly place: number
  readonly item: 'log' | 'conversation' | 'own'
  readonly conversation: string
  readonly posted: number
  readonly own: string | null
  readonly seq: number | null
  readonly kind: LogKind | null
  readonly author: string | null
  readonly ts: number | null
  readonly target: number | null
  readonly body: string | null
  readonly rev: number | null
  readonly deleted: number | null
  readonly original: string | null
}

/** What stands in an inbox at one place. */
export interface Item {
  readonly pts: number
  /** Its place in the order of all. */
  readonly place: number
  readonly time: number
  readonly entry: InboxEntry
}

/** In the order of their places: what is logged in the conversations, as far as the person was there, and what came for them alone. */
const itemsBehind = `select * from (
    select e.place, 'log' as item, e.conversation, e.ts as posted, cast(null as text) as own,
      e.seq, e.kind, e.author, e.ts, e.target, e.body, e.rev, e.deleted, e.original
    from chat_stay s join chat_entry e on e.conversation = s.conversation and e.place > ?2
      and e.seq + 0 >= s.from_seq and e.seq + 0 <= coalesce(s.to_seq, 2147483647)
    where s.person = ?1
      and not exists (select 1 from chat_withheld w where w.conversation = s.conversation and w.person = s.person and w.seq = e.seq)
    union all
    select o.place, o.kind, o.conversation, o.ts, o.body,
      cast(null as integer), cast(null as text), cast(null as text), cast(null as double precision), cast(null as integer), cast(null as text),
      cast(null as integer), cast(null as integer), cast(null as text)
    from chat_own o where o.person = ?1 and o.place > ?2) i
  order by place limit ?3 offset ?4`
const prefix = 'inbox:#'

export function inboxChannel(user: string): string {
  return `${prefix}${user}`
}

export function ownerOf(channel: string): string | undefined {
  return channel.startsWith(prefix) ? channel.slice(prefix.length) : undefined
}

/** Inboxes as channels: their histories are rows. An inbox's epoch is that of the store, which a restart keeps. */
export class Inboxes {
  /** Asks where an inbox stands, for somebody who follows it from there. */
  follow: (person: string, read: () => Promise<InboxHead>) => Promise<InboxHead> = (_, read) => read()

  constructor(
    readonly sql: Sql,
    readonly epoch: string,
    readonly clock: Pick<Clock, 'now'> = systemClock,
  ) {}

  /** Up to `limit` items after a place, as they are now: what was deleted since has lost its text. */
  async items(person: string, after: number, limit: number, floor?: InboxPlace): Promise<Item[]> {
    const lowest = floor ?? (await headOf(this.sql, person)).floor
    const from = Math.max(after, lowest.pts)
    const near = await knownBefore(this.sql, person, from)
    const rows = await this.sql.all<ItemRow>(itemsBehind, person, near.place, limit, from - near.pts)
    return this.#read(this.sql, person, from, rows)
  }

  async history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    const person = ownerOf(channel) ?? ''
    const { since, limit, reverse = false } = query
    const { pts, floor: lowest } = await this.follow(person, () => headOf(this.sql, person))
    const floor = lowest.pts
    const position = { epoch: this.epoch, offset: pts }
    const isSame = since !== undefined && (since.epoch === '' || since.epoch === this.epoch) && since.offset <= pts
    const most = limit < 0 ? limits.inboxEntriesMax : limit
    const after = reverse || since === undefined ? floor : Math.max(since.offset, floor)
    const items =
      most === 0
        ? []
        : reverse
          ? await this.#before(person, since?.offset ?? pts + 1, most, lowest)
          : await this.items(person, after, most, lowest)
    // What came between both questions comes live: a page ends where it says.
    const publications = items.filter(item => item.pts <= pts).map(item => this.publication(item))
    const reaches = isSame && since.offset >= floor && since.offset + publications.length >= pts
    return { position, publications, complete: !reverse && reaches, state: [] }
  }

  /** What comes from the rows was perhaps sent before. */
  publication({ pts, time, entry }: Item): Publication {
    return new Publication({ data: toJson({ ...entry, re: true }), offset: pts, time })
  }

  async #before(person: string, before: number, limit: number, floor: InboxPlace): Promise<Item[]> {
    const after = Math.max(floor.pts, before - 1 - limit)
    return after >= before - 1 ? [] : (await this.items(person, after, before - 1 - after, floor)).reverse()
  }

  async #read(queries: Queries, person: string, after: number, rows: readonly ItemRow[]): Promise<Item[]> {
    const conversations = new Map<string, ConversationSummary | undefined>()
    for (const { item, conversation } of rows) {
      if (item !== 'conversation' || conversations.has(conversation)) continue
      conversations.set(conversation, await conversationOf(queries, conversation, person, this.clock.now()))
    }
    const logged = await contentsFor(
      queries,
      person,
      rows.flatMap(row => loggedIn(row) ?? []),
    )
    const newest = await newestReactions(queries, person, logged)
    // Where somebody reacted again, the newest of it stands for all: in the places of the others there is nothing any more.
    const current = logged.filter(entry => entry.kind !== 'reaction' || (newest.get(reactionKey(entry)) ?? entry.seq) <= entry.seq)
    const byPlace = new Map(current.map(entry => [`${entry.conversation} ${entry.seq}`, entry]))
    return rows.map((row, index) => {
      const entry = byPlace.get(`${row.conversation} ${row.seq}`)
      return {
        pts: after + index + 1,
        place: row.place,
        time: row.posted,
        entry: entryIn(row, entry, person, conversations.get(row.conversation)),
      }
    })
  }
}

function reactionKey({ conversation, target, author }: Pick<EntryRow, 'conversation' | 'target' | 'author'>): string {
  return JSON.stringify([conversation, target, author])
}

/** Where each author of these reactions reacted last, as far as the person may see it. */
async function newestReactions(queries: Queries, person: string, rows: readonly EntryRow[]): Promise<ReadonlyMap<string, number>> {
  const newest = new Map<string, number>()
  const targets = new Map(rows.flatMap(row => (row.kind === 'reaction' ? [[`${row.conversation} ${row.target}`, row] as const] : [])))
  for (const { conversation, target } of targets.values()) {
    const found = await queries.all<{ author: string; seq: number }>(
      `select e.author, max(e.seq) as seq from chat_entry e
       where e.conversation = ?1 and e.target = ?2 and e.kind = 'reaction' and exists (
         select 1 from chat_stay s where s.conversation = ?1 and s.person = ?3 and s.from_seq <= e.seq and (s.to_seq is null or e.seq <= s.to_seq))
       group by e.author`,
      conversation,
      target ?? 0,
      person,
    )
    for (const { author, seq } of found) newest.set(reactionKey({ conversation, target, author }), seq)
  }
  return newest
}

/** What is stored is what is sent. */
export function toJson(entry: InboxEntry): Json {
  return entry as unknown as Json
}

function entryIn(row: ItemRow, entry: EntryRow | undefined, person: string, conversation: ConversationSummary | undefined): InboxEntry {
  const nothing: OwnEntry = { kind: 'receipt', conversation: row.conversation, receipts: [] }
  if (row.item === 'own') return row.own === null ? nothing : JSON.parse(row.own)
  if (row.item === 'conversation')
    return conversation === undefined ? nothing : { kind: 'conversation', conversation: conversation.id, summary: conversation }
  return entry === undefined ? nothing : entryOf(entry, person)
}

function loggedIn({ conversation, seq, kind, author, ts, target, body, rev, deleted, original, place }: ItemRow): EntryRow | undefined {
  if (seq === null || kind === null || author === null || ts === null) return undefined
  return { conversation, seq, kind, author, ts, target, body, rev: rev ?? 0, deleted: deleted ?? 0, original, place }
}
