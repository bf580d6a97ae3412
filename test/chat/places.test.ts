import { expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/index.ts'
import { acknowledge, Inboxes, placeOf, read, readAll, schema, UnitsOfWork } from '../../src/services/chat/store/index.ts'
import { migrateSql, type Queries, type Sql } from '../../src/store/index.ts'
import { overBothStores } from './both-stores.ts'
import { ChatRows } from './rows.ts'

/** A store that counts what is asked of it. */
class CountingSql implements Sql {
  readonly dialect
  transactions = 0
  statements = 0
  /** Rows that statements which change something changed, or gave back. */
  rows = 0

  constructor(readonly sql: Sql) {
    this.dialect = sql.dialect
  }

  readonly all: Sql['all'] = (text, ...values) => this.sql.all(text, ...values)
  readonly run: Sql['run'] = (text, ...values) => this.sql.run(text, ...values)

  transaction<T>(body: (queries: Queries) => Promise<T>): Promise<T> {
    this.transactions++
    return this.sql.transaction(tx => body(this.#counting(tx)))
  }

  close(): Promise<void> {
    return this.sql.close()
  }

  #counting(tx: Queries): Queries {
    const count = (text: string, rows: number) => {
      this.statements++
      if (/^\s*(insert|update|delete|with)/i.test(text) && !/^\s*with[^)]*\) as \(values.*\) select/is.test(text)) this.rows += rows
    }
    return {
      all: async <T>(text: string, ...values: (string | number | null)[]) => {
        const rows = await tx.all<T>(text, ...values)
        count(text, rows.length)
        return rows
      },
      run: async (text, ...values) => {
        const rows = await tx.run(text, ...values)
        count(text, rows)
        return rows
      },
    }
  }
}

const names = (count: number, prefix = 'user') => Array.from({ length: count }, (_, i) => `${prefix} ${i}`)

