import { expect, test } from 'bun:test'
import { limits } from '../../src/services/chat/limits.ts'
import { conversationOf, devicesOf, linkDevice, PushStore, schema, signOutDevice } from '../../src/services/chat/store/index.ts'
import { migrateSql } from '../../src/store/index.ts'
import { overBothStores } from './both-stores.ts'
import { ChatRows } from './rows.ts'

/** The steps before the one that gave mutes an end. */
const before = schema.slice(
  0,
  schema.findIndex(step => typeof step === 'string' && step.includes('muted_until')),
)

overBothStores(({ open, rows }) => {
  test('[M172] a mute ends by itself; true is for ever; what it is comes to every device', async () => {
    let now = 1_000_000
    const chat = await ChatRows.open(await open(), { clock: { now: () => now, after: () => ({ cancel() {} }), soon() {} } })
    const { id } = await chat.direct('alice', 'bob')
    const pushes = new PushStore(chat.sql, { now: () => now })
    await pushes.subscribe({ user: 'bob', device: 'phone', endpoint: 'https://push.example/1', p256dh: '', auth: '' }, 0)
    const muted = async () => {
      const { muted, muted_until } = (await conversationOf(chat.sql, id, 'bob', now)) ?? {}
      return { muted, muted_until, wants: (await pushes.wanting(id, 'alice')).has('bob'), badge: await pushes.badge('bob') }
    }
    await chat.mute('bob', id, { muteMs: 3_600_000 })
    await chat.send('alice', id, 'hello')
    expect(await muted()).toEqual({ muted: true, muted_until: 4_600_000, wants: false, badge: 0 })
    expect(chat.posted.at(-3)?.entry).toMatchObject({ kind: 'conversation', summary: { muted: true, muted_until: 4_600_000 } })
    now = 4_600_000
    expect(await muted()).toEqual({ muted: false, muted_until: undefined, wants: true, badge: 1 })
    await chat.mute('bob', id, { muted: true })
    now = 8_000_000_000_000
    expect(await muted()).toEqual({ muted: true, muted_until: undefined, wants: false, badge: 0 })
    await chat.mute('bob', id, { pinned: true })
    expect((await muted()).muted).toBe(true)
    await chat.mute('bob', id, { muted: false })
    expect((await muted()).muted).toBe(false)
    expect(await conversationOf(chat.sql, id, 'alice')).toMatchObject({ muted: false })
  })

  test('[M173] what was muted before mutes had an end is muted for ever', async () => {
    const sql = await open()
    await migrateSql(sql, 'chat', before)
    for (const [person, muted] of [
      ['alice', 0],
      ['bob', 1],
    ] as const)
      await sql.run(
        `insert into chat_member (conversation, person, role, since, active, delivered_to, read_to, told_delivered, told_read, receipt_due,
           unread, muted, pinned, cleared) values ('d_1', ?1, 'member', 0, 1, 0, 0, 0, 0, 0, 0, ?2, 0, 0)`,
        person,
        muted,
      )
    await sql.run(
      `insert into chat_conversation (id, kind, title, pair, version, seq, ts, created, send_by, edit_by)
       values ('d_1', 'direct', '', 'pair', 0, 0, 0, 0, 'all', 'admins')`,
    )
    const chat = await ChatRows.open(sql)
    for (const person of ['alice', 'bob']) {
      const conversation = await conversationOf(chat.sql, 'd_1', person)
      expect(conversation?.muted).toBe(person === 'bob')
      expect(conversation).not.toHaveProperty('muted_until')
    }
  })

  test('[M185] a device beyond the most unlinks the one that was away longest, never one that is here', async () => {
    const chat = await rows()
    const here = new Set<string>()
    const link = (device: string, at: number) =>
      chat.unitsOfWork.commit(({ tx }) => linkDevice(tx, 'ann', device, at, other => here.has(other)))
    for (let index = 0; index < limits.devicesMax; index++) await link(`d${index}`, index)
    const names = async () => (await devicesOf(chat.sql, 'ann')).map(({ device }) => device)
    here.add('d0')
    here.add('d1')
    await link('new', 100)
    expect(await names()).toEqual([
      'new',
      ...Array.from({ length: limits.devicesMax }, (_, index) => `d${15 - index}`).filter(name => name !== 'd2'),
    ])
    for (const device of await names()) here.add(device)
    await expect(link('another', 101)).rejects.toThrow('limit exceeded: 16 devices of this account are connected')
    expect(await names()).not.toContain('another')
    await chat.unitsOfWork.commit(({ tx, now }) => signOutDevice(tx, 'ann', 'd5', now))
    await link('another', 102)
    expect(await names()).toContain('another')
    await expect(chat.unitsOfWork.commit(({ tx, now }) => signOutDevice(tx, 'bob', 'd6', now))).rejects.toThrow('not_found')
  })
})
