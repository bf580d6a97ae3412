import { describe, expect, test } from 'bun:test'
import { CommandError } from '../../src/protocol/index.ts'
import { type ChatOptions, chatWith } from '../../src/services/chat/index.ts'
import { openSql } from '../../src/store/index.ts'
import { atEnd, Folder, failureOf, post, testServer, until, userToken } from '../kit/api.ts'
import { metricsOf } from '../kit/index.ts'
import { Device } from './device.ts'

type Options = Omit<ChatOptions, 'openSql'>

const plenty = { perSecond: 10_000, burst: 10_000 }
const generous = { messageRate: plenty, commandRate: plenty, entryRate: plenty }

async function serveChat(target = 'sqlite::memory:', options: Options = { bounds: generous }) {
  return testServer({}, { services: [chatWith({ openSql: () => openSql(target), ...options })] })
}

async function device(server: { readonly url: string }, user: string, name = 'phone'): Promise<Device> {
  const connected = await Device.connect(server, user, name)
  atEnd(() => connected[Symbol.dispose]())
  return connected
}

describe('messages', () => {
  test('[M8] a message reaches every device of both, and tells the sender’s own which of them sent it', async () => {
    const server = await serveChat()
    const [alice, laptop, bob] = [await device(server, 'alice'), await device(server, 'alice', 'laptop'), await device(server, 'bob')]
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    const sent = await alice.call('chat.send', { conversation, cid: 'one', text: 'hello' })
    for (const each of [alice, laptop, bob]) await each.gets('the message', () => each.texts.includes('hello'))
    expect(laptop.of('message')).toMatchObject([{ mid: sent.mid, seq: 1, author: 'alice', origin: { device: 'phone', cid: 'one' } }])
    expect(bob.of('message')[0]).not.toHaveProperty('origin')
    expect(bob.of('conversation')).toMatchObject([{ conversation, summary: { id: conversation, kind: 'direct' } }])
  })

  test('[M5] a device that was away gets what it missed with the connection, again until it says that it has it', async () => {
    const server = await serveChat()
    const alice = await device(server, 'alice')
    const first = await device(server, 'bob')
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    await first.gets('the conversation', () => first.of('conversation').length === 1)
    await first.acknowledge()
    first[Symbol.dispose]()
    for (const text of ['one', 'two', 'three']) await alice.call('chat.send', { conversation, cid: text, text })
    for (let attempt = 0; attempt < 2; attempt++) {
      const again = await device(server, 'bob')
      await again.gets('what it missed', () => again.texts.length === 3)
      expect(again.recovered).toBe(true)
      expect(again.inboxState).toMatchObject({ device: 'phone', acked: 1, top: 4, backlog: 0, durability: 'durable' })
      expect(again.received.map(({ offset }) => offset)).toEqual([2, 3, 4])
      expect(again.of('message').every(({ re }: { re?: true }) => re === true)).toBe(true)
      again[Symbol.dispose]()
    }
    const last = await device(server, 'bob')
    await last.acknowledge(4)
    last[Symbol.dispose]()
    const none = await device(server, 'bob')
    expect(none.inboxState).toMatchObject({ acked: 4, top: 4 })
    expect(none.received).toEqual([])
  })

  test('[M5] a backlog comes in windows of what is not acknowledged, and what is said meanwhile does not wait behind it', async () => {
    const server = await serveChat()
    const alice = await device(server, 'alice')
    ;(await device(server, 'bob'))[Symbol.dispose]()
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    const send = (i: number) => alice.call('chat.send', { conversation, cid: `${i}`, text: `${i}` })
    for (let i = 1; i <= 1000; i++) await send(i)
    const bob = await device(server, 'bob')
    expect(bob.inboxState).toMatchObject({ acked: 0, top: 1001, backlog: 1001 })
    await bob.gets('the first window', () => bob.received.length >= 256)
    await send(1001)
    await bob.gets('what is said now', () => bob.texts.includes('1001'))
    await Bun.sleep(50)
    expect(bob.received.length).toBe(257)
    // An acknowledgement of the newest alone is not taken for one of what was never sent.
    expect((await bob.acknowledge(1002)).offset).toBe(256)
    await until('all of it came', async () => {
      await bob.acknowledge()
      return bob.received.length === 1002
    })
    expect([...new Set(bob.received.map(({ offset }) => offset))].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 1002 }, (_, i) => i + 1),
    )
    expect((await bob.acknowledge(1002)).offset).toBe(1002)
  })

  test('[M7] a new device is not sent the past: it finds it in the list and in history', async () => {
    const server = await serveChat()
    const alice = await device(server, 'alice')
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    await alice.call('chat.send', { conversation, cid: 'one', text: 'hello' })
    const bob = await device(server, 'bob', 'new')
    expect(bob.received).toEqual([])
    const { conversations, top } = await bob.call('chat.conversations', {})
    expect(top).toBe(2)
    expect(conversations).toMatchObject([
      { id: conversation, unread: 1, last: { text: 'hello' }, members: [{ user: 'alice' }, { user: 'bob' }] },
    ])
    expect((await bob.call('chat.history', { conversation })).entries).toMatchObject([{ text: 'hello' }])
  })

  test('[M24] who sends too much is told when to try again; a retry of what was taken costs nothing', async () => {
    const server = await serveChat('sqlite::memory:', { bounds: { messageRate: { perSecond: 1, burst: 3 } } })
    const alice = await device(server, 'alice')
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    const send = (cid: string) => alice.call('chat.send', { conversation, cid, text: cid })
    for (const cid of ['1', '2', '3']) await send(cid)
    expect(await failureOf(send('4'))).toMatchObject({ code: 429, temporary: true })
    expect((await send('1')).seq).toBe(1)
    const answer = await fetch(`${server.url}/rpc/chat.send`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await userToken('alice')}` },
      body: JSON.stringify({ conversation, cid: '5', text: 'five', device: 'phone' }),
    })
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(await answer.json()).toMatchObject({ error: { code: 429, retry_after_ms: expect.any(Number) } })
  })

  test('[M25] an encrypted message is for exactly the devices that there are', async () => {
    const server = await serveChat()
    const [alice, bob] = [await device(server, 'alice'), await device(server, 'bob'), await device(server, 'bob', 'laptop')]
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    await bob.call('chat.send', { conversation, cid: 'answer', text: 'here I am' })
    const send = (cid: string, perDevice: Record<string, string>) =>
      alice.call('chat.send', { conversation, cid, enc: { scheme: 'x', perDevice } })
    expect(await failureOf(send('1', { 'bob/phone': 'a', 'carol/x': 'b' }))).toMatchObject({
      code: 409,
      message: 'device_mismatch: {"missing":["bob/laptop"],"extra":["carol/x"]}',
    })
    expect((await send('2', { 'bob/phone': 'a', 'bob/laptop': 'b' })).seq).toBe(2)
  })

  test('[M26, M27] a screen sees each message before it is taken, and may refuse it', async () => {
    const seen: unknown[] = []
    const server = await serveChat('sqlite::memory:', {
      async screen(draft) {
        seen.push(draft)
        if (draft.text === 'spam') throw Object.assign(new Error('no'), {})
      },
    })
    const alice = await device(server, 'alice')
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    await alice.call('chat.send', { conversation, cid: '1', text: 'hello' })
    expect((await failureOf(alice.call('chat.send', { conversation, cid: '2', text: 'spam' }))).code).toBe(100)
    expect((await alice.call('chat.history', { conversation })).entries).toHaveLength(1)
    await alice.call('chat.send', { conversation, cid: '3', enc: { scheme: 'x', epoch: 4, bytes: 'secret' } })
    expect(seen).toMatchObject([{ text: 'hello', author: 'alice' }, { text: 'spam' }, { enc: { scheme: 'x', epoch: 4 } }])
    expect(JSON.stringify(seen)).not.toContain('secret')
  })

  test('[HG1] a program adds chat as it is configured, with a screen and with users of its own', async () => {
    const own = chatWith({
      async screen({ text }) {
        if (text === 'spam') throw new CommandError({ code: 403, message: 'spam' })
      },
      existing: async users => users.filter(user => user !== 'nobody'),
    })
    const server = await testServer({ services: ['chat'], chat: { member_limit: 2 } }, { services: [own] })
    const alice = await device(server, 'alice')
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    const send = (cid: string, text: string) => alice.call('chat.send', { conversation, cid, text })
    expect((await failureOf(send('1', 'spam'))).code).toBe(403)
    expect((await send('2', 'hello')).seq).toBe(1)
    const group = alice.call('chat.group', { title: 'three', members: ['bob', 'carol'], cid: 'g' })
    expect((await failureOf(group)).message).toContain('group_full')
    expect((await failureOf(alice.call('chat.direct', { with: 'nobody' }))).code).toBe(404)
    expect(alice.inboxState).toMatchObject({ durability: 'durable' })
  })
})

describe('receipts', () => {
  test('[M9] ticks: delivered when a device has it, read when one was read to there, told to the author alone', async () => {
    const server = await serveChat()
    const [alice, bob, carol] = [await device(server, 'alice'), await device(server, 'bob'), await device(server, 'carol')]
    const { conversation } = await alice.call('chat.group', { title: 'three', members: ['bob', 'carol'], cid: 'g' })
    const { seq } = await alice.call('chat.send', { conversation, cid: '1', text: 'hello' })
    await bob.gets('the message', () => bob.texts.length === 1)
    await bob.acknowledge()
    const marks = () => alice.of('receipt').flatMap(({ receipts }) => receipts)
    await alice.gets('that bob has it', () => marks().some(({ user, delivered }) => user === 'bob' && delivered === seq))
    await bob.call('chat.read', { conversation, seq: 99 })
    await alice.gets('that bob read it', () => marks().some(({ user, read }) => user === 'bob' && read === seq))
    expect(carol.of('receipt')).toEqual([])
    expect(bob.of('receipt')).toMatchObject([{ receipts: [{ user: 'bob', read: seq }], unread: 0 }])
    const { recipients } = await alice.call('chat.info', { conversation, seq })
    expect(recipients).toMatchObject([{ user: 'bob', delivered: expect.any(Number), read: expect.any(Number) }, { user: 'carol' }])
  })

  test('[M10] a burst that many read costs its author an entry a second, not one for each', async () => {
    const server = await serveChat()
    const readers = await Promise.all(Array.from({ length: 20 }, (_, i) => device(server, `reader-${i}`)))
    const alice = await device(server, 'alice')
    const { conversation } = await alice.call('chat.group', { title: 'many', members: readers.map(({ user }) => user), cid: 'g' })
    for (let i = 0; i < 50; i++) await alice.call('chat.send', { conversation, cid: `${i}`, text: `${i}` })
    await Promise.all(
      readers.map(async reader => {
        await reader.gets('all', () => reader.texts.length === 50)
        for (const { seq } of reader.of('message')) await reader.call('chat.read', { conversation, seq })
      }),
    )
    await alice.gets(
      'all receipts',
      () =>
        new Set(alice.of('receipt').flatMap(({ receipts }) => receipts.filter(({ read }) => read === 51).map(({ user }) => user))).size ===
        20,
    )
    expect(alice.of('receipt').length).toBeLessThan(10)
  })
})

describe('in passing', () => {
  test('[M13] typing reaches members who have the conversation open, at most once in two seconds, and nobody else', async () => {
    const server = await serveChat()
    const [alice, bob, carol] = [await device(server, 'alice'), await device(server, 'bob'), await device(server, 'carol')]
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    await bob.open(conversation)
    await expect(carol.open(conversation)).rejects.toBeDefined()
    expect(await failureOf(carol.call('chat.typing', { conversation, on: true }))).toMatchObject({ code: 404 })
    for (let i = 0; i < 5; i++) await alice.call('chat.typing', { conversation, on: true })
    await until('bob hears it', () => bob.heard.length > 0)
    await alice.call('chat.typing', { conversation, on: false })
    await until('bob hears the end', () => bob.heard.length > 1)
    expect(bob.heard).toEqual([
      { kind: 'typing', user: 'alice', on: true },
      { kind: 'typing', user: 'alice', on: false },
    ])
  })

  test('[M14] who is online and when they were last seen is for those who share a conversation, where both show it', async () => {
    const server = await serveChat()
    const [alice, bob, carol] = [await device(server, 'alice'), await device(server, 'bob'), await device(server, 'carol')]
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    await bob.call('chat.send', { conversation, cid: 'answer', text: 'here I am' })
    await alice.open(conversation)
    expect((await alice.call('chat.presence', { users: ['bob'] })).users).toEqual([{ user: 'bob', online: true }])
    expect((await carol.call('chat.presence', { users: ['bob'] })).users).toEqual([{ user: 'bob', online: false }])
    bob[Symbol.dispose]()
    await until('alice sees bob go', () => alice.heard.length > 0)
    expect(alice.heard).toEqual([{ kind: 'presence', user: 'bob', online: false, last_seen: expect.any(Number) }])
    expect((await alice.call('chat.presence', { users: ['bob'] })).users).toEqual([
      { user: 'bob', online: false, last_seen: expect.any(Number) },
    ])
    await alice.call('chat.settings', { last_seen: false })
    expect((await alice.call('chat.presence', { users: ['bob'] })).users).toEqual([{ user: 'bob', online: false }])
  })

  test('[M15] whoever is removed from a group hears nothing of it any more', async () => {
    const server = await serveChat()
    const [alice, bob] = [await device(server, 'alice'), await device(server, 'bob')]
    const { conversation } = await alice.call('chat.group', { title: 'two', members: ['bob'], cid: 'g' })
    await bob.open(conversation)
    await alice.call('chat.remove', { conversation, users: ['bob'] })
    await bob.gets('the removal', () => bob.of('membership').some(({ change }) => change === 'removed'))
    await alice.call('chat.send', { conversation, cid: '1', text: 'secret' })
    await alice.open(conversation)
    await alice.call('chat.typing', { conversation, on: true })
    await until('alice hears it herself', () => alice.heard.length === 1)
    await Bun.sleep(50)
    expect(bob.texts).toEqual([])
    expect(bob.heard).toEqual([])
  })
})

test('[A59] a service has figures of its own in /metrics, and none twice', async () => {
  const server = await serveChat()
  const [alice] = [await device(server, 'alice'), await device(server, 'bob')]
  const { conversation } = await alice.call('chat.direct', { with: 'bob' })
  await alice.call('chat.send', { conversation, cid: 'one', text: 'hello' })
  const metrics = await metricsOf(server)
  expect(metrics).toContain(
    '# TYPE fanfare_chat_entries_total counter\nfanfare_chat_entries_total{kind="conversation"} 2\nfanfare_chat_entries_total{kind="message"} 2',
  )
  expect(metrics).toContain('fanfare_chat_connections 2')
  expect(() => server.server.metric({ name: 'chat_connections', help: 'again', read: () => 0 })).toThrow('chat_connections')
})

describe('safety', () => {
  test('[M4] an inbox is its user’s alone, and nobody publishes into one', async () => {
    const server = await serveChat()
    const [alice, bob] = [await device(server, 'alice'), await device(server, 'bob')]
    const other = bob.sdk.client.newSubscription('inbox:#alice')
    const refused = new Promise<number>(resolve => other.on('error', ({ error }) => resolve(error.code)))
    const ended = new Promise<number>(resolve => other.on('unsubscribed', ({ code }) => resolve(code)))
    other.subscribe()
    expect(await Promise.race([refused, ended])).toBe(103)
    expect(await failureOf(bob.sdk.client.publish('inbox:#alice', { kind: 'message' }))).toMatchObject({ code: 103 })
    expect(await failureOf(alice.sdk.client.publish('inbox:#alice', { kind: 'message' }))).toMatchObject({ code: 103 })
    expect(alice.received).toEqual([])
  })

  test('[M24] what is no message is refused with the path of what is wrong, and nothing of it is kept', async () => {
    const server = await serveChat()
    const alice = await device(server, 'alice')
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    const id = conversation
    const refusals: [unknown, number, string][] = [
      [{ conversation: id, cid: '1' }, 107, 'text'],
      [{ conversation: id, cid: '', text: 'x' }, 107, 'cid'],
      [{ conversation: id, cid: '1', text: 5 }, 107, 'text'],
      [{ conversation: id, cid: '1', text: 'é'.repeat(10_000) }, 413, 'too_large'],
      [{ conversation: id, cid: '1', text: '   ' }, 422, 'text'],
      [{ conversation: id, cid: '1', text: 'x', reply_to: 9 }, 404, 'reply_to'],
      [{ conversation: 'g_nothing', cid: '1', text: 'x' }, 404, 'not_found'],
    ]
    const token = await userToken('alice')
    for (const [body, code, path] of refusals) {
      const { body: answer } = await post(server, '/rpc/chat.send', body, { Authorization: `Bearer ${token}` })
      expect(answer).toMatchObject({ error: { code, message: expect.stringContaining(path) } })
    }
    expect(await failureOf(alice.call('chat.react', { conversation: id, seq: 1, emoji: 'ab' }))).toMatchObject({ code: 422 })
    expect((await alice.call('chat.history', { conversation: id })).entries).toEqual([])
  })

  test('[M1] odd texts come back as they were: joined emoji, right to left, half a surrogate, NUL, sixteen thousand marks', async () => {
    const server = await serveChat()
    const [alice, bob] = [await device(server, 'alice'), await device(server, 'bob')]
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    const texts = ['👩‍👩‍👧‍👦🏳️‍🌈', '\u202eright to left\u202c', 'nul\0here', `a${'\u0301'.repeat(8000)}`, '__proto__']
    for (const [i, text] of texts.entries()) await alice.call('chat.send', { conversation, cid: `${i}`, text })
    await bob.gets('all of them', () => bob.texts.length === texts.length)
    expect(bob.texts).toEqual(texts)
    expect((await bob.call('chat.history', { conversation })).entries.map(entry => 'text' in entry && entry.text)).toEqual(texts)
  })
})

test('[M2] what was answered is there after a restart, and every device carries on from where it was', async () => {
  const folder = new Folder()
  atEnd(() => folder[Symbol.dispose]?.())
  const target = `sqlite:${folder.path}/chat.sqlite`
  const before = await serveChat(target)
  const alice = await device(before, 'alice')
  const bob = await device(before, 'bob')
  const { conversation } = await alice.call('chat.direct', { with: 'bob' })
  const sent = await alice.call('chat.send', { conversation, cid: '1', text: 'hello' })
  await bob.gets('it', () => bob.texts.length === 1)
  await bob.acknowledge()
  alice[Symbol.dispose]()
  bob[Symbol.dispose]()
  await before[Symbol.asyncDispose]()
  const after = await serveChat(target)
  const again = await device(after, 'alice')
  expect(await again.call('chat.send', { conversation, cid: '1', text: 'hello' })).toEqual(sent)
  await again.call('chat.send', { conversation, cid: '2', text: 'again' })
  const back = await device(after, 'bob')
  await back.gets('the new one alone', () => back.texts.length === 1)
  expect(back.texts).toEqual(['again'])
  await again.gets('that bob has the first', () =>
    again.of('receipt').some(({ receipts }) => receipts.some(({ delivered }) => delivered === 1)),
  )
})

test('[M124] a search takes a query, of all conversations or one, and the older name of it; what does not fit is refused with its name', async () => {
  const server = await serveChat()
  const [alice, bob] = [await device(server, 'alice'), await device(server, 'bob')]
  const { conversation } = await alice.call('chat.direct', { with: 'bob' })
  for (const n of [1, 2, 3]) await alice.call('chat.send', { conversation, cid: `${n}`, text: `Déjà vu ${n}` })
  const page = await bob.call('chat.search', { query: 'deja', limit: 2 })
  expect(page.hits.map(({ seq }) => seq)).toEqual([3, 2])
  expect(page.hits[0]).toMatchObject({ conversation, author: 'alice', snippet: [{ text: 'Déjà', hit: true }, { text: ' vu 3' }] })
  const rest = await bob.call('chat.search', { query: 'deja', limit: 2, before: page.next, conversation })
  expect([rest.hits.map(({ seq }) => seq), rest.next, rest.entries]).toEqual([[1], undefined, undefined])
  const { entries } = await bob.call('chat.search', { conversation, text: 'VU 2' })
  expect(entries).toMatchObject([{ kind: 'message', seq: 2, text: 'Déjà vu 2' }])
  for (const [name, asked] of [
    ['query', {}],
    ['query', { query: 'a', text: 'a' }],
    ['query', { query: 'a'.repeat(300) }],
    ['before', { query: 'a', before: 'yesterday' }],
    ['limit', { query: 'a', limit: 1000 }],
    ['conversation', { query: 'a', conversation: '../..' }],
  ] as const)
    expect(await failureOf(bob.call('chat.search', asked))).toMatchObject({ code: 107, message: expect.stringContaining(name) })
})