overBothStores(({ open, rows }) => {
  test('[CP1] a message to a group of a hundred writes as few rows as one to two', async () => {
    const written: number[] = []
    for (const members of [2, 100]) {
      const counting = new CountingSql(await open())
      const chat = await ChatRows.open(counting)
      const { id } = await chat.group('alice', names(members))
      await chat.send('alice', id, 'one')
      counting.rows = 0
      await chat.send('alice', id, 'two')
      written.push(counting.rows)
      for (const user of ['user 0', 'user 1']) expect(await chat.unread(user, id)).toBe(2)
      expect((await chat.inbox('user 1')).flatMap(entry => (entry.kind === 'message' ? [entry.text] : []))).toEqual(['one', 'two'])
    }
    expect(written[1]).toBe(written[0] ?? 0)
    expect(written[1]).toBeLessThan(10)
  })

  test('[CP2] messages that wait are committed together, and one that is refused takes none of the others with it', async () => {
    const counting = new CountingSql(await open())
    const chat = await ChatRows.open(counting)
    const { id } = await chat.group('alice', ['bob'])
    counting.transactions = 0
    const send = (user: string, cid: string) =>
      chat.unitsOfWork.commitTogether(change =>
        chat.messages.send(change, { user, device: 'phone' }, { conversation: id, cid, text: cid, device: 'phone' }),
      )
    const outcomes = await Promise.allSettled(Array.from({ length: 33 }, (_, i) => send(i === 7 ? 'mallory' : 'alice', `m${i}`)))
    // The first by itself, and the others sixteen at a time.
    expect(counting.transactions).toBe(3)
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    expect(outcomes[7]?.status).toBe('rejected')
    const texts = (await chat.inbox('bob')).flatMap(entry => (entry.kind === 'message' ? [entry.text] : []))
    expect(texts).toEqual(Array.from({ length: 33 }, (_, i) => `m${i}`).filter((_, i) => i !== 7))
  })

  test('[CP5] a hundred who acknowledge and read at once cost no more statements than one', async () => {
    const counting = new CountingSql(await open())
    const chat = await ChatRows.open(counting)
    const people = names(60)
    const { id } = await chat.group('alice', people)
    for (const user of people) await chat.link(user)
    const { seq } = await chat.send('alice', id, 'hello')
    const upTo = await placeOf(chat.sql, people[0] ?? '', 3)
    const at = (users: readonly string[]) => users.map(person => ({ person, device: 'phone', upTo }))
    const cost = async (users: readonly string[]) =>
      chat.unitsOfWork.commit(async ({ tx, now }) => {
        counting.statements = 0
        const { moved } = await acknowledge(tx, at(users), now)
        return { moved: [...moved], statements: counting.statements }
      })
    const one = await cost(people.slice(0, 1))
    const many = await cost(people.slice(1))
    expect(many).toEqual(one)
    expect(one.moved).toEqual([id])
    const reading = async (users: readonly string[]) =>
      chat.unitsOfWork.commit(async change => {
        counting.statements = 0
        const marks = await readAll(
          change,
          users.map(person => ({ person, conversation: id, seq })),
        )
        return { marks: new Set(marks.map(mark => JSON.stringify(mark))), statements: counting.statements }
      })
    expect(await reading(people.slice(1))).toEqual(await reading(people.slice(0, 1)))
    for (const user of people) expect(await chat.unread(user, id)).toBe(await chat.recount(user, id))
  })

  test('[CP5] who reads the same twice at once, less than there is, or what is not theirs, is answered as if alone', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    const seqs: number[] = []
    for (const text of ['1', '2', '3', '4']) seqs.push((await chat.send(text === '3' ? 'bob' : 'alice', id, text)).seq)
    await chat.delete('bob', id, seqs[3] ?? 0, 'me')
    await chat.unitsOfWork.commit(change => read(change, 'bob', id, 0))
    const outcomes = await chat.unitsOfWork.commit(change =>
      readAll(change, [
        { person: 'carol', conversation: id, seq: seqs[1] ?? 0 },
        { person: 'mallory', conversation: id, seq: 1 },
        { person: 'carol', conversation: id, seq: seqs[2] ?? 0 },
        { person: 'bob', conversation: id, seq: 100 },
        { person: 'bob', conversation: 'g_none', seq: 1 },
      ]),
    )
    expect(outcomes.map(outcome => (outcome instanceof Error ? 'refused' : outcome))).toEqual([
      { read: seqs[1] ?? 0, unread: 2 },
      'refused',
      { read: seqs[2] ?? 0, unread: 1 },
      { read: seqs[3] ?? 0, unread: 0 },
      'refused',
    ])
    for (const user of ['bob', 'carol']) expect(await chat.unread(user, id)).toBe(await chat.recount(user, id))
  })

  test('[CP5] what a device acknowledges is delivered in each conversation as far as its user was there, in one and in many, soon and after long', async () => {
    for (const [conversations, jump] of [
      [2, 0],
      [12, 0],
      [12, 3_000_000],
    ] as const) {
      const chat = await rows()
      const ids: string[] = []
      for (let i = 0; i < conversations; i++) ids.push((await chat.group('alice', ['bob'])).id)
      await chat.link('bob')
      const before = await placeOf(chat.sql, 'bob', 100)
      const due = new Map<string, number>()
      for (const [index, id] of ids.entries()) {
        await chat.send('alice', id, 'one')
        if (index === 1) await chat.remove('alice', id, ['bob'])
        const { seq } = await chat.send('alice', id, 'two')
        due.set(id, index === 1 ? seq - 1 : seq)
        if (index === 0) await chat.sql.run('update chat_clock set place = place + ?1 where id = 1', jump)
      }
      const upTo = await placeOf(chat.sql, 'bob', 100)
      expect(upTo.pts).toBeGreaterThan(before.pts)
      const moved = await chat.unitsOfWork.commit(
        async ({ tx, now }) => (await acknowledge(tx, [{ person: 'bob', device: 'phone', upTo }], now)).moved,
      )
      expect(moved).toEqual(new Set(ids))
      const found = await chat.sql.all<{ conversation: string; seq: number }>(
        "select conversation, delivered_to as seq from chat_member where person = 'bob'",
      )
      expect(new Map(found.map(({ conversation, seq }) => [conversation, seq]))).toEqual(due)
    }
  })

  test('[CP6] two nodes on one store take stretches of places that follow each other, and what stands in an inbox is the same for both', async () => {
    const sql = await open()
    const one = await ChatRows.open(sql)
    const other = new UnitsOfWork(sql, systemClock, { deliver: (_, { from, to }) => stretches.push([from, to]), receiptsDue() {} })
    const stretches: number[][] = []
    const noting = new UnitsOfWork(sql, systemClock, { deliver: (_, { from, to }) => stretches.push([from, to]), receiptsDue() {} })
    const { id } = await one.group('alice', ['bob'])
    const begin = stretches.length
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 ? noting : other).commit(change =>
          one.messages.send(
            change,
            { user: i % 3 ? 'alice' : 'bob', device: 'phone' },
            { conversation: id, cid: `m${i}`, text: `${i}`, device: 'phone' },
          ),
        ),
      ),
    )
    const taken = stretches.slice(begin).sort(([left = 0], [right = 0]) => left - right)
    for (const [index, [from]] of taken.entries()) if (index > 0) expect(from).toBe(taken[index - 1]?.[1] ?? -1)
    const inboxes = new Inboxes(sql, 'epoch')
    const [first, second] = [await one.inboxes.items('bob', 0, 100), await inboxes.items('bob', 0, 100)]
    expect(second).toEqual(first)
    expect(first.map(({ pts }) => pts)).toEqual(Array.from({ length: first.length }, (_, i) => i + 1))
    expect(first).toHaveLength(2 + 40)
  })

  test('[CP8] whoever holds the clock and says nothing is ended by Postgres, and what they wrote is not there', async () => {
    const sql = await open()
    if (sql.dialect === 'sqlite') return
    const chat = await ChatRows.open(sql)
    const { id } = await chat.group('alice', ['bob'])
    const silent = await chat.unitsOfWork.commit(({ tx }) =>
      tx.all<{ ms: string }>("select current_setting('idle_in_transaction_session_timeout') as ms"),
    )
    expect(silent).toEqual([{ ms: '3s' }])
    const still = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    // Another node, which stands still in the middle of a message.
    const other = new UnitsOfWork(sql, systemClock, { deliver() {}, receiptsDue() {} })
    const lost = other.commit(async change => {
      await chat.messages.send(
        change,
        { user: 'alice', device: 'laptop' },
        { conversation: id, cid: 'lost', text: 'lost', device: 'laptop' },
      )
      begun.resolve()
      await still.promise
    })
    await begun.promise
    await chat.send('alice', id, 'hello')
    still.resolve()
    await expect(lost).rejects.toThrow()
    expect((await chat.inbox('bob')).flatMap(entry => (entry.kind === 'message' ? [entry.text] : []))).toEqual(['hello'])
  })

  test('[CP7] inboxes of before keep what devices have not acknowledged, count on from where they were, and lose no unread message', async () => {
    const sql = await open()
    const before = schema.findIndex(step => typeof step === 'string' && step.includes('create table chat_clock'))
    await migrateSql(sql, 'chat', schema.slice(0, before))
    await seedOfBefore(sql)
    const chat = await ChatRows.open(sql)
    const devices = await sql.all<{ person: string; acked: number }>('select person, acked from chat_device order by person')
    expect(await chat.top('bob')).toBe(5)
    const texts = async (user: string, after: number) =>
      (await chat.inboxes.items(user, after, 100)).flatMap(({ entry }) => (entry.kind === 'message' ? [entry.text] : []))
    const acked = new Map(devices.map(device => [device.person, device.acked]))
    expect(await texts('bob', acked.get('bob') ?? 0)).toEqual(['two', 'three'])
    expect(await texts('ann', acked.get('ann') ?? 0)).toEqual([])
    expect(await chat.unread('bob', 'g_1')).toBe(2)
    await chat.send('ann', 'g_1', 'four')
    expect(await texts('bob', acked.get('bob') ?? 0)).toEqual(['two', 'three', 'four'])
    expect((await chat.inboxes.items('bob', 5, 100)).map(({ pts }) => pts)).toEqual([6])
    expect(await chat.unread('bob', 'g_1')).toBe(3)
    expect(await chat.recount('bob', 'g_1')).toBe(3)
  })
})

