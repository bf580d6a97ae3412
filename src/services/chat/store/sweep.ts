import type { Sql } from '../../../service.ts'
import { limits } from '../limits.ts'
import { headOf, keepHead } from './inbox-places.ts'
import { placeNow } from './place-clock.ts'

/** What is too old goes, a stretch at a time: answers, inbox entries beyond what is kept, and devices that never come back (chat M1, M6). */
export async function sweep(sql: Sql, now: number): Promise<void> {
  await sql.run(
    `delete from chat_sent where ts < ?1 and (person, device, cid) in (select person, device, cid from chat_sent where ts < ?1 limit ?2)`,
    now - limits.answersKeptMs,
    limits.sweepRows,
  )
  await sql.transaction(async tx => {
    const silent = now - limits.deviceKeptMs
    await tx.run(
      'delete from chat_push where exists (select 1 from chat_device d where d.person = chat_push.person and d.device = chat_push.device and d.seen < ?1)',
      silent,
    )
    await tx.run('delete from chat_device where seen < ?1', silent)
    await tx.run(
      'delete from chat_shown where not exists (select 1 from chat_push p where p.person = chat_shown.person and p.device = chat_shown.device)',
    )
  })
  await sql.run(
    `delete from chat_mention where exists (select 1 from chat_member m where m.conversation = chat_mention.conversation
       and m.person = chat_mention.person and (m.read_to >= chat_mention.seq or m.cleared >= chat_mention.seq))`,
  )
  await sql.run('delete from chat_signed_out where ts < ?1', now - limits.deviceKeptMs)
  await trimInboxes(sql, now)
}

/** What is too old is no longer in any inbox: only what came for one user alone has rows to delete, once that is written down with the inbox. */
async function trimInboxes(sql: Sql, now: number): Promise<void> {
  const old = await placeAt(sql, now - limits.inboxKeptMs)
  await sql.run('update chat_clock set old = ?1 where id = 1 and old < ?1', old)
  const rows = await sql.all<{ person: string }>('select distinct person from chat_own where place <= ?1 limit ?2', old, limits.sweepRows)
  for (const { person } of rows) {
    await sql.transaction(async tx => {
      const head = await headOf(tx, person)
      await keepHead(tx, person, head)
      await tx.run('delete from chat_own where person = ?1 and place <= ?2', person, head.floor.place)
    })
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
