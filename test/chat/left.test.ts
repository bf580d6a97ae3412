import { expect, test } from 'bun:test'
import { Inboxes, listConversations } from '../../src/services/chat/store/index.ts'
import { openSql } from '../../src/store/index.ts'
import { ChatRows } from './rows.ts'

async function rows(): Promise<ChatRows> {
  return ChatRows.open(await openSql('sqlite::memory:'))
}

test('[M5] a page of an inbox ends where it says, also where more came while it was read', async () => {
  const chat = await rows()
  const { id } = await chat.direct('ann', 'bob')
  await chat.send('ann', id, 'one')
  let isSaid = false
  const interrupted = new Inboxes(
    {
      ...{
        dialect: chat.sql.dialect,
        run: chat.sql.run.bind(chat.sql),
        transaction: chat.sql.transaction.bind(chat.sql),
        close: async () => {},
      },
      async all<T>(text: string, ...values: (string | number | null)[]): Promise<T[]> {
        const found = await chat.sql.all<T>(text, ...values)
        if (!isSaid) {
          isSaid = true
          await chat.send('ann', id, 'two')
        }
        return found
      },
    },
    chat.inboxes.epoch,
  )
  const page = await interrupted.history(chat.channel('bob'), { since: { epoch: chat.inboxes.epoch, offset: 0 }, limit: -1 })
  expect(page.complete).toBe(true)
  expect(page.publications.at(-1)?.offset).toBe(page.position.offset)
  expect(page.position.offset).toBe(2)
})

test('[M11] whoever leaves has nothing unread, and no author is told that it was read; what was read before is told', async () => {
  const chat = await rows()
  const { id } = await chat.group('ann', ['bob'])
  const first = await chat.send('ann', id, 'read')
  await chat.read('bob', id, first.seq)
  await chat.send('ann', id, 'not read')
  await chat.leave('bob', id)
  await chat.tell(id)
  expect(await chat.unread('bob', id)).toBe(0)
  expect(await chat.recount('bob', id)).toBe(0)
  const told = (await chat.inbox('ann')).flatMap(entry => (entry.kind === 'receipt' ? entry.receipts : []))
  expect(told).toMatchObject([{ user: 'bob', read: first.seq }])
})

test('[M15] an author who was removed is not told how far the others come', async () => {
  const chat = await rows()
  const { id } = await chat.group('ann', ['bob', 'cid'])
  const { seq } = await chat.send('bob', id, 'hello')
  await chat.remove('ann', id, ['bob'])
  await chat.read('cid', id, seq)
  await chat.tell(id)
  expect((await chat.inbox('bob')).filter(({ kind }) => kind === 'receipt')).toEqual([])
})

test('[M15] a conversation that was left is listed as it was then: its title and place, who was there, and not how far they are now', async () => {
  const chat = await rows()
  const { id } = await chat.group('ann', ['bob'])
  const removed = await chat.remove('ann', id, ['bob'])
  await chat.unitsOfWork.commit(change => chat.groups.rename(change, 'ann', id, 'another title'))
  await chat.add('ann', id, ['cid'])
  await chat.send('cid', id, 'after')
  const [listed] = await listConversations(chat.sql, 'bob', {})
  expect(listed).toMatchObject({ id, active: false, title: 'a group', seq: removed.seq, version: removed.version })
  expect(listed?.members).toEqual([{ user: 'ann', role: 'member', since: 1, delivered: 0, read: 0 }])
  expect(listed).not.toHaveProperty('last')
})