/** A group of two with three messages, as it was written down before; one of both has had them all. */
async function seedOfBefore(sql: Sql): Promise<void> {
  await sql.run(
    `insert into chat_conversation (id, kind, title, pair, version, seq, ts, created, send_by, edit_by)
     values ('g_1', 'group', 'a group', 'x', 1, 4, 4000, 1000, 'all', 'admins')`,
  )
  for (const [person, role, readTo, unread] of [
    ['ann', 'owner', 4, 0],
    ['bob', 'member', 2, 2],
  ] as const) {
    await sql.run(
      `insert into chat_member (conversation, person, role, since, active, delivered_to, read_to, told_delivered, told_read, receipt_due, unread, muted, pinned, cleared)
       values ('g_1', ?1, ?2, 1, 1, ?3, ?3, ?3, ?3, 0, ?4, 0, 0, 0)`,
      person,
      role,
      readTo,
      unread,
    )
    await sql.run("insert into chat_stay (conversation, person, from_seq, to_seq) values ('g_1', ?1, 1, null)", person)
    // Place 1 tells of the conversation; what was logged has the others.
    await sql.run(
      "insert into chat_run (person, pts, first, kind, conversation, seq, ts, body) values (?1, 1, 1, 'conversation', 'g_1', 0, 1000, null)",
      person,
    )
    await sql.run(
      `insert into chat_inbox (person, pts, floor, run_conversation, run_first, run_seq, run_ts) values (?1, 5, 0, 'g_1', 2, 1, 4000)`,
      person,
    )
  }
  const bodies = [{ membership: { change: 'created', users: ['ann', 'bob'], title: 'a group', version: 1 } }]
  for (const [index, body] of [...bodies, ...['one', 'two', 'three'].map(text => ({ text }))].entries())
    await sql.run(
      `insert into chat_entry (conversation, seq, kind, author, ts, target, body, plain, rev, deleted)
       values ('g_1', ?1, ?2, 'ann', ?3, null, ?4, null, 0, 0)`,
      index + 1,
      index === 0 ? 'membership' : 'message',
      1000 * (index + 1),
      JSON.stringify(body),
    )
  for (const [person, acked] of [
    ['ann', 5],
    ['bob', 3],
  ] as const)
    await sql.run(
      "insert into chat_device (person, device, acked, created, seen) values (?1, 'phone', ?2, 0, ?3)",
      person,
      acked,
      systemClock.now(),
    )
}
