import type { Sql } from '../../../service.ts'
import { limits } from '../limits.ts'

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

async function trimInboxes(sql: Sql, now: number): Promise<void> {
  await sql.transaction(async tx => {
    const full = await tx.all<Trimmed>(
      'update chat_inbox set floor = pts - ?1 where pts - floor > ?1 returning person, floor',
      limits.inboxEntriesMax,
    )
    const old = await tx.all<Trimmed>(
      `update chat_inbox set floor = (select max(i.pts) from chat_span i where i.person = chat_inbox.person and i.ts < ?1)
       where exists (select 1 from chat_span i where i.person = chat_inbox.person and i.ts < ?1 and i.pts > chat_inbox.floor)
       returning person, floor`,
      now - limits.inboxKeptMs,
    )
    for (const { person, floor } of [...full, ...old]) await tx.run('delete from chat_run where person = ?1 and pts <= ?2', person, floor)
  })
}

interface Trimmed {
  readonly person: string
  readonly floor: number
}
