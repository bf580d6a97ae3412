import { expect, test } from 'bun:test'
import { pageOf } from '../../src/services/chat/store/index.ts'
import { SqlError } from '../../src/store/index.ts'
import { overBothStores } from './both-stores.ts'

overBothStores(({ rows }) => {
  test('[M15] of 300 who join at once, exactly as many get in as there is room for', async () => {
    const chat = await rows()
    const { id } = await chat.group('owner', [])
    const code = await chat.invite('owner', id)
    // Whoever waited in vain for a store that is too busy asks again, as an app does.
    const join = (guest: string): Promise<unknown> =>
      chat.join(guest, code).catch(error => {
        if (error instanceof SqlError && (error.reason === 'unavailable' || error.reason === 'contended')) return join(guest)
        throw error
      })
    const joined = await Promise.allSettled(Array.from({ length: 300 }, (_, i) => join(`guest-${i}`)))
    expect(joined.filter(({ status }) => status === 'fulfilled')).toHaveLength(255)
    const refused = joined.filter(result => result.status === 'rejected')
    expect(refused.every(({ reason }) => String(reason).includes('group_full'))).toBe(true)
    expect((await chat.group('owner', [], 'other')).members).toHaveLength(1)
    expect(await chat.sql.all('select person from chat_member where conversation = ?1 and active = 1', id)).toHaveLength(256)
  })

  test('[M15] whoever is removed gets the entry that says so and nothing after; back again, nothing of the time between', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob'])
    await chat.send('alice', id, 'before')
    const { seq } = await chat.remove('alice', id, ['bob'])
    await chat.send('alice', id, 'while away')
    expect(await chat.logged('bob', id)).toEqual([1, 2, seq])
    await expect(chat.send('bob', id, 'still here?')).rejects.toThrow('not_found')
    await chat.add('alice', id, ['bob'])
    await chat.send('alice', id, 'after')
    const { entries } = await pageOf(chat.sql, 'bob', { conversation: id })
    expect(entries.map(entry => (entry.kind === 'message' ? entry.text : entry.change))).toEqual([
      'created',
      'before',
      'removed',
      'added',
      'after',
    ])
    expect(await chat.unread('bob', id)).toBe(await chat.recount('bob', id))
    expect(await chat.unread('bob', id)).toBe(1)
  })

  test('[M15] a send may say which members it is for', async () => {
    const chat = await rows()
    const { id, version } = await chat.group('alice', ['bob'])
    await chat.send('alice', id, 'to two', { version })
    await chat.add('alice', id, ['carol'])
    await expect(chat.send('alice', id, 'to two', { version })).rejects.toThrow('membership_changed')
  })

  test('[M16] the last owner hands the group to the admin who served longest, else to a member', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    await chat.unitsOfWork.commit(change => chat.groups.role(change, 'alice', id, 'carol', 'admin'))
    await chat.leave('alice', id)
    await chat.leave('carol', id)
    const [bob] = await chat.sql.all<{ person: string; role: string }>(
      'select person, role from chat_member where conversation = ?1 and active = 1',
      id,
    )
    expect(bob).toEqual({ person: 'bob', role: 'owner' })
    await chat.leave('bob', id)
    await expect(chat.send('bob', id, 'hello?')).rejects.toThrow('not_found')
  })

  test('[M16] an invitation ends when it was used as often as it may be, when it is revoked, and when its time is over', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', [])
    const twice = await chat.invite('alice', id, 2)
    await chat.join('bob', twice)
    await chat.join('bob', twice)
    await chat.join('carol', twice)
    await expect(chat.join('dave', twice)).rejects.toThrow('gone')
    const revoked = await chat.invite('alice', id)
    await chat.unitsOfWork.commit(change => chat.invitations.revoke(change, 'alice', id, revoked))
    await expect(chat.join('dave', revoked)).rejects.toThrow('not_found')
    const { code } = await chat.unitsOfWork.commit(change =>
      chat.invitations.invite(change, 'alice', id, { uses: 0, ttlMs: 1, approval: false }),
    )
    await Bun.sleep(5)
    await expect(chat.join('dave', code)).rejects.toThrow('gone')
  })

  test('[M16] an invitation may ask those who lead the group first: they see who asks, and let them in or not', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob'])
    const { code } = await chat.unitsOfWork.commit(change =>
      chat.invitations.invite(change, 'alice', id, { uses: 0, ttlMs: 60_000, approval: true }),
    )
    expect(await chat.join('carol', code)).toBeUndefined()
    expect(await chat.join('dave', code)).toBeUndefined()
    expect(await chat.logged('carol', id)).toEqual([])
    const asked = await chat.unitsOfWork.commit(change => chat.invitations.requests(change.tx, 'alice', id))
    expect(asked.map(({ user }) => user)).toEqual(['carol', 'dave'])
    await expect(chat.unitsOfWork.commit(change => chat.invitations.requests(change.tx, 'bob', id))).rejects.toThrow('forbidden')
    expect((await chat.inbox('alice')).at(-1)).toMatchObject({ kind: 'conversation', summary: { requests: 2 } })
    expect(JSON.stringify(await chat.inbox('bob'))).not.toContain('requests')
    await chat.unitsOfWork.commit(change => chat.invitations.answer(change, 'alice', id, 'carol', true))
    await chat.unitsOfWork.commit(change => chat.invitations.answer(change, 'alice', id, 'dave', false))
    await expect(chat.unitsOfWork.commit(change => chat.invitations.answer(change, 'alice', id, 'dave', true))).rejects.toThrow('not_found')
    expect((await chat.send('carol', id, 'hello')).seq).toBe(3)
  })

  test('[M16] a group may let its admins alone send, and everyone change its title', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob'])
    await expect(chat.unitsOfWork.commit(change => chat.groups.rename(change, 'bob', id, 'ours'))).rejects.toThrow('forbidden')
    await chat.unitsOfWork.commit(change => chat.groups.setModes(change, 'alice', id, { send: 'admins', edit: 'all' }))
    await chat.unitsOfWork.commit(change => chat.groups.rename(change, 'bob', id, 'ours'))
    await expect(chat.send('bob', id, 'hello')).rejects.toThrow('forbidden')
    await chat.send('alice', id, 'hello')
    expect((await chat.inbox('bob')).filter(({ kind }) => kind === 'membership')).toMatchObject([
      { change: 'created' },
      { change: 'modes', send: 'admins', edit: 'all', version: 2 },
      { change: 'renamed', title: 'ours', version: 3 },
    ])
  })

  test('[M16] whom one has blocked reaches nothing of it in a conversation of two, and does not learn it', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    await chat.sql.run("insert into chat_block (person, blocked) values ('bob', 'alice')")
    const { seq } = await chat.send('alice', id, 'hello?')
    await chat.edit('alice', id, seq, 'hello??')
    await chat.react('alice', id, seq, '👍')
    await chat.delete('alice', id, seq)
    expect(await chat.logged('bob', id)).toEqual([])
    expect(await chat.unread('bob', id)).toBe(0)
    expect(await chat.recount('bob', id)).toBe(0)
  })
})
