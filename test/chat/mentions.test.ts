import { expect, test } from 'bun:test'
import { type Mention, mentionProblem } from '../../src/services/chat/model/mentions.ts'
import { conversationOf, PushStore, pageOf, setBlocked, sweep } from '../../src/services/chat/store/index.ts'
import { overBothStores } from './both-stores.ts'
import type { ChatRows } from './rows.ts'

const phone = (user: string) => ({ user, device: 'phone' })

function say(
  chat: ChatRows,
  user: string,
  conversation: string,
  text: string,
  mentions: readonly Mention[],
  cid = text.replaceAll(/\W/g, '-'),
) {
  return chat.unitsOfWork.commit(change => chat.messages.send(change, phone(user), { conversation, cid, text, mentions, device: 'phone' }))
}

function edit(chat: ChatRows, user: string, conversation: string, seq: number, text: string, mentions: readonly Mention[] = []) {
  return chat.unitsOfWork.commit(change => chat.messages.edit(change, phone(user), { conversation, seq, text, mentions }))
}

const unread = async (chat: ChatRows, user: string, id: string) => (await conversationOf(chat.sql, id, user))?.mentions ?? []
const bob = { user: 'bob', at: 3, length: 4 }

test('[M177] ranges follow each other within the text, and halve no character', () => {
  const range = (at: number, length: number) => ({ user: 'bob', at, length })
  expect(mentionProblem('hi @bob', [range(3, 4)])).toBeUndefined()
  expect(mentionProblem('hi @bob', [range(3, 5)])).toStartWith('mentions.0.length')
  expect(mentionProblem('@a @b', [range(0, 2), range(1, 2)])).toStartWith('mentions.1.at')
  expect(mentionProblem('@a @b', [range(3, 2), range(0, 2)])).toStartWith('mentions.1.at')
  expect(mentionProblem('\u{1f600}@b', [range(1, 2)])).toStartWith('mentions.0.at')
  expect(mentionProblem('@\u{1f600}', [range(0, 2)])).toStartWith('mentions.0.at')
  expect(mentionProblem('@\u{1f600}', [range(0, 3)])).toBeUndefined()
})

