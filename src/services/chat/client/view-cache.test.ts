import { expect, test } from 'bun:test'
import type { InboxEntry, MessageEntry } from '../model/wire.ts'
import { Conversation } from './conversation.ts'
import { MessageOutbox } from './outbox.ts'
import { patchOfConversation, patchOfEntry } from './patch.ts'
import { ViewCache } from './view-cache.ts'

const me = 'ann'
const id = 'g_1'

test('[M40] a view is the same object until what it shows has changed', () => {
  const conversation = new Conversation(id, me)
  conversation.absorb(snapshot({ seq: 0, unread: 0 }))
  for (const seq of [1, 2]) conversation.absorb(patchOfEntry(message(seq, seq === 1 ? me : 'bob'), seq - 1, seq, me))
  const outbox = new MessageOutbox()
  const views = new ViewCache(
    me,
    'phone',
    outbox,
    () => [],
    { now: () => 0 },
    () => false,
  )
  const before = views.items(conversation)
  expect(views.items(conversation)).toBe(before)
  outbox.add({ cid: 'c', conversation: id, text: 'hi', at: 5, order: 5 })
  const after = views.items(conversation)
  expect(after.map(({ key }) => key)).toEqual([`${id}.1`, `${id}.2`, 'c'])
  expect(after[0]).toBe(before[0])
  outbox.add({ cid: 'd', conversation: 'elsewhere', text: 'hi', at: 5, order: 5 })
  expect(views.items(conversation)).toBe(after)
  conversation.absorb(
    patchOfEntry({ kind: 'receipt', conversation: id, receipts: ['bob', 'cem'].map(user => ({ user, read: 1, ts: 0 })) }, 2, 3, me),
  )
  const read = views.items(conversation)
  expect(read[0]).toMatchObject({ state: 'read' })
  expect(read[1]).toBe(before[1])
})

test('[M8] a message that waits and its echo are one row with one key', () => {
  const conversation = new Conversation(id, me)
  const outbox = new MessageOutbox()
  const views = new ViewCache(
    me,
    'phone',
    outbox,
    () => [],
    { now: () => 0 },
    () => false,
  )
  outbox.add({ cid: 'c', conversation: id, text: 'hi', at: 5, order: 5 })
  outbox.add({ cid: 'd', conversation: id, text: 'there', at: 6, order: 6 })
  const keys = () => views.items(conversation).map(item => [item.key, item.kind === 'message' ? item.state : ''])
  expect(keys()).toEqual([
    ['c', 'waiting'],
    ['d', 'waiting'],
  ])
  const own = (device: string, seq: number): InboxEntry => ({ ...message(seq, me), origin: { device, cid: 'c' } })
  conversation.absorb(patchOfEntry(own('laptop', 1), 0, 1, me))
  expect(keys()).toEqual([
    [`${id}.1`, 'sent'],
    ['c', 'waiting'],
    ['d', 'waiting'],
  ])
  conversation.absorb(patchOfEntry(own('phone', 2), 1, 2, me))
  expect(keys()).toEqual([
    [`${id}.1`, 'sent'],
    ['c', 'sent'],
    ['d', 'waiting'],
  ])
})

function message(seq: number, author: string): MessageEntry {
  return { kind: 'message', conversation: id, seq, ts: seq, author, mid: `${id}.${seq}`, text: `said ${seq}` }
}

function snapshot({ seq, unread }: { seq: number; unread: number }) {
  const members = ['ann', 'bob', 'cem'].map(user => ({ user, role: 'member' as const, since: 0, delivered: 0, read: 0 }))
  const conversation = {
    id,
    kind: 'group' as const,
    title: 'Three',
    send: 'all' as const,
    edit: 'all' as const,
    version: 1,
    seq,
    ts: seq,
    unread,
    members,
    muted: false,
    pinned: false,
    cleared: 0,
    active: true,
  }
  return patchOfConversation(conversation, 0)
}
