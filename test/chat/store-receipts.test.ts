import { expect, test } from 'bun:test'
import { openSql } from '../../src/store/index.ts'
import { ChatRows } from './rows.ts'

test('[M10] whoever reads less than they were given tells that to the authors of what they read, and to nobody else', async () => {
  const chat = await ChatRows.open(await openSql('sqlite::memory:'))
  const { id } = await chat.group('alice', ['bob', 'carol'])
  const first = await chat.send('alice', id, 'one')
  const second = await chat.send('carol', id, 'two')
  const told = async () => {
    chat.posted.length = 0
    await chat.tell(id)
    return chat.posted.map(({ person, entry }) => [person, ...(entry.kind === 'receipt' ? entry.receipts : [])])
  }
  await told()
  await chat.deliver('bob', 0, 100)
  const delivered = { user: 'bob', delivered: second.seq, ts: expect.any(Number) }
  expect(await told()).toEqual([
    ['alice', delivered],
    ['carol', delivered],
  ])
  await chat.read('bob', id, first.seq)
  expect(await told()).toEqual([['alice', { ...delivered, read: first.seq }]])
  await chat.read('bob', id, second.seq)
  expect(await told()).toEqual([['carol', { ...delivered, read: second.seq }]])
  expect(await told()).toEqual([])
  await chat.sql.close()
})
