import { expect, test } from 'bun:test'
import { systemRandom } from '../../src/kit/index.ts'
import { chatWith } from '../../src/services/chat/index.ts'
import { epochOf, indexSome, schema } from '../../src/services/chat/store/index.ts'
import { migrateSql, openSql } from '../../src/store/index.ts'
import { testServer, until } from '../kit/api.ts'
import { generous } from './chat-pair.ts'
import { ChatPerson } from './chat-person.ts'

const count = 13_000

/** Ann and Bob have talked for long. */
async function longHistory(commandRate = generous.commandRate) {
  const openRows = async () => {
    const sql = await openSql('sqlite::memory:')
    await migrateSql(sql, 'chat', schema)
    await epochOf(sql, systemRandom)
    await sql.run(
      "insert into chat_conversation (id, kind, title, pair, version, seq, ts, created, send_by, edit_by) values ('d_long', 'direct', '', '[\"ann\",\"bob\"]', 1, ?1, ?1, 1, 'all', 'all')",
      count,
    )
    for (const person of ['ann', 'bob']) {
      await sql.run(
        `insert into chat_member (conversation, person, role, since, active, delivered_to, read_to, told_delivered, told_read, receipt_due, unread, muted, pinned, cleared)
         values ('d_long', ?1, 'member', 0, 1, ?2, ?2, ?2, ?2, 0, 0, 0, 0, 0)`,
        person,
        count,
      )
      await sql.run("insert into chat_stay (conversation, person, from_seq, to_seq) values ('d_long', ?1, 1, null)", person)
    }
    await sql.run(
      `with recursive n (n) as (select 1 union all select n + 1 from n where n < ?1)
       insert into chat_entry (conversation, seq, kind, author, ts, target, body, rev, deleted)
       select 'd_long', n, 'message', 'ann', n, null, '{"text":"line ' || n || case when n = 7 then ' heron' else '' end || '"}', 0, 0 from n`,
      count,
    )
    while (await indexSome(sql, 'd_long'));
    return sql
  }
  return testServer({}, { services: [chatWith({ openSql: openRows, bounds: { ...generous, commandRate } })] })
}

function seqs(person: ChatPerson): number[] {
  return person.client.messages('d_long').map(({ seq }) => seq ?? 0)
}

function run(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

test('[M125] a message of long ago is shown after one request, on a device that has nothing; from there pages come in both directions until all is one', async () => {
  const server = await longHistory()
  const bob = await ChatPerson.start(server, 'bob')
  bob.client.open('d_long')
  await bob.sees('the newest', () => seqs(bob).length === 50)
  const [hit] = (await bob.client.search('heron')).hits
  expect(hit).toMatchObject({ conversation: 'd_long', seq: 7 })
  const asked = bob.line.count('chat.history')
  const { pages } = bob.client
  expect(await pages.around('d_long', 7)).toBe('shown')
  expect(bob.line.count('chat.history')).toBe(asked + 1)
  expect(seqs(bob)).toEqual(run(1, seqs(bob).at(-1) ?? 0))
  expect([pages.hasBefore('d_long'), pages.hasAfter('d_long')]).toEqual([false, true])
  const last = seqs(bob).at(-1) ?? 0
  expect(await pages.after('d_long')).toBe(true)
  expect(seqs(bob)).toEqual(run(1, last + 50))
  // What is said now is at the other end.
  const ann = await ChatPerson.start(server, 'ann')
  ann.client.send('d_long', { text: 'now' })
  await bob.sees('that something was said', () => bob.view('d_long').seq === count + 1)
  expect(seqs(bob)).toEqual(run(1, last + 50))
  await pages.newest('d_long')
  expect(seqs(bob)).toEqual(run(count - 49, count + 1))
  expect(pages.hasAfter('d_long')).toBe(false)
  // Somewhere close to the newest the two parts meet.
  expect(await pages.around('d_long', count - 160)).toBe('shown')
  expect(seqs(bob)).toEqual(run(seqs(bob)[0] ?? 0, count + 1))
  expect(await pages.before('d_long')).toBe(true)
  expect(seqs(bob)).toEqual(run(seqs(bob)[0] ?? 0, count + 1))
})

test('[M126] a page that is asked for too soon comes when the server lets it, and nobody is told that it is gone', async () => {
  const server = await longHistory({ perSecond: 5, burst: 12 })
  const bob = await ChatPerson.start(server, 'bob')
  bob.client.open('d_long')
  await bob.sees('the newest', () => seqs(bob).length >= 50)
  for (let page = 0; page < 15; page++) expect(await bob.client.loadBefore('d_long')).toBe(true)
  expect(seqs(bob)).toEqual(run(count - seqs(bob).length + 1, count))
  expect(seqs(bob).length).toBeGreaterThanOrEqual(800)
  expect(await bob.client.pages.around('d_long', 5_000)).toBe('shown')
})

test('[M126] only what the server does not give is gone; without a connection nothing is said of it', async () => {
  const server = await longHistory()
  const bob = await ChatPerson.start(server, 'bob')
  await bob.has('d_long')
  await bob.client.erase('d_long', 40, 'me')
  expect(await bob.client.pages.around('d_long', 40)).toBe('gone')
  bob.line.down()
  await bob.sees('that it is offline', () => bob.client.link === 'offline')
  await expect(bob.client.pages.around('d_long', 8_000)).rejects.toThrow('offline')
  bob.line.up()
  await until('it is shown', () =>
    bob.client.pages.around('d_long', 8_000).then(
      arrival => arrival === 'shown',
      () => false,
    ),
  )
})
