import type { Sql, SqlValue } from '../../../service.ts'
import { limits } from '../limits.ts'
import { headOf, keepHead } from './inbox-places.ts'
import { placeNow } from './place-clock.ts'

/** Waits between two steps, so that others have their turn. False where there is to be none any more. */
export type NextStep = () => Promise<boolean>

/** Devices that never come back, with their subscriptions to notifications. */
const silentDevices = '(select person, device from chat_device where seen < ?1 order by person, device limit ?2)'

/**
 * What is too old goes, step by step until there is no more: answers, inbox entries beyond what is kept, and devices that never come back (chat M1,
 * M6). However much comes, as much goes.
 */
export async function sweep(sql: Sql, now: number, nextStep: NextStep): Promise<void> {
  const silent = now - limits.deviceKeptMs
  const steps = [
    some(sql, 'chat_sent', 'person, device, cid', 'where ts < ?1', now - limits.answersKeptMs),
    () =>
      sql.transaction(async tx => {
        await tx.run(`delete from chat_push where (person, device) in ${silentDevices}`, silent, limits.sweepRows)
        return tx.run(`delete from chat_device where (person, device) in ${silentDevices}`, silent, limits.sweepRows)
      }),
    some(
      sql,
      'chat_shown',
      'person, device, conversation',
      'where not exists (select 1 from chat_push p where p.person = chat_shown.person and p.device = chat_shown.device)',
    ),
    some(
      sql,
      'chat_mention',
      'person, conversation, seq',
      `where exists (select 1 from chat_member m where m.conversation = chat_mention.conversation
         and m.person = chat_mention.person and (m.read_to >= chat_mention.seq or m.cleared >= chat_mention.seq))`,
    ),
    some(sql, 'chat_signed_out', 'person, device', 'where ts < ?1', silent),
  ]
  for (const step of steps) while ((await step()) >= limits.sweepRows) if (!(await nextStep())) return
  await trimInboxes(sql, now, nextStep)
}

/** Deletes some rows of a table; whether there are more is told by their number. */
function some(sql: Sql, table: string, key: string, where: string, ...values: SqlValue[]): () => Promise<number> {
  const statement = `delete from ${table} where (${key}) in (select ${key} from ${table} ${where} limit ?${values.length + 1})`
  return () => sql.run(statement, ...values, limits.sweepRows)
}

/** What is too old is no longer in any inbox: only what came for one user alone has rows to delete, once that is written down with the inbox. */
async function trimInboxes(sql: Sql, now: number, nextStep: NextStep): Promise<void> {
  const old = await placeAt(sql, now - limits.inboxKeptMs)
  await sql.run('update chat_clock set old = ?1 where id = 1 and old < ?1', old)
  for (let deleted = 1; deleted > 0 && (await nextStep()); ) {
    deleted = 0
    const rows = await sql.all<{ person: string }>(
      'select distinct person from chat_own where place <= ?1 limit ?2',
      old,
      limits.sweepInboxes,
    )
    for (const { person } of rows) {
      deleted += await sql.transaction(async tx => {
        const head = await headOf(tx, person)
        await keepHead(tx, person, head)
        return tx.run('delete from chat_own where person = ?1 and place <= ?2', person, head.floor.place)
      })
    }
  }
}

/** The last place before a moment. Places are given in the order of time, so that halving finds it. */
async function placeAt(sql: Sql, ts: number): Promise<number> {
  let [before, after] = [0, (await placeNow(sql)) + 1]
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    const [next] = await sql.all<{ place: number; ts: number }>(
      `select place, ts from (
         select place, ts from (select place, ts from chat_entry where place >= ?1 order by place limit 1) e
         union all select place, ts from (select place, ts from chat_own where place >= ?1 order by place limit 1) o) n
       order by place limit 1`,
      middle,
    )
    if (next !== undefined && next.ts < ts) before = Math.max(middle, next.place)
    else after = middle
  }
  return before
}
