import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { InboxEntry, MessageEntry } from '../model/wire.ts'
import { joinCached } from './cache.ts'
import { Conversation } from './conversation.ts'
import { MessageOutbox } from './outbox.ts'
import { patchOfConversation, patchOfEntry, patchOfPage } from './patch.ts'
import { ViewCache } from './view-cache.ts'

const users = ['ann', 'bob', 'cem'] as const
const me = 'ann'
const id = 'g_1'

interface Placed {
  readonly offset: number
  readonly entry: InboxEntry
}

/** One thing that somebody does in a group of three; what it refers to is taken from what was there before. */
const acts = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'message',
      'message',
      'edit',
      'delete',
      'hide',
      'reaction',
      'receipt',
      'rename',
      'modes',
      'role',
      'remove',
      'add',
    ),
    author: fc.nat(2),
    pick: fc.nat(1000),
    word: fc.constantFrom('', '👍', '❤️', 'x'),
  }),
  { minLength: 1, maxLength: 30 },
)
type Act = Parameters<Parameters<typeof acts.map>[0]>[0][number]

/** A log as a server would have made it, as one member's inbox tells it. */
class Log {
  readonly inbox: Placed[] = []
  readonly #messages: number[] = []
  readonly #revs = new Map<number, number>()
  readonly #deleted = new Set<number>()
  #seq = 0
  #version = 0
  #hasCem = true

  constructor(acts: readonly Act[]) {
    this.#version = 1
    this.#put({ kind: 'membership', ...this.#place('ann'), change: 'created', users: [...users], title: 'Three', version: 1 })
    for (const act of acts) this.#do(act)
  }

  get seq(): number {
    return this.#seq
  }

  #do({ kind, author: index, pick, word }: Act): void {
    const author = users[index] ?? 'ann'
    const target = this.#messages[pick % Math.max(1, this.#messages.length)]
    if (kind === 'message') {
      const seq = this.#seq + 1
      this.#put({ kind, ...this.#place(author), mid: `${id}.${seq}`, text: `said ${seq}` })
      this.#messages.push(seq)
    } else if (kind === 'rename') {
      this.#put({
        kind: 'membership',
        ...this.#place(author),
        change: 'renamed',
        title: `Name ${pick}`,
        users: [],
        version: ++this.#version,
      })
    } else if (kind === 'modes') {
      const send = pick % 2 ? 'admins' : 'all'
      this.#put({ kind: 'membership', ...this.#place('ann'), change: 'modes', send, edit: 'all', users: [], version: ++this.#version })
    } else if (kind === 'role') {
      this.#put({
        kind: 'membership',
        ...this.#place('ann'),
        change: 'role',
        users: ['bob'],
        role: pick % 2 ? 'admin' : 'member',
        version: ++this.#version,
      })
    } else if (kind === 'remove' || kind === 'add') {
      this.#admit(kind === 'add')
    } else if (kind === 'receipt') {
      const read = pick % (this.#seq + 1)
      this.#put({
        kind,
        conversation: id,
        receipts: [{ user: author === me ? 'bob' : author, delivered: read, read: pick % 2 ? read : 0, ts: 0 }],
      })
    } else if (target !== undefined) {
      this.#touch(kind, author, target, word)
    }
  }

  #touch(kind: Act['kind'], author: string, target: number, word: string): void {
    const of = { target, mid: `${id}.${target}` }
    if (kind === 'hide') this.#put({ kind: 'delete', conversation: id, seq: 0, ts: 0, author: me, for: 'me', ...of })
    if (this.#deleted.has(target)) return
    if (kind === 'edit') {
      const rev = (this.#revs.get(target) ?? 0) + 1
      this.#revs.set(target, rev)
      this.#put({ kind, ...this.#place(author), ...of, rev, text: `rev ${rev}` })
    }
    if (kind === 'reaction') this.#put({ kind, ...this.#place(author), ...of, emoji: word })
    if (kind === 'delete') {
      this.#deleted.add(target)
      this.#put({ kind, ...this.#place(author), ...of, for: 'everyone' })
    }
  }

  #admit(isIn: boolean): void {
    if (this.#hasCem === isIn) return
    this.#hasCem = isIn
    const change = isIn ? 'added' : 'removed'
    this.#put({ kind: 'membership', ...this.#place('ann'), change, users: ['cem'], version: ++this.#version })
  }

  #place(author: string) {
    const seq = ++this.#seq
    return { conversation: id, seq, ts: seq * 1000, author }
  }

  #put(entry: InboxEntry): void {
    this.inbox.push({ offset: this.inbox.length + 1, entry })
  }
}

function fold(entries: readonly Placed[], conversation = new Conversation(id, me)): Conversation {
  for (const { offset, entry } of entries) conversation.absorb(patchOfEntry(entry, conversation.seq, offset, me))
  return conversation
}

