import { expect, test } from 'bun:test'
import { conversationOf, pageOf, search, setBlocked } from '../../src/services/chat/store/index.ts'
import { overBothStores } from './both-stores.ts'

overBothStores(({ rows }) => {
  test('[M212] what somebody who is blocked edits stays to the one who blocked them what it was, everywhere; to its author it is edited', async () => {
    const chat = await rows()
    const { id } = await chat.direct('mallory', 'bob')
    const { seq } = await chat.send('mallory', id, 'harmless words')
    await chat.send('bob', id, 'an answer')
    await chat.edit('mallory', id, seq, 'harmless text')
    const last = await chat.send('mallory', id, 'the last')
    const block = (isOn: boolean) => chat.unitsOfWork.commit(change => setBlocked(change, 'bob', 'mallory', isOn))
    await block(true)
    await chat.edit('mallory', id, seq, 'hateful text')
    await chat.edit('mallory', id, last.seq, 'hateful end')
    const shown = async (user: string) =>
      (await pageOf(chat.sql, user, { conversation: id })).entries.flatMap(entry => (entry.kind === 'message' ? [entry.text] : []))
    const found = async (user: string, query: string) => (await search(chat.sql, user, { query })).hits.map(hit => hit.seq)
    expect(await shown('mallory')).toEqual(['hateful text', 'an answer', 'hateful end'])
    expect(await shown('bob')).toEqual(['harmless text', 'an answer', 'the last'])
    expect((await conversationOf(chat.sql, id, 'bob'))?.last).toMatchObject({ text: 'the last' })
    expect((await conversationOf(chat.sql, id, 'mallory'))?.last).toMatchObject({ text: 'hateful end' })
    expect(JSON.stringify(await chat.inbox('bob'))).not.toContain('hateful')
    expect(chat.posted.filter(({ person, entry }) => person === 'bob' && JSON.stringify(entry).includes('hateful'))).toEqual([])
    expect([await found('bob', 'hateful'), await found('bob', 'harmless')]).toEqual([[], [seq]])
    expect(await found('mallory', 'hateful')).toEqual([last.seq, seq])
    await block(false)
    expect(await shown('bob')).toEqual(['harmless text', 'an answer', 'the last'])
    await chat.edit('mallory', id, seq, 'an apology')
    expect(await shown('bob')).toEqual(['an apology', 'an answer', 'the last'])
    expect(await found('bob', 'apology')).toEqual([seq])
  })
})