overBothStores(({ rows }) => {
  test('[M176] a mention is kept with its range, comes to every member, and stays with the message through an edit and a departure', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    const { seq } = await say(chat, 'alice', id, 'hi @bob', [bob])
    const messages = async (user: string) => (await chat.inbox(user)).filter(({ kind }) => kind === 'message')
    for (const user of ['alice', 'bob', 'carol']) expect(await messages(user)).toMatchObject([{ mentions: [bob] }])
    await chat.leave('bob', id)
    await edit(chat, 'alice', id, seq, 'hi @bob!', [bob])
    const { entries } = await pageOf(chat.sql, 'carol', { conversation: id, around: seq, limit: 1 })
    expect(entries).toMatchObject([{ text: 'hi @bob!', rev: 1, mentions: [bob] }])
    const then = await pageOf(chat.sql, 'bob', { conversation: id, around: seq, limit: 1 })
    expect(then.entries).toMatchObject([{ text: 'hi @bob', mentions: [bob] }])
    await edit(chat, 'alice', id, seq, 'nobody')
    const [entry] = (await pageOf(chat.sql, 'carol', { conversation: id, around: seq, limit: 1 })).entries
    expect(entry).not.toHaveProperty('mentions')
    await expect(say(chat, 'alice', id, 'hi @bob again', [{ ...bob, user: 'dan' }])).rejects.toThrow(
      'unprocessable: mentions.0.user: not a member',
    )
    // What was written before bob left, and was sent after it, is sent.
    const late = await say(chat, 'alice', id, 'hi @bob again', [bob])
    expect((await messages('carol')).at(-1)).toMatchObject({ seq: late.seq, mentions: [bob] })
    expect(await unread(chat, 'bob', id)).toEqual([])
    expect((await say(chat, 'alice', id, 'hi @bob', [bob], 'hi--bob')).seq).toBe(seq)
  })

  test('[M177] only members are named, within the text, and another mention is another message', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob'])
    for (const mention of [
      { user: 'mallory', at: 3, length: 4 },
      { user: 'bob', at: 4, length: 4 },
    ])
      await expect(say(chat, 'alice', id, 'hi @bob', [mention])).rejects.toThrow('unprocessable: mentions.0.')
    const { seq } = await say(chat, 'alice', id, 'hi @bob', [bob])
    await expect(edit(chat, 'alice', id, seq, 'hi', [bob])).rejects.toThrow('unprocessable: mentions.0.length')
    await expect(say(chat, 'alice', id, 'hi @bob', [])).rejects.toThrow('idempotency_conflict')
    const enc = { scheme: 'x', bytes: 'AA' }
    const encrypted = chat.unitsOfWork.commit(change =>
      chat.messages.send(change, phone('alice'), { conversation: id, cid: 'enc', enc, mentions: [bob], device: 'phone' }),
    )
    await expect(encrypted).rejects.toThrow('unprocessable: mentions: need a text')
  })

  test('[M179] unread mentions are told with the conversation until they are read, edited away, deleted or cleared', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    const seqs: number[] = []
    for (const text of ['hi @bob 1', 'hi @bob 2', 'hi @bob 3', 'hi @bob 4']) seqs.push((await say(chat, 'alice', id, text, [bob])).seq)
    const [first = 0, second = 0, third = 0, fourth = 0] = seqs
    expect([await unread(chat, 'bob', id), await unread(chat, 'carol', id), await unread(chat, 'alice', id)]).toEqual([seqs, [], []])
    await chat.read('bob', id, first)
    await edit(chat, 'alice', id, second, 'hi', [])
    expect(await unread(chat, 'bob', id)).toEqual([third, fourth])
    await edit(chat, 'alice', id, second, 'hi @bob', [bob])
    await chat.delete('alice', id, third)
    expect(await unread(chat, 'bob', id)).toEqual([second, fourth])
    await chat.delete('bob', id, fourth, 'me')
    expect(await unread(chat, 'bob', id)).toEqual([second])
    await chat.read('bob', id, fourth)
    expect(await unread(chat, 'bob', id)).toEqual([])
    await sweep(chat.sql, 0, async () => true)
    expect(await chat.sql.all('select seq from chat_mention')).toEqual([])
  })

  test('[M178] a mention notifies through a mute those who want it, and nobody of whom the author is blocked', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'mallory'])
    const pushes = new PushStore(chat.sql)
    await pushes.subscribe({ user: 'bob', device: 'phone', endpoint: 'https://push.example/1', p256dh: '', auth: '' }, 0)
    await chat.mute('bob', id, { muted: true })
    const plain = await chat.send('alice', id, 'nobody is named')
    const named = await say(chat, 'alice', id, 'hi @bob', [bob])
    const wanting = async (author: string, seq: number) => [...(await pushes.wanting(id, author, seq))]
    expect([await wanting('alice', plain.seq), await wanting('alice', named.seq)]).toEqual([[], ['bob']])
    expect((await pushes.owed(0, 10)).map(({ seq }) => seq)).toEqual([named.seq])
    expect(await pushes.badge('bob')).toBe(1)
    await chat.settings('bob', { mentions: false })
    expect(await wanting('alice', named.seq)).toEqual([])
    expect(await pushes.badge('bob')).toBe(0)
    await chat.settings('bob', { mentions: true })
    await chat.unitsOfWork.commit(change => setBlocked(change, 'bob', 'mallory', true))
    const unwanted = await say(chat, 'mallory', id, 'yo @bob', [bob])
    expect(await wanting('mallory', unwanted.seq)).toEqual([])
    expect(await unread(chat, 'bob', id)).toEqual([named.seq])
  })
})
