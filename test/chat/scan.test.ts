import { expect, test } from 'bun:test'
import { listConversations, pageOf, search } from '../../src/services/chat/store/index.ts'
import { overBothStores } from './both-stores.ts'

/** Counts how often others had their turn. */
function counting() {
  const turns = { count: 0 }
  return {
    turns,
    pause: async () => {
      turns.count++
    },
  }
}

overBothStores(({ rows }) => {
  test('[F97] a search looks at a bounded number of messages in a step, and finds the same in the same order', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    for (let n = 0; n < 1600; n++) await chat.send('ann', id, n % 400 === 0 ? `needle ${n}` : `hay ${n}`)
    const perStep = chat.sql.dialect === 'sqlite' ? 250 : 20_000
    const { turns, pause } = counting()
    const found = await search(chat.sql, 'bob', { conversation: id, text: 'needle' }, pause)
    expect(found.entries.map(({ text }) => text)).toEqual(['needle 1200', 'needle 800', 'needle 400', 'needle 0'])
    expect(turns.count).toBe(Math.ceil(1600 / perStep) - 1)
    const first = counting()
    const newest = await search(chat.sql, 'bob', { conversation: id, text: 'hay', limit: 3 }, first.pause)
    expect([newest.entries.map(({ text }) => text), first.turns.count]).toEqual([['hay 1599', 'hay 1598', 'hay 1597'], 0])
  })

  test('[F97] what a person cannot see is not looked at: after they left, and before they cleared', async () => {
    const chat = await rows()
    const { id } = await chat.group('ann', ['bob', 'carol'])
    await chat.send('ann', id, 'for all')
    await chat.leave('bob', id)
    for (let n = 0; n < 1100; n++) await chat.send('ann', id, `later ${n}`)
    const { turns, pause } = counting()
    const { entries, has_more } = await pageOf(chat.sql, 'bob', { conversation: id, limit: 10 }, pause)
    expect([entries.map(entry => ('text' in entry ? entry.text : entry.kind)), has_more]).toEqual([
      ['membership', 'for all', 'membership'],
      false,
    ])
    expect((await search(chat.sql, 'bob', { conversation: id, text: 'none' }, pause)).entries).toEqual([])
    expect(turns.count).toBe(0)
  })

  test('[F97] a list of large groups is read some at a time, each conversation of one moment', async () => {
    const chat = await rows()
    const others = Array.from({ length: 120 }, (_, n) => `member-${n}`)
    const ids: string[] = []
    for (let n = 0; n < 12; n++) ids.push((await chat.group('ann', others)).id)
    const { turns, pause } = counting()
    const conversations = await listConversations(chat.sql, 'ann', {}, pause)
    expect(conversations.map(({ id }) => id).sort()).toEqual(ids.sort())
    expect(conversations.map(({ members }) => members.length)).toEqual(ids.map(() => 121))
    expect(turns.count).toBe(5)
  })
})
