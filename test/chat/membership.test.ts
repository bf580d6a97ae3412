import { expect, test } from 'bun:test'
import {
  answerInvited,
  clearConversation,
  conversationOf,
  infoOf,
  pageOf,
  read,
  schema,
  search,
  setOwn,
} from '../../src/services/chat/store/index.ts'
import { migrateSql, type Queries, type Sql, type SqlValue } from '../../src/store/index.ts'
import { overBothStores } from './both-stores.ts'
import { ChatRows } from './rows.ts'

/** A store that notes what it is asked. */
function noting(sql: Sql, asked: string[]): Sql {
  const over = (queries: Queries): Queries => ({
    all: (text: string, ...values: SqlValue[]) => {
      asked.push(text)
      return queries.all(text, ...values)
    },
    run: (text: string, ...values: SqlValue[]) => {
      asked.push(text)
      return queries.run(text, ...values)
    },
  })
  return { ...over(sql), dialect: sql.dialect, transaction: body => sql.transaction(tx => body(over(tx))), close: () => sql.close() }
}

type Act = (chat: ChatRows, conversation: string) => Promise<unknown>

const mallory = { user: 'mallory', device: 'phone' }
const acts: Record<string, Act> = {
  send: (chat, id) => chat.send('mallory', id, 'hello', { cid: 'one' }),
  edit: (chat, id) => chat.edit('mallory', id, 1, 'hello'),
  delete: (chat, id) => chat.delete('mallory', id, 1),
  'delete for me': (chat, id) => chat.delete('mallory', id, 1, 'me'),
  react: (chat, id) => chat.react('mallory', id, 1, '👍'),
  read: (chat, id) => chat.unitsOfWork.commit(change => read(change, 'mallory', id, 1)),
  history: (chat, id) => pageOf(chat.sql, 'mallory', { conversation: id }),
  search: (chat, id) => search(chat.sql, 'mallory', { conversation: id, query: 'hello' }),
  info: (chat, id) => infoOf(chat.sql, 'mallory', { conversation: id, seq: 1 }),
  clear: (chat, id) => chat.unitsOfWork.commit(change => clearConversation(change, 'mallory', id)),
  settings: (chat, id) => chat.unitsOfWork.commit(change => setOwn(change, 'mallory', id, { muted: true })),
  add: (chat, id) => chat.add('mallory', id, ['carol']),
  remove: (chat, id) => chat.remove('mallory', id, ['bob']),
  leave: (chat, id) => chat.leave('mallory', id),
  role: (chat, id) => chat.unitsOfWork.commit(change => chat.groups.role(change, 'mallory', id, 'bob', 'admin')),
  rename: (chat, id) => chat.unitsOfWork.commit(change => chat.groups.rename(change, 'mallory', id, 'mine')),
  modes: (chat, id) => chat.unitsOfWork.commit(change => chat.groups.setModes(change, 'mallory', id, { send: 'admins' })),
  accept: (chat, id) => chat.unitsOfWork.commit(change => chat.groups.accept(change, 'mallory', id)),
  invited: (chat, id) => chat.unitsOfWork.commit(change => answerInvited(change, chat.groups, 'mallory', id, true)),
  invite: (chat, id) => chat.invite('mallory', id),
  revoke: (chat, id) => chat.unitsOfWork.commit(change => chat.invitations.revoke(change, 'mallory', id, 'code')),
  invites: (chat, id) => chat.unitsOfWork.commit(change => chat.invitations.live(change, 'mallory', id)),
  requests: (chat, id) => chat.unitsOfWork.commit(({ tx }) => chat.invitations.requests(tx, 'mallory', id)),
  answer: (chat, id) => chat.unitsOfWork.commit(change => chat.invitations.answer(change, 'mallory', id, 'carol', true)),
}

