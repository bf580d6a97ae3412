import { expect, test } from 'bun:test'
import { pageOf, setBlocked } from '../../src/services/chat/store/index.ts'
import { overBothStores } from './both-stores.ts'

overBothStores(({ rows }) => {
  test('[M96] a page of history ends at so many bytes and says that there is more, and paging on gives every message once', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob'])
    for (let n = 0; n < 40; n++) await chat.send('alice', id, `${n} ${'x'.repeat(15_000)}`)
    const seen: number[] = []
    for (let before: number | undefined; ; ) {
      const page = await pageOf(chat.sql, 'bob', { conversation: id, limit: 100, ...(before === undefined ? {} : { before }) })
      expect(JSON.stringify(page).length).toBeLessThan(300_000)
      seen.unshift(...page.entries.map(({ seq }) => seq))
      before = page.entries[0]?.seq
      if (!page.has_more) break
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBeGreaterThanOrEqual(40)
  })

  test('[M97] a second account does not bring one into a group that somebody whom one has blocked leads', async () => {
    const chat = await rows()
    await chat.unitsOfWork.commit(change => setBlocked(change, 'bob', 'mallory', true))
    const { id } = await chat.group('mallory', ['sock'])
    await chat.unitsOfWork.commit(change => chat.groups.role(change, 'mallory', id, 'sock', 'admin'))
    expect(await chat.add('sock', id, ['bob', 'carol'])).toMatchObject({ asked: ['bob'] })
    await chat.send('mallory', id, 'hello')
    expect(await chat.inbox('bob')).toEqual([])
  })
})
