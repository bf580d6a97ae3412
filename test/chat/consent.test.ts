import { expect, test } from 'bun:test'
import {
  acquainted,
  answerInvited,
  changeProfile,
  conversationOf,
  infoOf,
  invitedOf,
  listConversations,
  PushStore,
  pageOf,
  setBlocked,
} from '../../src/services/chat/store/index.ts'
import { overBothStores } from './both-stores.ts'
import { ChatRows } from './rows.ts'

const block = (chat: ChatRows, user: string, other: string, on = true) =>
  chat.unitsOfWork.commit(change => setBlocked(change, user, other, on))
const answer = (chat: ChatRows, user: string, conversation: string, isAccepted: boolean) =>
  chat.unitsOfWork.commit(change => answerInvited(change, chat.groups, user, conversation, isAccepted))
const mayAdd = (chat: ChatRows, user: string, may_add: 'everyone' | 'answered' | 'nobody') =>
  chat.unitsOfWork.commit(({ tx }) => changeProfile(tx, user, { may_add }))
const members = async (chat: ChatRows, id: string, reader: string) =>
  (await conversationOf(chat.sql, id, reader))?.members.map(({ user }) => user)
const make = (chat: ChatRows, user: string, others: readonly string[], cid: string) =>
  chat.unitsOfWork.commit(change => chat.groups.make(change, user, 'a group', others, cid))
const invited = async (chat: ChatRows, user: string) =>
  (await chat.inbox(user)).flatMap(entry => (entry.kind === 'invited' ? [[entry.author, entry.open]] : []))

