import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import type { ReceiptEntry, Watermark } from '../model/wire.ts'
import { activeMembers, type Consent, holdConversation, noConversation, post } from './log.ts'
import { areApart, hidesReading } from './profiles.ts'
import { type ReadOutcome, readAll } from './readings.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import { ownNumberOf } from './unread.ts'
import { countsFor } from './visible.ts'

interface DueRow {
  readonly person: string
  readonly consent: Consent
  readonly delivered_to: number
  readonly read_to: number
  readonly told_delivered: number
  readonly told_read: number
}

/** One who has read up to there. @throws CommandError 404 */
export async function read(change: UnitOfWork, person: string, conversation: string, seq: number): Promise<ReadOutcome> {
  const [outcome = noConversation()] = await readAll(change, [{ person, conversation, seq }])
  if (outcome instanceof CommandError) throw outcome
  return outcome
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
  const authors = await Authors.of(tx, conversation, rows)
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
    inboxAppends.push(await post(change, author, entry))
  }
}

/** Nothing up to there is unread any longer, and no author is told that it was read. What was read before is told at once. */
export async function passOver(change: UnitOfWork, conversation: string, person: string, seq: number): Promise<void> {
  await tellReceipts(change, conversation)
  await change.tx.run(
    `update chat_member set read_to = ?3, told_read = ?3, unread = ${ownNumberOf('0')} where conversation = ?1 and person = ?2`,
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

/** Entries that are read at once for who wrote them. Beyond, each stretch is asked for. */
const entriesMax = 5000

/** Who wrote what was said between two places, of those who are still there. Members of a lively group move over the same places. */
class Authors {
  readonly #known = new Map<string, readonly string[]>()

  private constructor(
    readonly tx: Queries,
    readonly conversation: string,
    /** In order; undefined where they are too many. */
    readonly entries: readonly { readonly seq: number; readonly author: string }[] | undefined,
  ) {}

  static async of(tx: Queries, conversation: string, rows: readonly DueRow[]): Promise<Authors> {
    let [from, to] = [Number.POSITIVE_INFINITY, 0]
    for (const { delivered_to, read_to, told_delivered, told_read } of rows) {
      if (told_delivered < delivered_to) [from, to] = [Math.min(from, told_delivered), Math.max(to, delivered_to)]
      if (told_read < read_to) [from, to] = [Math.min(from, told_read), Math.max(to, read_to)]
    }
    if (to - from > entriesMax) return new Authors(tx, conversation, undefined)
    const entries = from >= to ? [] : await tx.all<{ seq: number; author: string }>(between, conversation, from, to)
    return new Authors(tx, conversation, entries)
  }

  async between(after: number, upTo: number): Promise<readonly string[]> {
    if (upTo <= after) return []
    const key = `${after} ${upTo}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const entries = this.entries ?? (await this.tx.all<{ seq: number; author: string }>(between, this.conversation, after, upTo))
    const authors = new Set<string>()
    for (const { seq, author } of entries) if (seq > after && seq <= upTo) authors.add(author)
    const found = [...authors]
    this.#known.set(key, found)
    return found
  }
}

const between = `select e.seq, e.author from chat_entry e join chat_member a on a.conversation = e.conversation and a.person = e.author
  where e.conversation = ?1 and e.kind = 'message' and e.seq > ?2 and e.seq <= ?3 and a.active = 1 order by e.seq`