function stateOf(conversation: Conversation) {
  const { roster, members, unread, seq, read } = conversation
  const views = new ViewCache(
    me,
    'phone',
    new MessageOutbox(),
    () => [],
    { now: () => 0 },
    () => false,
  )
  return { roster, members, unread, seq, read, items: views.items(conversation) }
}

test('[M3, M17, M18, M20, M40] whatever order entries come in, and however often, the same conversation comes of them', () => {
  const runs = acts.chain(list => {
    const { inbox } = new Log(list)
    return fc.tuple(
      fc.constant(inbox),
      fc.shuffledSubarray(inbox, { minLength: inbox.length, maxLength: inbox.length }),
      fc.subarray(inbox),
    )
  })
  fc.assert(
    fc.property(runs, ([inbox, shuffled, again]) => {
      expect(stateOf(fold([...again, ...shuffled, ...again]))).toEqual(stateOf(fold(inbox)))
    }),
    { numRuns: 300 },
  )
})

test('[M40] what two tabs saved apart joins into what one would have saved', () => {
  const runs = acts.chain(list => {
    const { inbox } = new Log(list)
    return fc.tuple(fc.constant(inbox), fc.subarray(inbox), fc.subarray(inbox))
  })
  fc.assert(
    fc.property(runs, ([inbox, left, right]) => {
      const joined = joinCached(fold(left).cached(200), fold(right).cached(200))
      const restored = new Conversation(id, me)
      restored.absorb(structuredClone(joined.patch))
      const held = new Set([...left, ...right])
      expect(stateOf(restored)).toEqual(stateOf(fold(inbox.filter(item => held.has(item)))))
    }),
    { numRuns: 200 },
  )
})

test('[M22, M41] unread is what a recount finds: of others, not deleted, not hidden, after what was read', () => {
  fc.assert(
    fc.property(acts, fc.nat(30), (list, readTo) => {
      const log = new Log(list)
      const conversation = fold(log.inbox)
      conversation.absorb({ wanted: Math.min(readTo, log.seq) })
      const entries = log.inbox.map(({ entry }) => entry)
      const gone = new Set(entries.flatMap(entry => (entry.kind === 'delete' ? [entry.target] : [])))
      const messages = entries.filter((entry): entry is MessageEntry => entry.kind === 'message')
      const own = Math.max(0, ...messages.filter(({ author }) => author === me).map(({ seq }) => seq))
      const read = Math.max(own, Math.min(readTo, log.seq))
      expect(conversation.unread).toBe(messages.filter(({ seq, author }) => author !== me && seq > read && !gone.has(seq)).length)
    }),
  )
})

test('[M41] where not all is known, unread is the number of the server and what came after it', () => {
  const conversation = new Conversation(id, me)
  conversation.absorb(snapshot({ seq: 500, unread: 40 }))
  expect(conversation.unread).toBe(40)
  conversation.absorb(patchOfEntry(message(501, 'bob'), 500, 2, me))
  expect(conversation.unread).toBe(41)
  conversation.absorb(
    patchOfEntry({ kind: 'receipt', conversation: id, receipts: [{ user: me, read: 490, ts: 0 }], unread: 11 }, 501, 3, me),
  )
  expect(conversation.unread).toBe(11)
  conversation.absorb({ wanted: 501 })
  expect(conversation.unread).toBe(0)
})

test('[M41] messages that are no longer kept are still unread, after a reload too', () => {
  const conversation = fold(Array.from({ length: 50 }, (_, index) => ({ offset: index + 1, entry: message(index + 1, 'bob') })))
  const restored = new Conversation(id, me)
  restored.absorb(conversation.cached(10).patch)
  expect(restored.unread).toBe(50)
  conversation.trim(10)
  for (const each of [conversation, restored]) {
    each.absorb(patchOfEntry(message(51, 'bob'), 50, 51, me))
    expect([each.shown.length, each.unread]).toEqual([11, 51])
  }
})

test('[M18] an edit or a deletion that comes before its message is kept for it', () => {
  const conversation = new Conversation(id, me)
  const edit: InboxEntry = {
    kind: 'edit',
    conversation: id,
    seq: 4,
    ts: 0,
    author: 'bob',
    target: 2,
    mid: `${id}.2`,
    rev: 1,
    text: 'better',
  }
  const deletion: InboxEntry = {
    kind: 'delete',
    conversation: id,
    seq: 5,
    ts: 0,
    author: 'bob',
    target: 3,
    mid: `${id}.3`,
    for: 'everyone',
  }
  fold(
    [
      { offset: 1, entry: edit },
      { offset: 2, entry: deletion },
    ],
    conversation,
  )
  expect(stateOf(conversation).items).toEqual([])
  fold(
    [2, 3].map(seq => ({ offset: seq + 1, entry: message(seq, 'bob') })),
    conversation,
  )
  const [edited, deleted] = stateOf(conversation).items
  expect(edited).toMatchObject({ text: 'better', rev: 1, deleted: false })
  expect(deleted).toMatchObject({ deleted: true })
  expect(deleted).not.toHaveProperty('text')
  expect(JSON.stringify(conversation.cached(10))).not.toContain('said 3')
})

