import { CommandError, errors } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { limits } from '../limits.ts'
import { chatErrors } from '../model/wire.ts'
import { headOf, type InboxHead, type InboxPlace } from './inbox-places.ts'
import { openInbox } from './log.ts'

/** A row of `chat_device`. */
export interface DeviceRow {
  readonly device: string
  readonly acked: number
  readonly acked_place: number
  readonly seen: number
}

export async function findDevice(queries: Queries, person: string, device: string): Promise<DeviceRow | undefined> {
  const [row] = await queries.all<DeviceRow>(
    'select device, acked, acked_place, seen from chat_device where person = ?1 and device = ?2',
    person,
    device,
  )
  return row
}

/**
 * Begins where the inbox is now: what was before, it finds in history (chat M7). Where there are too many, the one that was away longest goes.
 * @throws CommandError 106 where all of them are here
 */
export async function linkDevice(
  tx: Queries,
  person: string,
  device: string,
  now: number,
  isHere: (device: string) => boolean = () => false,
): Promise<InboxHead> {
  await openInbox(tx, person)
  const head = await headOf(tx, person)
  await tx.run(
    `insert into chat_device (person, device, acked, created, seen, acked_place) values (?1, ?2, ?3, ?4, ?4, ?5)
     on conflict (person, device) do update set seen = excluded.seen`,
    person,
    device,
    head.pts,
    now,
    head.place,
  )
  const rows = await tx.all<{ device: string }>('select device from chat_device where person = ?1 order by seen desc, device', person)
  const surplus = Math.max(0, rows.length - limits.devicesMax)
  if (surplus === 0) return head
  const away = rows.filter(row => row.device !== device && !isHere(row.device))
  if (away.length < surplus)
    throw new CommandError(errors.limitExceeded, `${limits.devicesMax} devices of this account are connected: sign one of them out first`)
  for (const { device: silent } of away.slice(away.length - surplus)) await unlinkDevice(tx, person, silent)
  return head
}

async function unlinkDevice(tx: Queries, person: string, device: string): Promise<void> {
  await tx.run('delete from chat_device where person = ?1 and device = ?2', person, device)
  await tx.run('delete from chat_push where person = ?1 and device = ?2', person, device)
}

/** All devices of a user, the one seen last first. */
export async function devicesOf(
  queries: Queries,
  person: string,
): Promise<{ device: string; created: number; seen: number; pushes: number }[]> {
  return queries.all(
    `select d.device, d.created, d.seen,
       cast((select count(*) from chat_push p where p.person = d.person and p.device = d.device) as integer) as pushes
     from chat_device d where d.person = ?1 order by d.seen desc, d.device`,
    person,
  )
}

/** It is gone, and is told so when it comes again. */
export async function signOutDevice(tx: Queries, person: string, device: string, now: number): Promise<void> {
  if ((await findDevice(tx, person, device)) === undefined) throw new CommandError(chatErrors.notFound, 'sign_out: no such device')
  await unlinkDevice(tx, person, device)
  await tx.run('delete from chat_shown where person = ?1 and device = ?2', person, device)
  await tx.run(
    'insert into chat_signed_out (person, device, ts) values (?1, ?2, ?3) on conflict (person, device) do update set ts = excluded.ts',
    person,
    device,
    now,
  )
}

/** @throws CommandError 403 where it was signed out from another device */
export async function checkSignedIn(queries: Queries, person: string, device: string): Promise<void> {
  const rows = await queries.all('select device from chat_signed_out where person = ?1 and device = ?2', person, device)
  if (rows.length > 0) throw new CommandError(chatErrors.signedOut, 'this device was signed out from another one')
}

/** Moves a device's acknowledged place forward, never back. */
export async function advanceDevice(tx: Queries, person: string, device: string, { pts, place }: InboxPlace, now: number): Promise<void> {
  await tx.run(
    'update chat_device set acked = ?3, acked_place = ?4, seen = ?5 where person = ?1 and device = ?2 and acked_place <= ?4',
    person,
    device,
    pts,
    place,
    now,
  )
}

/**
 * An encrypted message must be for exactly the devices of the members, without the one that sends it (chat M25). Of those who have neither answered nor
 * accepted nothing is told: whatever is for them is taken. To whoever is blocked, a member has the devices of before.
 * @param given each as `<user>/<device>`
 * @throws CommandError 409 that names what is missing and what is too much
 */
export async function checkDevices(
  tx: Queries,
  conversation: string,
  sender: { user: string; device: string },
  given: readonly string[],
): Promise<void> {
  const rows = await tx.all<{ person: string; device: string }>(
    `select d.person, d.device from chat_device d join chat_member m on m.person = d.person
     where m.conversation = ?1 and m.active = 1 and (m.consent = 'given' or m.person = ?2)
       and not exists (select 1 from chat_block b where b.person = d.person and b.blocked = ?2 and b.since < d.created)
     order by d.person, d.device`,
    conversation,
    sender.user,
  )
  const reserved = await tx.all<{ person: string }>(
    "select person from chat_member where conversation = ?1 and active = 1 and consent <> 'given' and person <> ?2",
    conversation,
    sender.user,
  )
  const unnamed = new Set(reserved.map(({ person }) => person))
  const own = `${sender.user}/${sender.device}`
  const wanted = new Set(rows.map(({ person, device }) => `${person}/${device}`).filter(name => name !== own))
  const missing = [...wanted].filter(name => !given.includes(name))
  const extra = given.filter(name => !wanted.has(name) && !unnamed.has(name.slice(0, name.lastIndexOf('/'))))
  if (missing.length === 0 && extra.length === 0) return
  throw new CommandError(chatErrors.deviceMismatch, JSON.stringify({ missing, extra }))
}
