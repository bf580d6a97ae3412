import { expect, test } from 'bun:test'
import { indexSome, listConversations, pageOf, search } from '../../src/services/chat/store/index.ts'
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
  test('[F97] a search reads a bounded number of messages in a step, and with an index only those that may be meant', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    for (let n = 0; n < 800; n++) await chat.send('ann', id, n % 200 === 0 ? `needle ${n}` : `hay ${n}`)
    const searched = async (query: string, limit?: number) => {
      const { turns, pause } = counting()
      const { hits } = await search(chat.sql, 'bob', { conversation: id, query, limit }, pause)
      return { found: hits.map(({ snippet }) => snippet.map(({ text }) => text).join('')), turns: turns.count }
    }
    const needles = ['needle 600', 'needle 400', 'needle 200', 'needle 0']
    const hay = ['hay 799', 'hay 798', 'hay 797']
    // 64 in a step.
    expect(await searched('needle')).toEqual({ found: needles, turns: 12 })
    expect(await searched('hay', 3)).toEqual({ found: hay, turns: 0 })
    while (await indexSome(chat.sql, id));
    expect(await searched('needle')).toEqual({ found: needles, turns: 0 })
    expect(await searched('hay', 3)).toEqual({ found: hay, turns: 0 })
    expect(await searched('nothing')).toEqual({ found: [], turns: 0 })
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
    expect((await search(chat.sql, 'bob', { conversation: id, query: 'none' }, pause)).hits).toEqual([])
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