test('[M20] one reaction of each user counts, the newest, also over counts of the server', () => {
  const conversation = new Conversation(id, me)
  const counted = { ...message(1, 'bob'), reactions: [{ emoji: '👍', count: 2, mine: true }] }
  conversation.absorb(patchOfPage({ entries: [counted], has_more: false }, {}, 9))
  const reactions = () => stateOf(conversation).items.flatMap(item => (item.kind === 'message' ? [item.reactions] : []))[0]
  const react = (seq: number, author: string, emoji: string) =>
    conversation.absorb(
      patchOfEntry({ kind: 'reaction', conversation: id, seq, ts: 0, author, target: 1, mid: `${id}.1`, emoji }, 9, seq, me),
    )
  expect(react(8, 'cem', '😮')).toBe(true)
  expect(reactions()).toEqual([{ emoji: '👍', count: 2, mine: true }])
  react(10, me, '❤️')
  expect(reactions()).toEqual([
    { emoji: '❤️', count: 1, mine: true },
    { emoji: '👍', count: 1, mine: false },
  ])
  react(12, me, '')
  react(11, me, '👍')
  expect(reactions()).toEqual([{ emoji: '👍', count: 1, mine: false }])
})

test('[M42] what is shown has no hole that is too large to be filled unasked, and history goes on below it', () => {
  const conversation = new Conversation(id, me)
  conversation.absorb(patchOfPage({ entries: [1, 2, 3].map(seq => message(seq, 'bob')), has_more: false }, {}, 3))
  expect(conversation.hasBefore).toBe(false)
  conversation.absorb(snapshot({ seq: 500, unread: 0 }))
  conversation.absorb(patchOfPage({ entries: [499, 500].map(seq => message(seq, 'bob')), has_more: true }, {}, 500))
  expect(conversation.shown.map(({ seq }) => seq)).toEqual([499, 500])
  expect(conversation.thread.holes(500)).toEqual([])
  expect(conversation.hasBefore).toBe(true)
  conversation.absorb(patchOfEntry(message(503, 'bob'), 500, 1, me))
  expect(conversation.thread.holes(503)).toEqual([[501, 502]])
  conversation.absorb(patchOfPage({ entries: [message(502, 'bob'), message(503, 'bob')], has_more: false }, { after: 500 }, 503))
  expect(conversation.thread.holes(503)).toEqual([])
  conversation.absorb(patchOfPage({ entries: [message(4, 'bob'), message(498, 'bob')], has_more: true }, { before: 499 }, 503))
  expect(conversation.shown.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 498, 499, 500, 502, 503])
  expect(conversation.hasBefore).toBe(false)
})

test('[M42] of what is long past the newest is kept, and the rest is paged again', () => {
  const conversation = fold([1, 2, 3, 4, 5].map(seq => ({ offset: seq, entry: message(seq, 'bob') })))
  expect(conversation.cached(2).patch).toMatchObject({ slots: [{ seq: 4 }, { seq: 5 }], covered: [[4, 5]] })
  conversation.trim(3)
  expect(conversation.shown.map(({ seq }) => seq)).toEqual([3, 4, 5])
  expect(conversation.thread.covered).toEqual([[3, 5]])
  expect(conversation.hasBefore).toBe(true)
})

test('[M8] which device sent it is known of a message, whether that is said first or last', () => {
  const own = { ...message(1, me), origin: { device: 'phone', cid: 'c' } }
  for (const order of [
    [own, message(1, me)],
    [message(1, me), own],
  ]) {
    const conversation = fold(order.map(entry => ({ offset: 1, entry })))
    expect(stateOf(conversation).items).toMatchObject([{ key: 'c', cid: 'c' }])
  }
})

test('[M42] what was cleared is not shown, and is not paged to', () => {
  const conversation = fold([1, 2, 3].map(seq => ({ offset: seq, entry: message(seq, 'bob') })))
  expect(conversation.unread).toBe(3)
  conversation.absorb({ cleared: 2 })
  expect(conversation.shown.map(({ seq }) => seq)).toEqual([3])
  expect(conversation.unread).toBe(1)
  conversation.trim(1)
  expect(conversation.hasBefore).toBe(false)
})

function message(seq: number, author: string): MessageEntry {
  return { kind: 'message', conversation: id, seq, ts: seq, author, mid: `${id}.${seq}`, text: `said ${seq}` }
}

function snapshot({ seq, unread }: { seq: number; unread: number }) {
  const members = users.map(user => ({ user, role: 'member' as const, since: 0, delivered: 0, read: 0 }))
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
