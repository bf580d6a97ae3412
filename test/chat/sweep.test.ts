import { expect, test } from 'bun:test'
import { limits } from '../../src/services/chat/limits.ts'
import { sweep } from '../../src/services/chat/store/index.ts'
import type { Sql } from '../../src/store/index.ts'
import { overBothStores } from './both-stores.ts'

const now = 1_800_000_000_000
const old = now - 60 * 24 * 3_600_000
/** SQL: the numbers from 1 to ?1. */
const numbers = 'with recursive n (i) as (select 1 union all select i + 1 from n where i < ?1)'
const rowsEach = 2 * limits.sweepRows + 7

/** The same store, with the most rows that one statement deleted. */
function watched(sql: Sql) {
  const seen = { most: 0 }
  const noting =
    (run: Sql['run']): Sql['run'] =>
    async (text, ...values) => {
      const rows = await run(text, ...values)
      if (/^\s*delete/.test(text)) seen.most = Math.max(seen.most, rows)
      return rows
    }
  const store: Sql = {
    dialect: sql.dialect,
    all: (text, ...values) => sql.all(text, ...values),
    run: noting((text, ...values) => sql.run(text, ...values)),
    transaction: body =>
      sql.transaction(tx =>
        body({ all: (text, ...values) => tx.all(text, ...values), run: noting((text, ...values) => tx.run(text, ...values)) }),
      ),
    close: () => sql.close(),
  }
  return { store, seen }
}

async function count(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.all<{ count: number }>(`select cast(count(*) as integer) as count from ${table}`)
  return row?.count ?? -1
}

/** What is too old of each kind, more than goes at once. */
async function fill(sql: Sql): Promise<void> {
  const insert = (statement: string) => sql.run(`${statement.replace('select', `${numbers} select`)} from n`, rowsEach, old)
  await insert(`insert into chat_sent (person, device, cid, hash, answer, ts) select 'ann', 'phone', 'm' || cast(i as text), '', '', ?2`)
  await insert(`insert into chat_signed_out (person, device, ts) select 'p' || cast(i as text), 'phone', ?2`)
  await insert(`insert into chat_device (person, device, acked, created, seen) select 'p' || cast(i as text), 'phone', 0, ?2, ?2`)
  await insert(
    `insert into chat_push (person, device, endpoint, p256dh, auth, created) select 'p' || cast(i as text), 'phone', cast(i as text), '', '', ?2`,
  )
  await insert(`insert into chat_shown (person, device, conversation, seq) select 'p' || cast(i as text), 'phone', 'c', 1 + 0 * ?2`)
}

overBothStores(({ rows }) => {
  test('[CP72] whatever has expired is gone after one sweep, however much it is, in steps with turns between', async () => {
    const { sql } = await rows()
    await fill(sql)
    await sql.run(`insert into chat_sent (person, device, cid, hash, answer, ts) values ('ann', 'phone', 'young', '', '', ?1)`, now)
    const { store, seen } = watched(sql)
    let turns = 0
    await sweep(store, now, async () => ++turns > 0)
    expect(await count(sql, 'chat_sent')).toBe(1)
    for (const table of ['chat_signed_out', 'chat_device', 'chat_push', 'chat_shown'])
      expect([table, await count(sql, table)]).toEqual([table, 0])
    expect(seen.most).toBe(limits.sweepRows)
    expect(turns).toBeGreaterThanOrEqual(8)
  })

  test('[CP72] mentions that were read are gone after one sweep, and those that were not stay', async () => {
    const chat = await rows()
    const { sql } = chat
    const { id } = await chat.group('alice', ['bob'])
    await sql.run(`insert into chat_mention (person, conversation, seq) ${numbers} select 'bob', ?2, i from n`, rowsEach, id)
    await sql.run('update chat_member set read_to = ?1 where person = ?2', rowsEach - 2, 'bob')
    const { store, seen } = watched(sql)
    await sweep(store, now, async () => true)
    expect(await count(sql, 'chat_mention')).toBe(2)
    expect(seen.most).toBe(limits.sweepRows)
  })

  test('[CP73] what came for users alone goes from all inboxes in one sweep, also where one of them cannot be counted', async () => {
    const { sql } = await rows()
    const people = 2 * limits.sweepInboxes + 1
    await sql.run(`insert into chat_inbox (person, pts, floor) ${numbers} select 'p' || cast(i as text), 0, 0 from n`, people)
    await sql.run(
      `insert into chat_own (person, place, kind, conversation, ts, body) ${numbers} select 'p' || cast(i as text), i, 'own', 'c', ?2, '{}' from n`,
      people,
      old,
    )
    await sql.run(`insert into chat_own (person, place, kind, conversation, ts, body) values ('nobody', 0.5, 'own', 'c', ?1, '{}')`, old)
    await sql.run('update chat_clock set place = ?1', people)
    await sweep(sql, now, async () => true)
    expect(await sql.all('select person from chat_own')).toEqual([{ person: 'nobody' }])
  })

  test('[CP74] a sweep ends between two steps where the server ends', async () => {
    const { sql } = await rows()
    await fill(sql)
    await sweep(sql, now, async () => false)
    expect(await count(sql, 'chat_sent')).toBe(rowsEach - limits.sweepRows)
    expect(await count(sql, 'chat_signed_out')).toBe(rowsEach)
  })
})
