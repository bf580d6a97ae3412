import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { chatErrors } from '../model/wire.ts'
import type { InboxPlace } from './inbox-places.ts'
import { padded, valueRows } from './value-rows.ts'

/** A device says what it has. */
export interface Acknowledgement {
  readonly person: string
  readonly device: string
  /** Up to there, or up to the end of the inbox. */
  readonly upTo: InboxPlace
}

export interface Acknowledgements {
  /** Where each of the devices is now. */
  readonly outcomes: readonly (InboxPlace | CommandError)[]
  /** Conversations in which somebody received more. */
  readonly moved: ReadonlySet<string>
}

interface Known {
  readonly person: string
  readonly device: string
  readonly acked: number
  readonly acked_place: number
}

/** Somebody received what stands between two places. */
export interface Received {
  readonly person: string
  readonly after: number
  readonly upTo: number
}

/**
 * Moves devices forward, never back, all that say so at once: a lively group acknowledges by the hundred. What a device acknowledged has been
 * delivered (chat M9).
 */
export async function acknowledge(tx: Queries, given: readonly Acknowledgement[], now: number): Promise<Acknowledgements> {
  const asked = valueRows(
    'v',
    { person: 'text', device: 'text' },
    given.map(({ person, device }) => [person, device]),
  )
  const rows = await tx.all<Known>(
    `${asked.text} select d.person, d.device, d.acked, d.acked_place from v
       join chat_device d on d.person = v.person and d.device = v.device`,
    ...asked.values,
  )
  const known = new Map(rows.map(row => [`${row.person} ${row.device}`, row]))
  const outcomes: (InboxPlace | CommandError)[] = []
  const moving = new Map<string, Acknowledgement>()
  const received: Received[] = []
  for (const acknowledgement of given) {
    const { person, device, upTo } = acknowledgement
    const key = `${person} ${device}`
    const row = known.get(key)
    if (row === undefined) {
      outcomes.push(new CommandError(chatErrors.notFound, 'device: not linked, connect with it first'))
      continue
    }
    const before = moving.get(key)?.upTo ?? { pts: row.acked, place: row.acked_place }
    const isForward = upTo.pts > before.pts
    outcomes.push(isForward ? upTo : before)
    if (!isForward && moving.has(key)) continue
    // Also one that stays where it is was here.
    moving.set(key, isForward ? acknowledgement : { person, device, upTo: before })
    if (isForward) received.push({ person, after: before.place, upTo: upTo.place })
  }
  if (moving.size > 0) await move(tx, [...moving.values()], now)
  return { outcomes, moved: await deliver(tx, received, now) }
}

async function move(tx: Queries, devices: readonly Acknowledgement[], now: number): Promise<void> {
  const to = valueRows(
    'v',
    { person: 'text', device: 'text', acked: 'integer', place: 'double precision', seen: 'double precision' },
    devices.map(({ person, device, upTo }) => [person, device, upTo.pts, upTo.place, now]),
  )
  await tx.run(
    `${to.text} update chat_device set acked = v.acked, acked_place = v.place, seen = v.seen from v
     where chat_device.person = v.person and chat_device.device = v.device and chat_device.acked_place <= v.place`,
    ...to.values,
  )
}

/** Places after which the entries between are not looked at together: those of some thousand transactions. */
const togetherMax = 2_097_152
/** Conversations of which the newest entry is found by going back from a place. */
const fewMax = 8

/** Of each conversation the newest that came to somebody. @returns the conversations in which that moved anybody */
export async function deliver(tx: Queries, received: readonly Received[], now: number): Promise<ReadonlySet<string>> {
  const isShort = ({ after, upTo }: Received) => upTo - after <= togetherMax
  const [short, long] = [received.filter(isShort), received.filter(each => !isShort(each))]
  const moved = [...(await deliverShort(tx, short)), ...(await deliverLong(tx, long))]
  if (moved.length > 0) await noteSteps(tx, moved, now)
  return new Set(moved.map(({ conversation }) => conversation))
}

interface Moved {
  readonly conversation: string
  readonly person: string
  readonly seq: number
}

