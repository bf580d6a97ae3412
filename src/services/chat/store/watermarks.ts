import type { Queries } from '../../../service.ts'
import type { ReceiptEntry, Watermark } from '../model/wire.ts'
import { activeMembers, type Consent, holdConversation, holdKnown, type MemberRow, newestFor, post } from './log.ts'
import { step } from './messages.ts'
import { areApart, hidesReading } from './profiles.ts'
import { unmark } from './tell-own.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import { countsFor } from './visible.ts'

interface DueRow {
  readonly person: string
  readonly consent: Consent
  readonly delivered_to: number
  readonly read_to: number
  readonly told_delivered: number
  readonly told_read: number
}

/** What a device acknowledged has been delivered: the newest of each conversation between two places of the inbox (chat M9). */
export async function deliver({ tx, now, receiptsDue }: UnitOfWork, person: string, after: number, upTo: number): Promise<void> {
  if (upTo <= after) return
  const rows = await tx.all<{ conversation: string; seq: number }>(
    `select conversation, cast(max(seq + (case when pts < ?3 then pts else ?3 end) - first) as integer) as seq from chat_span
     where person = ?1 and pts > ?2 and first <= ?3 and kind = 'log' group by conversation order by conversation`,
    person,
    after,
    upTo,
  )
  for (const { conversation, seq } of rows) {
    const changed = await tx.run(
      'update chat_member set delivered_to = ?3, receipt_due = 1 where conversation = ?1 and person = ?2 and delivered_to < ?3',
      conversation,
      person,
      seq,
    )
    if (changed === 0) continue
    await step(tx, conversation, person, 'delivered', seq, now)
    receiptsDue.add(conversation)
  }
}

/** Forwards only; what cannot have been read yet is not read. Reading is having it delivered. */
export async function read(
  change: UnitOfWork,
  person: string,
  conversation: string,
  seq: number,
): Promise<{ read: number; unread: number }> {
  const { tx, now, inboxAppends, receiptsDue } = change
  const { row, member } = await holdKnown(tx, conversation, person)
  const upTo = Math.min(seq, await newestFor(tx, { row, member }))
  if (member.marked === 1) await unmark(change, member)
  if (upTo <= member.read_to) return { read: member.read_to, unread: member.unread }
  const unread = member.unread - (await countBetween(tx, member, upTo))
  await tx.run(
    `update chat_member set read_to = ?3, delivered_to = case when delivered_to > ?3 then delivered_to else ?3 end, unread = ?4, receipt_due = 1
     where conversation = ?1 and person = ?2`,
    conversation,
    person,
    upTo,
    unread,
  )
  await step(tx, conversation, person, 'read', upTo, now)
  inboxAppends.push(
    await post(tx, person, { kind: 'receipt', conversation, receipts: [{ user: person, read: upTo, ts: now }], unread }, now),
  )
  receiptsDue.add(conversation)
  return { read: upTo, unread }
}

/**
 * Tells authors how far others are with what they wrote: each author one entry with all that moved, however many members it were
 * (chat M10). Authors who have left hear nothing more. What nobody was told of yet is marked in the rows, so that a crash in
 * between tells it later, never not at all.
 */
export async function tellReceipts(change: UnitOfWork, conversation: string): Promise<void> {
  const { tx, now, inboxAppends } = change
  const { kind } = await holdConversation(tx, conversation)
  // Of two who are apart neither hears how far the other is.
  if (kind === 'direct' && (await areTwoApart(tx, conversation))) {
    await tx.run('update chat_member set receipt_due = 0 where conversation = ?1', conversation)
    return
  }
  const rows = await tx.all<DueRow>(
    `select person, consent, delivered_to, read_to, told_delivered, told_read from chat_member where conversation = ?1 and receipt_due = 1 order by person`,
    conversation,
  )
  const byAuthor = new Map<string, Watermark[]>()
  const authors = new Authors(tx, conversation)
  // Of whoever waits with their yes nothing is told until they give it.
  for (const row of rows.filter(({ consent }) => consent !== 'held' && consent !== 'silent'))
    await gather(tx, authors, row, kind === 'direct', now, byAuthor)
  await tx.run(
    `update chat_member set receipt_due = 0, told_delivered = case when consent in ('held', 'silent') then told_delivered else delivered_to end,
       told_read = case when consent in ('held', 'silent') then told_read else read_to end where conversation = ?1 and receipt_due = 1`,
    conversation,
  )
  for (const [author, receipts] of [...byAuthor].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const entry: ReceiptEntry = { kind: 'receipt', conversation, receipts }
    inboxAppends.push(await post(tx, author, entry, now))
  }
}

