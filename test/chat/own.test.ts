import { expect, test } from 'bun:test'
import { blockedBy, clearConversation, conversationOf, infoOf, PushStore, setBlocked } from '../../src/services/chat/store/index.ts'
import { overBothStores } from './both-stores.ts'
import type { ChatRows } from './rows.ts'

function clear(chat: ChatRows, user: string, conversation: string) {
  return chat.unitsOfWork.commit(change => clearConversation(change, user, conversation))
}

async function receipts(chat: ChatRows, user: string) {
  const inbox = await chat.inbox(user)
  return inbox.flatMap(entry => (entry.kind === 'receipt' ? entry.receipts.map(({ ts: _ts, ...receipt }) => receipt) : []))
}

overBothStores(({ rows }) => {
  test('[M72] clearing leaves nothing unread and tells nobody that it was read; what devices acknowledge is delivered all the same', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    for (const text of ['one', 'two']) await chat.send('alice', id, text)
    expect(await clear(chat, 'bob', id)).toEqual({ cleared: 2 })
    await chat.tell(id)
    expect(await receipts(chat, 'alice')).toEqual([])
    await chat.deliver('bob', 0, 3)
    await chat.tell(id)
    expect(await receipts(chat, 'alice')).toEqual([{ user: 'bob', delivered: 2 }])
    expect((await conversationOf(chat.sql, id, 'alice'))?.members.find(({ user }) => user === 'bob')).toMatchObject({
      delivered: 2,
      read: 0,
    })
    const { recipients } = await infoOf(chat.sql, 'alice', { conversation: id, seq: 1 })
    expect(recipients).toEqual([{ user: 'bob', delivered: expect.any(Number) }])
    expect(await chat.unread('bob', id)).toBe(0)
    expect(await chat.recount('bob', id)).toBe(0)
  })

  test('[M22, M72] after a clearing, what comes later counts as it should, is deleted and read as it should', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    const before = await chat.send('alice', id, 'before')
    await clear(chat, 'bob', id)
    await chat.delete('alice', id, before.seq)
    expect(await chat.unread('bob', id)).toBe(0)
    const [first, second] = [await chat.send('alice', id, 'first'), await chat.send('alice', id, 'second')]
    expect(await chat.unread('bob', id)).toBe(2)
    expect(await chat.recount('bob', id)).toBe(2)
    await chat.delete('alice', id, first.seq)
    expect(await chat.read('bob', id, before.seq)).toMatchObject({ unread: 1 })
    expect(await chat.recount('bob', id)).toBe(1)
    expect(await chat.read('bob', id, second.seq)).toEqual({ read: second.seq, unread: 0 })
    expect(await chat.recount('bob', id)).toBe(0)
  })

  test('[M37, M72] what was cleared is owed to no device any longer', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    const pushes = new PushStore(chat.sql)
    await pushes.subscribe({ user: 'bob', device: 'phone', endpoint: 'https://push.example/1', p256dh: '', auth: '' }, 0)
    await chat.send('alice', id, 'hello')
    expect(await pushes.owed(0, 10)).toMatchObject([{ user: 'bob', seq: 1 }])
    const [owed] = await pushes.owed(0, 10)
    const unaware = () => pushes.unaware('bob', { conversation: id, seq: 1, offset: owed?.offset ?? 0 })
    expect(await unaware()).toHaveLength(1)
    await clear(chat, 'bob', id)
    expect(await pushes.owed(0, 10)).toEqual([])
    expect(await unaware()).toEqual([])
  })

  test('[M71] whom one has blocked one’s own devices learn, and nobody else', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    const block = (user: string, on: boolean) => chat.unitsOfWork.commit(change => setBlocked(change, 'alice', user, on))
    expect(await block('bob', true)).toEqual(['bob'])
    expect(await block('carol', true)).toEqual(['bob', 'carol'])
    expect(await blockedBy(chat.sql, 'alice')).toEqual(['bob', 'carol'])
    expect(chat.posted.at(-1)).toMatchObject({
      person: 'alice',
      entry: { kind: 'conversation', conversation: id, summary: { blocked: true } },
    })
    expect(await conversationOf(chat.sql, id, 'alice')).toMatchObject({ blocked: true })
    expect(JSON.stringify([await chat.inbox('bob'), await conversationOf(chat.sql, id, 'bob')])).not.toContain('blocked')
    const { id: later } = await chat.direct('carol', 'alice')
    const told = chat.posted.flatMap(({ person, entry }) =>
      entry.kind === 'conversation' && entry.conversation === later ? [[person, entry.summary.blocked]] : [],
    )
    expect(told).toEqual([['carol', undefined]])
    expect((await chat.direct('alice', 'carol')).blocked).toBe(true)
    expect(await block('bob', false)).toEqual(['carol'])
    expect(chat.posted.at(-1)?.entry).not.toHaveProperty('summary.blocked')
    expect(await conversationOf(chat.sql, id, 'alice')).not.toHaveProperty('blocked')
  })

  test('[M70] who leads a group sees which invitations are open, whose they are, and how often they were used', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    await chat.unitsOfWork.commit(change => chat.groups.role(change, 'alice', id, 'bob', 'admin'))
    const invites = (user: string, conversation = id) =>
      chat.unitsOfWork.commit(change => chat.invitations.live(change, user, conversation))
    const make = (user: string, given: { uses: number; ttlMs: number; approval: boolean }) =>
      chat.unitsOfWork.commit(change => chat.invitations.invite(change, user, id, given))
    const asking = await make('bob', { uses: 0, ttlMs: 90_000, approval: true })
    const twice = await make('alice', { uses: 2, ttlMs: 60_000, approval: false })
    const short = await make('alice', { uses: 0, ttlMs: 1, approval: false })
    await chat.join('dave', twice.code)
    await chat.join('erin', asking.code)
    await Bun.sleep(5)
    const open = [
      { code: twice.code, author: 'alice', expires: twice.expires, uses: 2, used: 1, approval: false },
      { code: asking.code, author: 'bob', expires: asking.expires, uses: 0, used: 1, approval: true },
    ]
    expect(await invites('alice')).toEqual(open)
    expect(await invites('bob')).toEqual(open)
    expect(JSON.stringify(open)).not.toContain(short.code)
    await expect(invites('carol')).rejects.toThrow('forbidden')
    await expect(invites('stranger')).rejects.toThrow('not_found')
    const { id: pair } = await chat.direct('alice', 'bob')
    await expect(invites('alice', pair)).rejects.toThrow('unprocessable')
    await chat.join('frank', twice.code)
    await chat.unitsOfWork.commit(change => chat.invitations.revoke(change, 'alice', id, asking.code))
    expect(await invites('alice')).toEqual([])
  })
})
