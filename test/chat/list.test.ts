import { expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { between, seededRandom } from '../../src/kit/index.ts'
import type { ConversationSummary } from '../../src/services/chat/model/wire.ts'
import {
  clearConversation,
  conversationOf,
  deleteConversation,
  type OwnChange,
  PushStore,
  pageOfList,
  setBlocked,
  setOwn,
} from '../../src/services/chat/store/index.ts'
import { rounds } from '../kit/index.ts'
import { overBothStores } from './both-stores.ts'
import { ChatRows } from './rows.ts'

const set = (chat: ChatRows, user: string, id: string, own: OwnChange) => chat.unitsOfWork.commit(change => setOwn(change, user, id, own))
const clear = (chat: ChatRows, user: string, id: string) => chat.unitsOfWork.commit(change => clearConversation(change, user, id))
const deleted = (chat: ChatRows, user: string, id: string, seq?: number) =>
  chat.unitsOfWork.commit(change => deleteConversation(change, user, id, seq))

/** The whole list, page by page, as a device asks for it. */
async function listOf(chat: ChatRows, user: string, limit = 200) {
  const listed: ConversationSummary[] = []
  const first = await pageOfList(chat.sql, user, { limit })
  listed.push(...first.conversations)
  for (let { next } = first; next !== undefined; ) {
    const page = await pageOfList(chat.sql, user, { limit, ...next })
    expect(page.conversations.length).toBeGreaterThan(0)
    listed.push(...page.conversations)
    next = page.next
  }
  return { listed, unread: first.unread }
}

async function idsOf(chat: ChatRows, user: string): Promise<string[]> {
  return (await listOf(chat, user)).listed.map(({ id }) => id)
}

overBothStores(({ open, rows }) => {
  const standing = async (clock = new SimClock()) => ChatRows.open(await open(), { clock })

  test('[M100] 300 conversations begun in one millisecond come in pages of one, each once and in order, also by 7', async () => {
    const chat = await standing()
    const ids: string[] = []
    for (let n = 0; n < 300; n++) ids.push((await chat.direct('ann', `other-${n}`)).id)
    const one = (await listOf(chat, 'ann', 1)).listed
    expect(new Set(one.map(({ ts }) => ts)).size).toBe(1)
    expect(one.map(({ id }) => id)).toEqual(ids.toSorted())
    expect((await listOf(chat, 'ann', 7)).listed).toEqual(one)
  })

  test('[M100] a page goes on where it ended, though what it lists moves up meanwhile', async () => {
    const clock = new SimClock()
    const chat = await standing(clock)
    const ids: string[] = []
    for (let n = 0; n < 20; n++) {
      clock.advance(n % 3)
      ids.push((await chat.direct('ann', `other-${n}`)).id)
    }
    const seen: string[] = []
    let next = {}
    for (let pages = 0; pages < 20; pages++) {
      const page = await pageOfList(chat.sql, 'ann', { limit: 1, ...next })
      const [listed] = page.conversations
      if (listed === undefined) throw new Error('an empty page')
      seen.push(listed.id)
      await chat.send('ann', listed.id, 'up it goes')
      if (page.next === undefined) break
      next = page.next
    }
    expect(seen.toSorted()).toEqual(ids.toSorted())
  })

  test('[M100] some can be asked for by id: those that are one’s own', async () => {
    const chat = await rows()
    const own = (await chat.direct('ann', 'bob')).id
    const other = (await chat.direct('bob', 'cid')).id
    const { conversations } = await pageOfList(chat.sql, 'ann', { ids: [other, own, 'd_nothing'] })
    expect(conversations.map(({ id }) => id)).toEqual([own])
  })

  test('[M101] what is archived goes out of the list, and a message brings it back unless it is muted', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    const { seq } = await chat.send('bob', id, 'hello')
    const state = async () => (await conversationOf(chat.sql, id, 'ann'))?.archived === true
    await set(chat, 'ann', id, { pinned: true })
    await set(chat, 'ann', id, { archived: true })
    expect(await conversationOf(chat.sql, id, 'ann')).toMatchObject({ archived: true, pinned: false, unread: 1 })
    await chat.react('bob', id, seq, '🎉')
    await chat.edit('bob', id, seq, 'hello!')
    expect(await state()).toBe(true)
    await chat.send('bob', id, 'are you there?')
    expect(await state()).toBe(false)
    // Muting what came back does not archive it again.
    await set(chat, 'ann', id, { muted: true })
    expect(await state()).toBe(false)
    await set(chat, 'ann', id, { archived: true })
    await chat.send('bob', id, 'still?')
    expect(await state()).toBe(true)
    // Nor does it come back by being heard again.
    await set(chat, 'ann', id, { muted: false })
    expect(await state()).toBe(true)
    await set(chat, 'ann', id, { pinned: true })
    expect(await conversationOf(chat.sql, id, 'ann')).toMatchObject({ pinned: true })
    expect(await state()).toBe(false)
  })

  test('[M101] what came after the newest that one knew brings an archived conversation back, and stays where one is deleted', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    const known = await chat.send('bob', id, 'one')
    await chat.send('bob', id, 'two')
    await set(chat, 'ann', id, { archived: true, seq: known.seq })
    expect(await conversationOf(chat.sql, id, 'ann')).not.toHaveProperty('archived')
    expect(await deleted(chat, 'ann', id, known.seq)).toEqual({ cleared: known.seq })
    expect(await conversationOf(chat.sql, id, 'ann')).toMatchObject({ unread: 1, last: { text: 'two' } })
    expect(await idsOf(chat, 'ann')).toEqual([id])
  })

  test('[M19, M102] what is deleted is gone for oneself alone, and comes back empty with the next message', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    await chat.send('bob', id, 'hello')
    await set(chat, 'ann', id, { pinned: true, muted: true })
    await deleted(chat, 'ann', id)
    expect([await idsOf(chat, 'ann'), await idsOf(chat, 'bob')]).toEqual([[], [id]])
    expect(await chat.recount('ann', id)).toBe(0)
    // What is said to nobody brings nothing back.
    await chat.react('bob', id, 1, '🎉')
    expect(await idsOf(chat, 'ann')).toEqual([])
    const back = await chat.send('bob', id, 'again')
    const { listed } = await listOf(chat, 'ann')
    expect(listed).toMatchObject([{ id, unread: 1, cleared: 1, pinned: false, muted: true, last: { text: 'again' } }])
    // It stays, though what brought it back goes.
    await chat.delete('ann', id, back.seq, 'me')
    await clear(chat, 'ann', id)
    expect(await idsOf(chat, 'ann')).toEqual([id])
    // And no author was told that anything was read.
    await chat.tell(id)
    const told = (await chat.inbox('bob')).flatMap(entry => (entry.kind === 'receipt' ? entry.receipts : []))
    expect(told.filter(({ read }) => read !== undefined)).toEqual([])
  })

  test('[M102] one’s own message brings a deleted conversation back, and what a blocked one writes does not', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    await deleted(chat, 'ann', id)
    await chat.unitsOfWork.commit(change => setBlocked(change, 'ann', 'bob', true))
    await chat.send('bob', id, 'let me in')
    expect(await idsOf(chat, 'ann')).toEqual([])
    await chat.send('ann', id, 'no')
    expect(await idsOf(chat, 'ann')).toEqual([id])
  })

  test('[M103] a group that was left can be cleared, muted, archived and deleted, and learns nothing of the time since', async () => {
    const chat = await rows()
    const { id } = await chat.group('ann', ['bob'])
    await chat.send('ann', id, 'hello')
    const left = await chat.leave('bob', id)
    await chat.send('ann', id, 'without bob')
    await set(chat, 'bob', id, { muted: true, archived: true })
    expect(await conversationOf(chat.sql, id, 'bob')).toMatchObject({ active: false, muted: true, archived: true, seq: left.seq })
    expect(await clear(chat, 'bob', id)).toEqual({ cleared: left.seq })
    expect(await deleted(chat, 'bob', id)).toEqual({ cleared: left.seq })
    expect(await idsOf(chat, 'bob')).toEqual([])
    // Whoever comes back has it again.
    await chat.join('bob', await chat.invite('ann', id))
    expect(await idsOf(chat, 'bob')).toEqual([id])
  })

  test('[M104] a conversation is marked as unread until it is read or answered, on every device, and nothing is told to authors', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    const { seq } = await chat.send('bob', id, 'hello')
    await chat.read('ann', id, seq)
    const marked = async () => (await conversationOf(chat.sql, id, 'ann'))?.marked === true
    const told = async () => (await chat.inbox('ann')).filter(({ kind }) => kind === 'conversation').length
    for (const end of [
      () => chat.read('ann', id, seq),
      () => chat.send('ann', id, 'an answer'),
      () => set(chat, 'ann', id, { unread: false }),
      () => deleted(chat, 'ann', id),
    ]) {
      const before = await told()
      await set(chat, 'ann', id, { unread: true })
      expect([await marked(), await told()]).toEqual([true, before + 1])
      await end()
      expect(await marked()).toBe(false)
    }
    await chat.send('bob', id, 'one more')
    await set(chat, 'ann', id, { unread: false })
    expect(await chat.unread('ann', id)).toBe(0)
    expect(await chat.recount('ann', id)).toBe(0)
  })

  test('[M105] the unread sum is that of all conversations but the muted and archived ones, and the badge is the same', async () => {
    const chat = await rows()
    const random = seededRandom(105)
    const ids: string[] = []
    for (let n = 0; n < 20; n++) ids.push((await chat.direct('ann', `other-${n}`)).id)
    const pushes = new PushStore(chat.sql)
    for (let step = 0; step < rounds(60, 600); step++) {
      const n = between(random, 0, ids.length - 1)
      const id = ids[n] ?? ''
      const acts = [
        () => chat.send(`other-${n}`, id, 'news'),
        () => chat.send(`other-${n}`, id, 'more'),
        () => chat.send('ann', id, 'an answer'),
        () => set(chat, 'ann', id, { muted: random.next() < 0.5 }),
        () => set(chat, 'ann', id, { archived: random.next() < 0.5 }),
        () => set(chat, 'ann', id, { unread: random.next() < 0.5 }),
        () => clear(chat, 'ann', id),
        () => deleted(chat, 'ann', id),
      ]
      await acts[between(random, 0, acts.length - 1)]?.()
    }
    const { listed, unread } = await listOf(chat, 'ann', 3)
    const loud = listed.filter(({ muted, archived }) => !muted && archived !== true)
    const sum = loud.reduce((total, conversation) => total + conversation.unread, 0)
    expect(sum).toBeGreaterThan(0)
    expect([unread, await pushes.badge('ann')]).toEqual([sum, sum])
    for (const { id, unread } of listed) expect(await chat.recount('ann', id)).toBe(unread)
  })
})
