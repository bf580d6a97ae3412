import { expect, test } from 'bun:test'
import type { MayWrite } from '../../src/services/chat/model/wire.ts'
import { acquainted, conversationOf, infoOf, listConversations, PushStore, setBlocked } from '../../src/services/chat/store/index.ts'
import { overBothStores } from './both-stores.ts'
import type { ChatRows } from './rows.ts'

const block = (chat: ChatRows, user: string, other: string, on = true) =>
  chat.unitsOfWork.commit(change => setBlocked(change, user, other, on))
const mayWrite = (chat: ChatRows, user: string, may_write: MayWrite) => chat.settings(user, { may_write })
const held = async (chat: ChatRows, user: string, id: string) => {
  const { request, held: isHeld } = (await conversationOf(chat.sql, id, user)) ?? {}
  return [request === true, isHeld === true]
}
/** Everything that somebody can find out of a conversation, without what names it. */
async function seenBy(chat: ChatRows, user: string, id: string, seq: number): Promise<string> {
  await chat.tell(id)
  const { ts: _, ...conversation } = (await conversationOf(chat.sql, id, user)) ?? { ts: 0 }
  const known = [...(await acquainted(chat.sql, user, ['bob', 'carol', 'dave']))]
  const told = [
    conversation,
    (await infoOf(chat.sql, user, { conversation: id, seq })).recipients,
    known,
    (await chat.inbox(user)).filter(entry => entry.conversation === id),
  ]
  return JSON.stringify(told)
    .replaceAll(id, 'ID')
    .replaceAll(/bob|carol/g, 'WHOM')
    .replaceAll(/"ts":\d+|m-\d+/g, 'X')
}

