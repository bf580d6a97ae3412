import { afterEach, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/index.ts'
import { CommandError, errors } from '../../src/protocol/index.ts'
import { schema, type UnitOfWork, UnitsOfWork } from '../../src/services/chat/store/index.ts'
import { migrateSql, openSql, type Sql, SqlError } from '../../src/store/index.ts'

let sql: Sql
afterEach(() => sql.close())

async function open() {
  sql = await openSql('sqlite::memory:')
  await migrateSql(sql, 'chat', schema)
  await sql.run('create table done (what text primary key)')
  const moved: string[] = []
  const unitsOfWork = new UnitsOfWork(sql, systemClock, { deliver() {}, receiptsDue: what => moved.push(what) })
  const note = (what: string) => async (change: UnitOfWork) => {
    await change.tx.run('insert into done (what) values (?1)', what)
    change.receiptsDue.add(what)
    return what
  }
  const done = async () => (await sql.all<{ what: string }>('select what from done order by what')).map(({ what }) => what)
  return { sql, unitsOfWork, note, moved, done }
}

test('[M10] what may wait shares transactions, and what cannot is let in between', async () => {
  const { unitsOfWork, note, moved } = await open()
  const names = Array.from({ length: 40 }, (_, i) => `later-${String(i).padStart(2, '0')}`)
  const waiting = names.map(name => unitsOfWork.commitLater(note(name)))
  await unitsOfWork.commit(note('now'))
  expect(moved.indexOf('now')).toBeLessThan(20)
  expect(await Promise.all(waiting)).toEqual(names)
  expect(moved.filter(name => name !== 'now')).toEqual(names)
})

test('[M187] whoever waits for a store that is away is told with the first of them, and not one after the other', async () => {
  const { sql: rows } = await open()
  let asked = 0
  const away = new Proxy(rows, {
    get: (target, name) =>
      name === 'transaction'
        ? async () => {
            asked++
            throw new SqlError('unavailable', 'postgres has not answered')
          }
        : Reflect.get(target, name),
  })
  const unitsOfWork = new UnitsOfWork(away, systemClock, { deliver() {}, receiptsDue() {} })
  const acknowledge = unitsOfWork.gather<number, number>(16, async (_, given) => given)
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 20 }, () => unitsOfWork.commitTogether(async () => 1)),
    ...Array.from({ length: 40 }, (_, i) => acknowledge(i)),
    unitsOfWork.commit(async () => 1),
  ])
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  expect(asked).toBe(1)
})

test('[M10] a change that is refused, or that fails, harms none of those that it shares a transaction with', async () => {
  const { unitsOfWork, note, done } = await open()
  const refused = unitsOfWork.commitLater(async () => {
    throw new CommandError(errors.permissionDenied)
  })
  const outcomes = await Promise.allSettled([
    unitsOfWork.commitLater(note('a')),
    refused,
    unitsOfWork.commitLater(note('b')),
    unitsOfWork.commitLater(note('a')),
    unitsOfWork.commitLater(async () => {
      throw new Error('unforeseen')
    }),
    unitsOfWork.commitLater(note('c')),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected', 'fulfilled'])
  await expect(refused).rejects.toThrow('permission denied')
  expect(await done()).toEqual(['a', 'b', 'c'])
})