overBothStores(({ open, rows }) => {
  test('[M80] whom one has blocked puts one into no group, and is answered as for somebody who does not answer', async () => {
    const chat = await rows()
    await block(chat, 'bob', 'mallory')
    await mayAdd(chat, 'carol', 'nobody')
    const made = await make(chat, 'mallory', ['bob', 'carol', 'dave'], 'one')
    expect(made.summary.members.map(({ user }) => user)).toEqual(['dave', 'mallory'])
    expect(made.asked).toEqual(['bob', 'carol'])
    const { id } = made.summary
    for (let attempt = 0; attempt < 20; attempt++)
      expect(await chat.add('mallory', id, ['bob', 'carol'])).toMatchObject({ asked: ['bob', 'carol'] })
    await chat.send('mallory', id, 'hello')
    expect(await chat.inbox('bob')).toEqual([])
    expect(await listConversations(chat.sql, 'bob', {})).toEqual([])
    expect(await invitedOf(chat.sql, 'bob')).toEqual([])
    expect(await invited(chat, 'carol')).toEqual([['mallory', true]])
    expect(JSON.stringify([await chat.inbox('mallory'), await pageOf(chat.sql, 'mallory', { conversation: id })])).not.toContain('bob')
  })

  test('[M80] what somebody begins with whoever blocked them appears there when the block ends, or when it is opened', async () => {
    const chat = await rows()
    for (const [user, ends] of [
      ['bob', (user: string) => block(chat, user, 'mallory', false)],
      ['carol', (user: string) => chat.direct(user, 'mallory')],
    ] as const) {
      await block(chat, user, 'mallory')
      const { id } = await chat.direct('mallory', user)
      await chat.send('mallory', id, 'hello')
      expect(await chat.inbox(user)).toEqual([])
      expect(await listConversations(chat.sql, user, {})).toEqual([])
      await ends(user)
      expect((await listConversations(chat.sql, user, {})).map(conversation => conversation.id)).toEqual([id])
      expect(await chat.inbox(user)).toMatchObject([{ kind: 'conversation', conversation: id }])
      expect(await chat.unread(user, id)).toBe(0)
    }
  })

  test('[M81] who left by own choice comes back by own choice alone, and is asked once; who was removed may be added', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    await chat.leave('bob', id)
    const before = (await chat.inbox('bob')).length
    for (let attempt = 0; attempt < 20; attempt++) expect(await chat.add('alice', id, ['bob'])).toMatchObject({ asked: ['bob'] })
    await chat.send('alice', id, 'come back')
    expect((await chat.inbox('bob')).slice(before)).toMatchObject([{ kind: 'invited', author: 'alice', title: 'a group', members: 2 }])
    await answer(chat, 'bob', id, false)
    await chat.add('alice', id, ['bob'])
    expect(await invited(chat, 'bob')).toEqual([
      ['alice', true],
      ['alice', false],
    ])
    expect(await invitedOf(chat.sql, 'bob')).toEqual([])
    expect(await members(chat, id, 'alice')).toEqual(['alice', 'carol'])
    expect((await chat.join('bob', await chat.invite('alice', id)))?.active).toBe(true)
    await chat.remove('alice', id, ['bob'])
    expect(await chat.add('alice', id, ['bob'])).not.toHaveProperty('asked')
    expect(await members(chat, id, 'alice')).toContain('bob')
  })

  test('[M82] who may add one: everyone, those whom one has answered, nobody', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    await chat.send('alice', id, 'hello')
    let groups = 0
    const adds = async (author: string, user: string) => {
      const { summary } = await make(chat, author, [user], `group ${++groups}`)
      return summary.members.some(member => member.user === user)
    }
    expect(await adds('stranger', 'bob')).toBe(true)
    await mayAdd(chat, 'bob', 'answered')
    expect(await adds('stranger', 'bob')).toBe(false)
    expect(await adds('alice', 'bob')).toBe(false)
    await chat.send('bob', id, 'hello to you')
    expect(await adds('alice', 'bob')).toBe(true)
    expect(await adds('stranger', 'bob')).toBe(false)
    await mayAdd(chat, 'bob', 'nobody')
    expect(await adds('alice', 'bob')).toBe(false)
    expect((await invitedOf(chat.sql, 'bob')).map(({ author }) => author).toSorted()).toEqual(['alice', 'alice', 'stranger', 'stranger'])
  })

  test('[M83] an invitation waits for a yes, and is gone when it is answered, taken back, or its author leads no longer or is blocked', async () => {
    const chat = await rows()
    for (const user of ['bob', 'carol', 'dave', 'erin', 'frank']) await mayAdd(chat, user, 'nobody')
    const { summary } = await make(chat, 'alice', ['bob', 'carol', 'dave'], 'one')
    const { id } = summary
    expect((await answer(chat, 'bob', id, true))?.members.map(({ user }) => user)).toEqual(['alice', 'bob'])
    expect(await conversationOf(chat.sql, id, 'bob')).not.toHaveProperty('request')
    await chat.remove('alice', id, ['carol'])
    await block(chat, 'dave', 'alice')
    await chat.unitsOfWork.commit(change => chat.groups.role(change, 'alice', id, 'bob', 'admin'))
    await chat.add('bob', id, ['erin', 'frank'])
    expect(await invited(chat, 'erin')).toEqual([['bob', true]])
    await chat.unitsOfWork.commit(change => chat.groups.role(change, 'alice', id, 'bob', 'member'))
    for (const user of ['bob', 'carol', 'dave', 'erin', 'frank']) {
      expect(await invited(chat, user)).toMatchObject([
        [expect.any(String), true],
        [expect.any(String), false],
      ])
      expect(await invitedOf(chat.sql, user)).toEqual([])
      await expect(answer(chat, user, id, true)).rejects.toThrow('not_found')
    }
    await expect(answer(chat, 'bob', 'g_nothing', true)).rejects.toThrow('not_found')
  })

  test('[M84] of whoever was written to or put into a group nothing is known until they answer or accept', async () => {
    const chat = await rows()
    for (const user of ['alice', 'bob']) await chat.link(user)
    const { id } = await chat.direct('alice', 'bob')
    const { id: group } = await chat.group('alice', ['bob'])
    await chat.send('alice', id, 'hello')
    const knows = async (asker: string, other: string) => (await acquainted(chat.sql, asker, [other])).has(other)
    const encrypted = (conversation: string, perDevice: Record<string, string>, cid: string) =>
      chat.unitsOfWork.commit(change =>
        chat.messages.send(
          change,
          { user: 'alice', device: 'phone' },
          { conversation, cid, enc: { scheme: 'x', perDevice }, device: 'phone' },
        ),
      )
    for (const conversation of [id, group]) {
      expect(await conversationOf(chat.sql, conversation, 'bob')).toMatchObject({ request: true })
      expect(await encrypted(conversation, {}, `none ${conversation}`)).toMatchObject({ conversation })
      expect(await encrypted(conversation, { 'bob/tablet': 'x' }, `wrong ${conversation}`)).toMatchObject({ conversation })
    }
    expect(await knows('alice', 'bob')).toBe(false)
    expect(await knows('bob', 'alice')).toBe(true)
    await chat.unitsOfWork.commit(change => chat.groups.accept(change, 'bob', group))
    expect(await knows('alice', 'bob')).toBe(true)
    expect((await chat.inbox('bob')).at(-1)).not.toHaveProperty('summary.request')
    await expect(encrypted(group, {}, 'now')).rejects.toThrow('bob/phone')
    expect(await conversationOf(chat.sql, id, 'bob')).toMatchObject({ request: true })
    await chat.send('bob', id, 'hello to you')
    expect(await conversationOf(chat.sql, id, 'bob')).not.toHaveProperty('request')
    await expect(encrypted(id, {}, 'now')).rejects.toThrow('bob/phone')
    await expect(chat.unitsOfWork.commit(change => chat.groups.accept(change, 'mallory', id))).rejects.toThrow('not_found')
  })

  test('[M86] after a block nothing new is told of whoever made it: no receipt, no time, no new device; what was known stays', async () => {
    let at = 1_000_000
    const clock = { now: () => ++at, after: () => ({ cancel() {} }), soon() {} }
    const chat = await ChatRows.open(await open(), { clock })
    for (const user of ['mallory', 'bob']) await chat.link(user)
    const { id } = await chat.direct('mallory', 'bob')
    await chat.send('bob', id, 'hello')
    const { seq } = await chat.send('mallory', id, 'read this')
    await block(chat, 'bob', 'mallory')
    await chat.read('bob', id, seq)
    await chat.link('bob', 'laptop')
    await chat.tell(id)
    expect((await chat.inbox('mallory')).filter(({ kind }) => kind === 'receipt')).toEqual([])
    expect((await infoOf(chat.sql, 'mallory', { conversation: id, seq })).recipients).toEqual([{ user: 'bob' }])
    const bob = (await conversationOf(chat.sql, id, 'mallory'))?.members.find(({ user }) => user === 'bob')
    expect(bob).toMatchObject({ read: 0, delivered: 0 })
    const enc = (perDevice: Record<string, string>, cid: string) =>
      chat.unitsOfWork.commit(change =>
        chat.messages.send(
          change,
          { user: 'mallory', device: 'phone' },
          { conversation: id, cid, enc: { scheme: 'x', perDevice }, device: 'phone' },
        ),
      )
    await expect(enc({}, 'none')).rejects.toThrow('{"missing":["bob/phone"],"extra":[]}')
    await expect(enc({ 'bob/phone': 'x', 'bob/laptop': 'x' }, 'both')).rejects.toThrow('{"missing":[],"extra":["bob/laptop"]}')
    expect(await enc({ 'bob/phone': 'x' }, 'right')).toMatchObject({ conversation: id })
  })

  test('[M86] in a group, whom one has blocked neither notifies one nor shows their reactions', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'mallory'])
    const { seq } = await chat.send('bob', id, 'hello')
    await block(chat, 'bob', 'mallory')
    await chat.react('mallory', id, seq, '👎')
    await chat.react('alice', id, seq, '👍')
    const reactions = async (user: string) => (await chat.inbox(user)).flatMap(entry => (entry.kind === 'reaction' ? [entry.author] : []))
    expect(await reactions('bob')).toEqual(['alice'])
    expect(await reactions('alice')).toEqual(['mallory', 'alice'])
    const shown = async (user: string) => (await pageOf(chat.sql, user, { conversation: id, around: seq, limit: 1 })).entries
    expect(await shown('bob')).toMatchObject([{ reactions: [{ emoji: '👍', count: 1 }] }])
    expect((await chat.inboxes.items('bob', 0, 100)).map(({ pts }) => pts)).toEqual([1, 2, 3, 4])
    const pushes = new PushStore(chat.sql)
    await pushes.subscribe({ user: 'bob', device: 'phone', endpoint: 'https://push.example/1', p256dh: '', auth: '' }, 0)
    expect([...(await pushes.wanting(id, 'mallory'))]).toEqual([])
    expect([...(await pushes.wanting(id, 'alice'))]).toEqual(['bob'])
    await chat.send('mallory', id, 'nobody hears')
    expect(await pushes.owed(0, 10)).toEqual([])
  })

  test('[M86] an invitation by link is not open to those whom its author has blocked, nor do they ask whoever blocked them', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob'])
    await chat.unitsOfWork.commit(change => chat.groups.role(change, 'alice', id, 'bob', 'admin'))
    const code = await chat.invite('bob', id)
    await block(chat, 'bob', 'mallory')
    await expect(chat.join('mallory', code)).rejects.toThrow('no such invitation')
    const asking = await chat.unitsOfWork.commit(change =>
      chat.invitations.invite(change, 'alice', id, { uses: 0, ttlMs: 60_000, approval: true }),
    )
    await chat.join('mallory', asking.code)
    const requests = (user: string) => chat.unitsOfWork.commit(({ tx }) => chat.invitations.requests(tx, user, id))
    expect(await requests('alice')).toMatchObject([{ user: 'mallory' }])
    expect(await requests('bob')).toEqual([])
    expect(await conversationOf(chat.sql, id, 'bob')).not.toHaveProperty('requests')
  })

  test('[M88] a user counts once toward the uses of an invitation, whoever was removed does not come back by one, and it ends with its author’s lead', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob'])
    const twice = await chat.invite('alice', id, 2)
    for (let attempt = 0; attempt < 5; attempt++) {
      await chat.join('carol', twice)
      await chat.leave('carol', id)
    }
    await chat.join('dave', twice)
    await expect(chat.join('erin', twice)).rejects.toThrow('gone')
    expect((await chat.join('carol', twice))?.active).toBe(true)
    const open = await chat.invite('alice', id)
    await chat.remove('alice', id, ['dave'])
    await expect(chat.join('dave', open)).rejects.toThrow('forbidden')
    await chat.add('alice', id, ['dave'])
    await chat.leave('dave', id)
    expect((await chat.join('dave', open))?.active).toBe(true)
    for (const end of ['removed', 'demoted', 'left'] as const) {
      await chat.add('alice', id, ['bob'])
      if (!(await members(chat, id, 'alice'))?.includes('bob')) await answer(chat, 'bob', id, true)
      await chat.unitsOfWork.commit(change => chat.groups.role(change, 'alice', id, 'bob', 'admin'))
      const own = await chat.invite('bob', id)
      if (end === 'removed') await chat.remove('alice', id, ['bob'])
      if (end === 'demoted') await chat.unitsOfWork.commit(change => chat.groups.role(change, 'alice', id, 'bob', 'member'))
      if (end === 'left') await chat.leave('bob', id)
      await expect(chat.join('frank', own)).rejects.toThrow('not_found')
    }
  })

  test('[M89] a reaction that is the same again is nothing, and of one that is set and taken back the newest stands alone in the inboxes', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    const { seq } = await chat.send('bob', id, 'hello')
    const first = await chat.react('alice', id, seq, '👍')
    expect(await chat.react('alice', id, seq, '👍')).toEqual(first)
    expect(await chat.react('carol', id, seq, '')).toEqual({ seq: 0 })
    expect((await conversationOf(chat.sql, id, 'bob'))?.seq).toBe(first.seq)
    for (let turn = 0; turn < 10; turn++) for (const emoji of ['', '👍']) await chat.react('alice', id, seq, emoji)
    const entries = await chat.inbox('bob')
    expect(entries.filter(({ kind }) => kind === 'reaction')).toMatchObject([{ emoji: '👍', seq: first.seq + 20 }])
    expect((await chat.inboxes.items('bob', 0, 1000)).map(({ pts }) => pts)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1))
    expect(await chat.logged('carol', id)).toEqual([1, 2, first.seq + 20])
  })

  test('[M90] a group has so many users in all its time', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', [])
    await chat.sql.run(
      `insert into chat_member (conversation, person, role, since, active, delivered_to, read_to, told_delivered, told_read, receipt_due,
         unread, muted, pinned, cleared, consent)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < 2047)
       select ?1, 'user ' || i, 'member', 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 'removed' from n`,
      id,
    )
    await expect(chat.add('alice', id, ['invented'])).rejects.toThrow('in all the time of a group')
  })
})