/** Of a few lively conversations the newest entry is found at once; of many, what was logged meanwhile is read once, however many got it. */
async function deliverShort(tx: Queries, received: readonly Received[]): Promise<readonly Moved[]> {
  if (received.length === 0) return []
  const from = received.reduce((least, { after }) => Math.min(least, after), Number.POSITIVE_INFINITY)
  const to = received.reduce((most, { upTo }) => Math.max(most, upTo), 0)
  const lively = await tx.all<{ conversation: string }>(
    'select distinct conversation from chat_entry where place > ?1 and place <= ?2 limit ?3',
    from,
    to,
    fewMax + 1,
  )
  if (lively.length <= fewMax) return deliverFrom(tx, received, padded(lively.map(({ conversation }) => conversation)))
  const ranges = rangesOf(received)
  const [first, last] = [ranges.values.length + 1, ranges.values.length + 2]
  return tx.all<Moved>(
    `${ranges.text}, t as materialized (select conversation, seq, place from chat_entry where place > ?${first} and place <= ?${last})
     ${moving(`select v.person, t.conversation, max(t.seq) as seq
       from v join chat_stay s on s.person = v.person
         join t on t.conversation = s.conversation and t.place > v.after and t.place <= v.upto
           and t.seq >= s.from_seq and t.seq <= coalesce(s.to_seq, 2147483647)
       where not exists (select 1 from chat_withheld w where w.conversation = s.conversation and w.person = s.person and w.seq = t.seq)
       group by v.person, t.conversation`)}`,
    ...ranges.values,
    from,
    to,
  )
}

function deliverFrom(tx: Queries, received: readonly Received[], conversations: readonly string[]): Promise<readonly Moved[]> {
  if (conversations.length === 0) return Promise.resolve([])
  const ranges = rangesOf(received)
  const among = conversations.map((_, index) => `?${ranges.values.length + index + 1}`).join(', ')
  const theirs = 'e.conversation = s.conversation and e.place > v.after and e.place <= v.upto'
  return tx.all<Moved>(
    `${ranges.text} ${moving(newestOf(theirs, 'e.seq', 'order by e.place desc limit 1', `and s.conversation in (${among})`))}`,
    ...ranges.values,
    ...conversations,
  )
}

/** For whoever was away long: each of their conversations is looked into. */
function deliverLong(tx: Queries, received: readonly Received[]): Promise<readonly Moved[]> {
  if (received.length === 0) return Promise.resolve([])
  const ranges = rangesOf(received)
  const theirs = 'e.conversation = s.conversation and e.place > v.after and e.place <= v.upto'
  return tx.all<Moved>(`${ranges.text} ${moving(newestOf(theirs, 'max(e.seq)', '', ''))}`, ...ranges.values)
}

/** SQL: the newest entry of each conversation that somebody saw. */
function newestOf(theirs: string, seq: string, order: string, among: string): string {
  return `select v.person, s.conversation, max((select ${seq} from chat_entry e where ${theirs}
      and e.seq + 0 >= s.from_seq and e.seq + 0 <= coalesce(s.to_seq, 2147483647)
      and not exists (select 1 from chat_withheld w where w.conversation = s.conversation and w.person = s.person and w.seq = e.seq) ${order})) as seq
    from v join chat_stay s on s.person = v.person ${among}
    group by v.person, s.conversation`
}

function rangesOf(received: readonly Received[]) {
  return valueRows(
    'v',
    { person: 'text', after: 'double precision', upto: 'double precision' },
    received.map(({ person, after, upTo }) => [person, after, upTo]),
  )
}

/** SQL: moves members to where they have got. */
function moving(newest: string): string {
  return `update chat_member set delivered_to = n.seq, receipt_due = 1 from (${newest}) n
     where chat_member.conversation = n.conversation and chat_member.person = n.person and chat_member.delivered_to < n.seq
     returning chat_member.conversation, chat_member.person, chat_member.delivered_to as seq`
}

/** When watermarks came this far. */
async function noteSteps(tx: Queries, rows: readonly Moved[], now: number): Promise<void> {
  const stepsMax = 256
  for (let from = 0; from < rows.length; from += stepsMax) {
    const steps = valueRows(
      'v',
      { conversation: 'text', person: 'text', seq: 'integer', ts: 'double precision' },
      rows.slice(from, from + stepsMax).map(({ conversation, person, seq }) => [conversation, person, seq, now]),
    )
    await tx.run(
      `${steps.text} insert into chat_step (conversation, person, kind, seq, ts)
       select v.conversation, v.person, 'delivered', v.seq, v.ts from v where true on conflict do nothing`,
      ...steps.values,
    )
  }
}
