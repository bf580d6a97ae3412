import { afterEach, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/index.ts'
import { CommandError, errors } from '../../src/protocol/index.ts'
import { schema, type UnitOfWork, UnitsOfWork } from '../../src/services/chat/store/index.ts'
import { migrateSql, openSql, type Sql } from '../../src/store/index.ts'

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
  return { unitsOfWork, note, moved, done }
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