overBothStores(({ rows }) => {
  test('[M180] whoever may not write unasked waits for a yes: it is there, notifies nobody, and its author learns nothing', async () => {
    const chat = await rows()
    for (const user of ['bob', 'mallory']) await chat.link(user)
    const pushes = new PushStore(chat.sql)
    await pushes.subscribe({ user: 'bob', device: 'phone', endpoint: 'https://push.example/1', p256dh: '', auth: '' }, 0)
    await mayWrite(chat, 'bob', 'nobody')
    const { id } = await chat.direct('mallory', 'bob')
    const { seq } = await chat.send('mallory', id, 'hello')
    expect(await held(chat, 'bob', id)).toEqual([true, true])
    expect((await listConversations(chat.sql, 'bob', {})).map(conversation => conversation.id)).toEqual([id])
    expect((await chat.inbox('bob')).map(({ kind }) => kind)).toEqual(['conversation', 'message'])
    expect([...(await pushes.wanting(id, 'mallory'))]).toEqual([])
    expect([await pushes.owed(0, 10), await pushes.badge('bob')]).toEqual([[], 0])
    await chat.deliver('bob', 0, 2)
    await chat.read('bob', id, seq)
    await chat.tell(id)
    const receipts = async () => (await chat.inbox('mallory')).flatMap(entry => (entry.kind === 'receipt' ? entry.receipts : []))
    expect(await receipts()).toEqual([])
    const bob = async () => (await conversationOf(chat.sql, id, 'mallory'))?.members.find(({ user }) => user === 'bob')
    expect(await bob()).toMatchObject({ delivered: 0, read: 0 })
    expect((await infoOf(chat.sql, 'mallory', { conversation: id, seq })).recipients).toEqual([{ user: 'bob' }])
    expect((await acquainted(chat.sql, 'mallory', ['bob'])).size).toBe(0)

    await chat.unitsOfWork.commit(change => chat.groups.accept(change, 'bob', id))
    expect(await held(chat, 'bob', id)).toEqual([false, false])
    await chat.tell(id)
    expect(await receipts()).toMatchObject([{ user: 'bob', delivered: seq, read: seq }])
    expect(await bob()).toMatchObject({ delivered: seq, read: seq })
    expect((await infoOf(chat.sql, 'mallory', { conversation: id, seq })).recipients).toMatchObject([{ read: expect.any(Number) }])
    await chat.send('mallory', id, 'thank you')
    expect([...(await pushes.wanting(id, 'mallory'))]).toEqual(['bob'])
    expect(await pushes.badge('bob')).toBe(1)
  })

  test('[M181] everyone, those whom one knows, nobody; whoever was answered goes on, and the setting counts at each message', async () => {
    const chat = await rows()
    const { id: old } = await chat.direct('friend', 'bob')
    await chat.send('friend', old, 'hello')
    await chat.send('bob', old, 'hello to you')
    const { id: group } = await chat.group('colleague', ['bob', 'stranger'])
    await chat.send('bob', group, 'here I am')
    await chat.group('stranger', ['bob'])
    await mayWrite(chat, 'bob', 'answered')
    const { id: known } = await chat.direct('colleague', 'bob')
    const { id: unknown } = await chat.direct('nosy', 'bob')
    const { id: opened } = await chat.direct('bob', 'shy')
    const states = async () => {
      const found: string[] = []
      for (const [name, id] of Object.entries({ old, known, unknown, opened })) if ((await held(chat, 'bob', id))[1]) found.push(name)
      return found
    }
    const speak = async () => {
      for (const [user, id] of [
        ['friend', old],
        ['colleague', known],
        ['nosy', unknown],
        ['shy', opened],
      ] as const)
        await chat.send(user, id, 'again')
    }
    expect(await states()).toEqual(['unknown'])
    await mayWrite(chat, 'bob', 'nobody')
    await speak()
    expect(await states()).toEqual(['known', 'unknown'])
    const last = (await chat.inbox('bob')).filter(({ kind }) => kind === 'conversation').at(-1)
    expect(last).toMatchObject({ conversation: known, summary: { held: true } })
    await mayWrite(chat, 'bob', 'everyone')
    await speak()
    expect(await states()).toEqual([])
    expect(await held(chat, 'bob', unknown)).toEqual([true, false])
  })

  test('[M182] whoever is blocked and whoever may not write see the same: same answers, same list, same nothing', async () => {
    const chat = await rows()
    await block(chat, 'bob', 'mallory')
    await mayWrite(chat, 'carol', 'nobody')
    for (const user of ['bob', 'carol', 'mallory']) await chat.link(user)
    const seen: string[] = []
    for (const whom of ['bob', 'carol']) {
      const { id } = await chat.direct('mallory', whom)
      const { seq } = await chat.send('mallory', id, 'hello')
      await chat.deliver(whom, 0, 2)
      const own = (await chat.inbox(whom)).length
      expect(own).toBe(whom === 'bob' ? 0 : 2)
      if (whom === 'carol') await chat.read('carol', id, seq)
      await chat.send('mallory', id, 'are you there?')
      await chat.edit('mallory', id, seq, 'hello!')
      await chat.react('mallory', id, seq, '👍')
      seen.push(await seenBy(chat, 'mallory', id, seq))
    }
    expect(seen[0]).toBe(seen[1] ?? '')
  })

  test('[M183] whoever has blocked somebody is asked by everyone whom they have not answered, so that being asked tells nothing', async () => {
    const chat = await rows()
    const { id: known } = await chat.direct('friend', 'bob')
    await chat.send('bob', known, 'hello')
    await block(chat, 'bob', 'mallory')
    let groups = 0
    const asked = async (author: string) =>
      (await chat.unitsOfWork.commit(change => chat.groups.make(change, author, 'a group', ['bob'], `group ${++groups}`))).asked
    expect([await asked('mallory'), await asked('second account'), await asked('friend')]).toEqual([['bob'], ['bob'], []])
    await block(chat, 'bob', 'mallory', false)
    expect([await asked('mallory'), await asked('second account')]).toEqual([[], []])
  })
})