/** Nothing up to there is unread any longer, and no author is told that it was read. What was read before is told at once. */
export async function passOver(change: UnitOfWork, conversation: string, person: string, seq: number): Promise<void> {
  await tellReceipts(change, conversation)
  await change.tx.run(
    'update chat_member set read_to = ?3, told_read = ?3, unread = 0 where conversation = ?1 and person = ?2',
    conversation,
    person,
    seq,
  )
}

/** Conversations in which somebody moved and authors were not told: those of a server that ended too early. */
export async function untoldReceipts(queries: Queries): Promise<string[]> {
  const rows = await queries.all<{ conversation: string }>(
    'select distinct conversation from chat_member where receipt_due = 1 order by conversation',
  )
  return rows.map(({ conversation }) => conversation)
}

/** By counting, for whoever does not believe the number that is kept. */
export async function recountUnread(queries: Queries, conversation: string, person: string): Promise<number> {
  const [row] = await queries.all<{ count: number }>(
    `select cast(count(*) as integer) as count from chat_entry e join chat_member m on m.conversation = e.conversation and m.person = ?2
     where e.conversation = ?1 and e.seq > m.read_to and ${countsFor('?2')}`,
    conversation,
    person,
  )
  return row?.count ?? 0
}

async function areTwoApart(tx: Queries, conversation: string): Promise<boolean> {
  const [one, other] = await activeMembers(tx, conversation)
  return one !== undefined && other !== undefined && areApart(tx, one, other)
}

async function gather(
  tx: Queries,
  authors: Authors,
  { person, delivered_to, read_to, told_delivered, told_read }: DueRow,
  isDirect: boolean,
  now: number,
  byAuthor: Map<string, Watermark[]>,
): Promise<void> {
  const got = new Set(await authors.between(told_delivered, delivered_to))
  const wereRead = new Set(await authors.between(told_read, read_to))
  for (const author of new Set([...got, ...wereRead])) {
    if (author === person) continue
    const mayTellRead = wereRead.has(author) && !(isDirect && (await hidesReading(tx, person, author)))
    if (!mayTellRead && !got.has(author)) continue
    const watermark: Watermark = { user: person, delivered: delivered_to, ...(mayTellRead ? { read: read_to } : {}), ts: now }
    const list = byAuthor.get(author)
    if (list === undefined) byAuthor.set(author, [watermark])
    else list.push(watermark)
  }
}

/** Who wrote what was said between two places, of those who are still there. Members of a lively group move from and to the same few places. */
class Authors {
  readonly #known = new Map<string, readonly string[]>()

  constructor(
    readonly tx: Queries,
    readonly conversation: string,
  ) {}

  async between(after: number, upTo: number): Promise<readonly string[]> {
    if (upTo <= after) return []
    const key = `${after} ${upTo}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const rows = await this.tx.all<{ author: string }>(
      `select distinct e.author from chat_entry e join chat_member a on a.conversation = e.conversation and a.person = e.author
       where e.conversation = ?1 and e.kind = 'message' and e.seq > ?2 and e.seq <= ?3 and a.active = 1`,
      this.conversation,
      after,
      upTo,
    )
    const authors = rows.map(({ author }) => author)
    this.#known.set(key, authors)
    return authors
  }
}

async function countBetween(tx: Queries, { conversation, person, read_to }: MemberRow, upTo: number): Promise<number> {
  const [row] = await tx.all<{ count: number }>(
    `select cast(count(*) as integer) as count from chat_entry e where e.conversation = ?1 and e.seq > ?3 and e.seq <= ?4 and ${countsFor('?2')}`,
    conversation,
    person,
    read_to,
    upTo,
  )
  return row?.count ?? 0
}
