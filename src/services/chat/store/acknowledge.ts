import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { chatErrors } from '../model/wire.ts'
import type { InboxPlace } from './inbox-places.ts'
import { valueRows } from './value-rows.ts'

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
    `${asked.text} select d.person, d.device, d.acked, d.acked_place from chat_device d
     where (d.person, d.device) in (select v.person, v.device from v) order by d.person, d.device /*lock*/`,
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

/** Of each conversation the newest that came to somebody. @returns the conversations in which that moved anybody */
export async function deliver(tx: Queries, received: readonly Received[], now: number): Promise<ReadonlySet<string>> {
  if (received.length === 0) return new Set()
  const ranges = valueRows(
    'v',
    { person: 'text', after: 'double precision', upto: 'double precision' },
    received.map(({ person, after, upTo }) => [person, after, upTo]),
  )
  const rows = await tx.all<{ conversation: string; person: string; seq: number }>(
    `${ranges.text} update chat_member set delivered_to = n.seq, receipt_due = 1 from (
       select v.person, s.conversation, max((select e.seq from chat_entry e
         where e.conversation = s.conversation and e.place > v.after and e.place <= v.upto
           and e.seq + 0 >= s.from_seq and e.seq + 0 <= coalesce(s.to_seq, 2147483647)
           and not exists (select 1 from chat_withheld w where w.conversation = s.conversation and w.person = s.person and w.seq = e.seq)
         order by e.place desc limit 1)) as seq
       from v join chat_stay s on s.person = v.person
       group by v.person, s.conversation) n
     where chat_member.conversation = n.conversation and chat_member.person = n.person and chat_member.delivered_to < n.seq
     returning chat_member.conversation, chat_member.person, chat_member.delivered_to as seq`,
    ...ranges.values,
  )
  if (rows.length > 0) await noteSteps(tx, rows, now)
  return new Set(rows.map(({ conversation }) => conversation))
}

/** When watermarks came this far. */
async function noteSteps(
  tx: Queries,
  rows: readonly { readonly conversation: string; readonly person: string; readonly seq: number }[],
  now: number,
): Promise<void> {
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
