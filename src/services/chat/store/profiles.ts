import { CommandError, errors } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { limits } from '../limits.ts'
import type { MayAdd, MayWrite, Previews } from '../model/wire.ts'

/** What a user lets others see. */
export interface Profile {
  readonly read_receipts: boolean
  readonly last_seen: boolean
  readonly may_add: MayAdd
  readonly may_write: MayWrite
  /** What notifications say. */
  readonly previews: Previews
  /** Whether a mention notifies in a muted conversation. */
  readonly mentions: boolean
}

interface ProfileRow {
  readonly read_receipts: number
  readonly show_last_seen: number
  readonly last_seen: number
  readonly may_add: MayAdd
  readonly may_write: MayWrite
  readonly previews: Previews
  readonly mentions: number
}

export interface LastSeen {
  readonly user: string
  /** Unix milliseconds; 0 for never. */
  readonly at: number
  readonly isShown: boolean
}

export async function profileOf(queries: Queries, person: string): Promise<Profile> {
  const [row] = await queries.all<ProfileRow>(
    'select read_receipts, show_last_seen, last_seen, may_add, may_write, previews, mentions from chat_profile where person = ?1',
    person,
  )
  return {
    read_receipts: row?.read_receipts !== 0,
    last_seen: row?.show_last_seen !== 0,
    may_add: row?.may_add ?? 'everyone',
    may_write: row?.may_write ?? 'everyone',
    previews: row?.previews ?? 'text',
    mentions: row?.mentions !== 0,
  }
}

export async function changeProfile(tx: Queries, person: string, change: Partial<Profile>): Promise<Profile> {
  const profile = { ...(await profileOf(tx, person)), ...change }
  await tx.run(
    `insert into chat_profile (person, read_receipts, show_last_seen, last_seen, may_add, may_write, previews, mentions)
     values (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7)
     on conflict (person) do update set read_receipts = excluded.read_receipts, show_last_seen = excluded.show_last_seen, may_add = excluded.may_add,
       may_write = excluded.may_write, previews = excluded.previews, mentions = excluded.mentions`,
    person,
    profile.read_receipts ? 1 : 0,
    profile.last_seen ? 1 : 0,
    profile.may_add,
    profile.may_write,
    profile.previews,
    profile.mentions ? 1 : 0,
  )
  return profile
}

export async function markSeen(queries: Queries, person: string, at: number): Promise<void> {
  await queries.run(
    `insert into chat_profile (person, read_receipts, show_last_seen, last_seen) values (?1, 1, 1, ?2)
     on conflict (person) do update set last_seen = excluded.last_seen`,
    person,
    at,
  )
}

export async function lastSeenOf(queries: Queries, person: string): Promise<LastSeen> {
  const [row] = await queries.all<ProfileRow>('select read_receipts, show_last_seen, last_seen from chat_profile where person = ?1', person)
  return { user: person, at: row?.last_seen ?? 0, isShown: row?.show_last_seen !== 0 }
}

/** In a conversation of two, whoever does not show what they read does not see it either (chat M12). */
export async function hidesReading(queries: Queries, one: string, other: string): Promise<boolean> {
  const rows = await queries.all('select person from chat_profile where person in (?1, ?2) and read_receipts = 0 limit 1', one, other)
  return rows.length > 0
}

export async function block(tx: Queries, person: string, other: string, isOn: boolean, now: number): Promise<string[]> {
  if (isOn) await tx.run('insert into chat_block (person, blocked, since) values (?1, ?2, ?3) on conflict do nothing', person, other, now)
  else await tx.run('delete from chat_block where person = ?1 and blocked = ?2', person, other)
  const blocked = await blockedBy(tx, person)
  if (blocked.length > limits.blockedMax) throw new CommandError(errors.limitExceeded, `at most ${limits.blockedMax} users`)
  return blocked
}

export async function blockedBy(queries: Queries, person: string): Promise<string[]> {
  const rows = await queries.all<{ blocked: string }>('select blocked from chat_block where person = ?1 order by blocked', person)
  return rows.map(({ blocked }) => blocked)
}

export async function hasBlocked(queries: Queries, person: string, other: string): Promise<boolean> {
  const rows = await queries.all('select person from chat_block where person = ?1 and blocked = ?2', person, other)
  return rows.length > 0
}

/** When one blocked the other; undefined where they have not. */
export async function blockedSince(queries: Queries, person: string, other: string): Promise<number | undefined> {
  const [row] = await queries.all<{ since: number }>('select since from chat_block where person = ?1 and blocked = ?2', person, other)
  return row?.since
}

/** Whether either of two has blocked the other. */
export async function areApart(queries: Queries, one: string, other: string): Promise<boolean> {
  const rows = await queries.all(
    'select person from chat_block where (person = ?1 and blocked = ?2) or (person = ?2 and blocked = ?1) limit 1',
    one,
    other,
  )
  return rows.length > 0
}

/**
 * Those of the named users who take part, by own choice, in a conversation that the person is in: nobody else's presence is theirs to know. Whoever
 * was only written to, or put into a group, has not said that they are there.
 */
export async function acquainted(queries: Queries, person: string, users: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>()
  for (const user of users) {
    const rows = await queries.all(
      `select m.person from chat_member m join chat_member o on o.conversation = m.conversation
       where m.person = ?1 and m.active = 1 and o.person = ?2 and o.active = 1 and o.consent = 'given' limit 1`,
      person,
      user,
    )
    if (rows.length > 0) known.add(user)
  }
  return known
}
