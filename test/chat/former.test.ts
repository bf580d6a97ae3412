import { expect, test } from 'bun:test'
import { conversationOf, pageOf, search } from '../../src/services/chat/store/index.ts'
import { overBothStores } from './both-stores.ts'

overBothStores(({ rows }) => {
  test('[M15, M17, M20] to whoever has left, a message stays what it was: later edits and reactions are not for them', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    const untouched = await chat.send('alice', id, 'Lunch at one', { cid: 'one' })
    const twice = await chat.send('alice', id, 'Dinner at six', { cid: 'two' })
    await chat.edit('alice', id, twice.seq, 'Dinner at seven')
    await chat.react('carol', id, untouched.seq, '👍')
    await chat.remove('alice', id, ['bob'])
    await chat.edit('alice', id, untouched.seq, 'Secret lunch')
    await chat.edit('alice', id, twice.seq, 'Secret dinner')
    await chat.react('carol', id, untouched.seq, '❤️')
    await chat.react('alice', id, twice.seq, '👍')
    const shown = async (user: string) => {
      const { entries } = await pageOf(chat.sql, user, { conversation: id })
      return entries.flatMap(entry =>
        entry.kind === 'message' ? [[entry.text, entry.rev ?? 0, entry.reactions?.map(({ emoji }) => emoji) ?? []]] : [],
      )
    }
    expect(await shown('bob')).toEqual([
      ['Lunch at one', 0, ['👍']],
      ['Dinner at seven', 1, []],
    ])
    expect(await shown('carol')).toEqual([
      ['Secret lunch', 1, ['❤️']],
      ['Secret dinner', 2, ['👍']],
    ])
    expect((await conversationOf(chat.sql, id, 'bob'))?.last).toMatchObject({ text: 'Dinner at seven' })
    expect(JSON.stringify(await chat.inbox('bob'))).not.toContain('Secret')
    expect(JSON.stringify(await chat.inbox('carol'))).toContain('Secret')
    expect((await search(chat.sql, 'bob', { conversation: id, query: 'secret' })).hits).toEqual([])
    await chat.delete('alice', id, twice.seq)
    expect(JSON.stringify(await chat.sql.all('select * from chat_entry'))).not.toContain('Dinner')
    expect(await shown('bob')).toEqual([
      ['Lunch at one', 0, ['👍']],
      [undefined, 2, []],
    ])
  })
})