overBothStores(({ open }) => {
  test('[M87] to a stranger a conversation of others is as one that does not exist: the same answer, after the same questions', async () => {
    const asked: string[] = []
    const chat = await ChatRows.open(noting(await open(), asked))
    const { id: direct } = await chat.direct('alice', 'bob')
    const { id: group } = await chat.group('alice', ['bob'])
    for (const id of [direct, group]) await chat.send('alice', id, 'hello')
    for (const [name, act] of Object.entries(acts)) {
      const answers = []
      for (const id of [direct, group, 'd_nothing']) {
        asked.length = 0
        const answer = await act(chat, id).then(
          result => JSON.stringify(result),
          (error: Error) => error.message,
        )
        answers.push({ name, answer, asked: [...asked] })
      }
      expect(answers[0]).toEqual({ ...answers[2], name } as never)
      expect(answers[1]).toEqual({ ...answers[2], name } as never)
      expect(answers[0]?.answer).toContain('not_found')
    }
    expect((await chat.inbox(mallory.user)).length).toBe(0)
  })

  test('[M87] the id of a conversation of two says nothing of them; one from before stays, and is found', async () => {
    const sql = await open()
    await migrateSql(sql, 'chat', schema)
    const chat = await ChatRows.open(sql)
    const ids = new Set<string>()
    for (let pair = 0; pair < 20; pair++) ids.add((await chat.direct('alice', `user ${pair}`)).id)
    const [one] = ids
    expect(ids.size).toBe(20)
    expect((await chat.direct('user 0', 'alice')).id).toBe(one ?? '')
    const again = await ChatRows.open(await open())
    expect((await again.direct('user 0', 'alice')).id).not.toBe(`d_${Bun.SHA256.hash('["alice","user 0"]', 'base64url').slice(0, 22)}`)
    await sql.run("update chat_conversation set id = 'd_old' where id = ?1", one ?? '')
    for (const table of ['chat_member', 'chat_stay'])
      await sql.run(`update ${table} set conversation = 'd_old' where conversation = ?1`, one ?? '')
    expect((await chat.direct('alice', 'user 0')).id).toBe('d_old')
    expect((await chat.send('user 0', 'd_old', 'hello')).seq).toBe(1)
  })

  test('[M87] of many who begin the same conversation at once all have one', async () => {
    const chat = await ChatRows.open(await open())
    const opened = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? chat.direct('alice', 'bob') : chat.direct('bob', 'alice'))),
    )
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1)
  })

  test('[M84, M88] rows of before the change: whoever wrote has answered, whoever went had gone or was removed', async () => {
    const sql = await open()
    const before = schema.findIndex(step => typeof step === 'string' && step.includes('add column consent'))
    await migrateSql(sql, 'chat', schema.slice(0, before))
    const conversation = (id: string, kind: string) =>
      sql.run(
        "insert into chat_conversation (id, kind, title, pair, version, seq, ts, created, send_by, edit_by) values (?1, ?2, 'a', ?1, 1, 3, 1, 1, 'all', 'all')",
        id,
        kind,
      )
    const member = (id: string, person: string, active: number) =>
      sql.run(
        `insert into chat_member (conversation, person, role, since, active, delivered_to, read_to, told_delivered, told_read, receipt_due, unread, muted, pinned, cleared)
         values (?1, ?2, 'member', 1, ?3, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
        id,
        person,
        active,
      )
    const entry = (id: string, seq: number, author: string, body: string) =>
      sql.run(
        "insert into chat_entry (conversation, seq, kind, author, ts, target, body, plain, rev, deleted) values (?1, ?2, 'membership', ?3, 1, null, ?4, null, 0, 0)",
        id,
        seq,
        author,
        body,
      )
    await conversation('d_1', 'direct')
    await conversation('g_1', 'group')
    for (const person of ['alice', 'bob']) await member('d_1', person, 1)
    await entry('d_1', 1, 'alice', '{"text":"hello"}')
    await member('g_1', 'alice', 1)
    for (const [person, seq, change] of [
      ['bob', 2, 'removed'],
      ['carol', 3, 'left'],
    ] as const) {
      await member('g_1', person, 0)
      await sql.run('insert into chat_stay (conversation, person, from_seq, to_seq) values (?1, ?2, 1, ?3)', 'g_1', person, seq)
      await entry('g_1', seq, 'alice', JSON.stringify({ membership: { change, users: [person], version: seq } }))
    }
    await migrateSql(sql, 'chat', schema)
    const rows = await sql.all('select conversation, person, consent from chat_member order by conversation, person')
    expect(rows).toEqual([
      { conversation: 'd_1', person: 'alice', consent: 'given' },
      { conversation: 'd_1', person: 'bob', consent: 'none' },
      { conversation: 'g_1', person: 'alice', consent: 'given' },
      { conversation: 'g_1', person: 'bob', consent: 'removed' },
      { conversation: 'g_1', person: 'carol', consent: 'left' },
    ])
    expect(await conversationOf(sql, 'd_1', 'bob')).toMatchObject({ request: true })
  })
})
