import { afterEach, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/index.ts'
import { CommandError, errors } from '../../src/protocol/index.ts'
import { type Change, Ledger } from '../../src/services/chat/store/index.ts'
import { openSql, type Sql } from '../../src/store/index.ts'

let sql: Sql
afterEach(() => sql.close())

async function open() {
  sql = await openSql('sqlite::memory:')
  await sql.run('create table done (what text primary key)')
  const moved: string[] = []
  const ledger = new Ledger(sql, systemClock, { deliver() {}, moved: what => moved.push(what) })
  const note = (what: string) => async (change: Change) => {
    await change.tx.run('insert into done (what) values (?1)', what)
    change.moved.add(what)
    return what
  }
  const done = async () => (await sql.all<{ what: string }>('select what from done order by what')).map(({ what }) => what)
  return { ledger, note, moved, done }
}

test('[M10] what may wait shares transactions, and what cannot is let in between', async () => {
  const { ledger, note, moved } = await open()
  const names = Array.from({ length: 40 }, (_, i) => `later-${String(i).padStart(2, '0')}`)
  const waiting = names.map(name => ledger.commitLater(note(name)))
  await ledger.commit(note('now'))
  expect(moved.indexOf('now')).toBeLessThan(20)
  expect(await Promise.all(waiting)).toEqual(names)
  expect(moved.filter(name => name !== 'now')).toEqual(names)
})

test('[M10] a change that is refused, or that fails, harms none of those that it shares a transaction with', async () => {
  const { ledger, note, done } = await open()
  const refused = ledger.commitLater(async () => {
    throw new CommandError(errors.permissionDenied)
  })
  const outcomes = await Promise.allSettled([
    ledger.commitLater(note('a')),
    refused,
    ledger.commitLater(note('b')),
    ledger.commitLater(note('a')),
    ledger.commitLater(async () => {
      throw new Error('unforeseen')
    }),
    ledger.commitLater(note('c')),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected', 'fulfilled'])
  await expect(refused).rejects.toThrow('permission denied')
  expect(await done()).toEqual(['a', 'b', 'c'])
})
