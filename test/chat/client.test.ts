import { describe, expect, test } from 'bun:test'
import { ChatError, MemoryCache } from '../../src/services/chat/client/index.ts'
import { type ChatOptions, chatService } from '../../src/services/chat/index.ts'
import { openSql } from '../../src/store/index.ts'
import { atEnd, Folder, quiet, serve, until } from '../http/harness.ts'
import { startServer } from '../support/index.ts'
import { ChatPerson } from './chat-person.ts'
import { Device } from './device.ts'
import { WeakLine } from './weak-line.ts'

const generous = { messageRate: { perSecond: 10_000, burst: 10_000 }, commandRate: { perSecond: 10_000, burst: 10_000 }, receiptsMs: 20 }

async function serveChat(bounds: ChatOptions['bounds'] = generous) {
  return serve({}, { services: [server => chatService(server, { openSql: () => openSql('sqlite::memory:'), bounds })] })
}

/** Two who have each other in their lists. */
async function pair(bounds?: ChatOptions['bounds']) {
  const server = await serveChat(bounds)
  const ann = await ChatPerson.start(server, 'ann')
  const bob = await ChatPerson.start(server, 'bob')
  const { id } = await ann.client.direct('bob')
  await bob.has(id)
  return { server, ann, bob, id }
}

function numbers(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, index) => `${from + index}`)
}

describe('two users', () => {
  test('[M8, M11] a message is shown at once, arrives, and its ticks follow what the other does', async () => {
    const { ann, bob, id } = await pair()
    const cid = ann.client.send(id, { text: 'hello' })
    expect(ann.messages(id)).toMatchObject([{ key: cid, state: 'waiting', text: 'hello', mine: true }])
    await bob.sees('the message', () => bob.texts(id).length === 1)
    expect(bob.messages(id)).toMatchObject([{ text: 'hello', author: 'ann', mine: false, seq: 1 }])
    expect(bob.view(id)).toMatchObject({ title: 'ann', unread: 1, last: { text: 'hello' } })
    await ann.sees('that it was delivered', () => ann.states(id)[0] === 'delivered')
    bob.client.read(id, 1)
    expect(bob.view(id).unread).toBe(0)
    await ann.sees('that it was read', () => ann.states(id)[0] === 'read')
    expect(ann.messages(id)).toMatchObject([{ key: cid, cid }])
    expect(ann.view(id)).toMatchObject({ title: 'bob', unread: 0 })
    expect(bob.changes.filter(({ kind }) => kind === 'arrived')).toHaveLength(1)
    expect(ann.changes.filter(({ kind }) => kind === 'arrived')).toHaveLength(0)
  })

  test('[M17, M18, M20] edits, reactions and deletions are seen by both, and refusals by whoever asked', async () => {
    const { ann, bob, id } = await pair()
    ann.client.send(id, { text: 'helo' })
    await bob.sees('the message', () => bob.texts(id).length === 1)
    await ann.sees('it is sent', () => ann.messages(id)[0]?.seq === 1)
    await ann.client.edit(id, 1, 'hello')
    expect(ann.messages(id)[0]).toMatchObject({ text: 'hello', rev: 1 })
    await bob.sees('the edit', () => bob.texts(id)[0] === 'hello')
    await bob.client.react(id, 1, '👍')
    expect(bob.messages(id)[0]?.reactions).toEqual([{ emoji: '👍', count: 1, mine: true }])
    await ann.sees('the reaction', () => ann.messages(id)[0]?.reactions.length === 1)
    expect(ann.messages(id)[0]?.reactions).toEqual([{ emoji: '👍', count: 1, mine: false }])
    expect(await bob.client.edit(id, 1, 'mine').catch(error => [error instanceof ChatError, error.reason])).toEqual([true, 'forbidden'])
    bob.client.send(id, { text: 'an answer', replyTo: 1 })
    await ann.sees('the answer', () => ann.messages(id)[1]?.replyTo === 1)
    await ann.client.erase(id, 1, 'everyone')
    await bob.sees('the deletion', () => bob.messages(id)[0]?.deleted === true)
    expect(bob.messages(id)[0]).toMatchObject({ deleted: true, reactions: [] })
    await bob.client.erase(id, 1, 'me')
    expect(bob.messages(id)).toHaveLength(1)
    expect(ann.messages(id)).toHaveLength(2)
    await ann.client.clear(id)
    expect(ann.client.messages(id)).toEqual([])
  })

  test('[M13, M14] who has a conversation open sees who is there and who is typing, until it is shut', async () => {
    const { server, ann, bob, id } = await pair()
    ann.client.open(id)
    await ann.sees('that bob is there', () => ann.client.presenceOf('bob')?.online === true)
    await ann.sees('bob type', async () => {
      // Said anew until the conversation is open: nobody keeps it.
      bob.client.typing(id, false)
      bob.client.typing(id, true)
      await quiet(20)
      return ann.client.typingIn(id).includes('bob')
    })
    expect(ann.view(id).typing).toEqual(['bob'])
    bob.client.send(id, { text: 'so' })
    await ann.sees('the message', () => ann.texts(id).includes('so'))
    expect(ann.client.typingIn(id)).toEqual([])
    const typed = bob.line.count('chat.typing')
    await quiet(50)
    expect(bob.line.count('chat.typing')).toBe(typed)
    await bob.client.close()
    await ann.sees('that bob has gone', () => ann.client.presenceOf('bob')?.online === false)
    ann.client.shut(id)
    const again = await ChatPerson.start(server, 'bob')
    again.client.typing(id, true)
    await quiet(100)
    expect(ann.client.typingIn(id)).toEqual([])
    expect(ann.client.presenceOf('bob')?.online).toBe(false)
  })
})

describe('more devices', () => {
  test('[M8, M9] what one does shows on the other: messages, reads, settings', async () => {
    const { server, ann, bob, id } = await pair()
    const laptop = await ChatPerson.start(server, 'ann', { device: 'laptop' })
    await laptop.has(id)
    ann.client.send(id, { text: 'from the phone' })
    await laptop.sees('it', () => laptop.texts(id).length === 1)
    expect(laptop.messages(id)[0]).toMatchObject({ mine: true, text: 'from the phone' })
    for (const text of ['one', 'two']) bob.client.send(id, { text })
    await laptop.sees('the answers', () => laptop.view(id).unread === 2)
    await ann.sees('the answers', () => ann.view(id).unread === 2)
    laptop.client.read(id, 2)
    await ann.sees('one read', () => ann.view(id).unread === 1)
    laptop.client.read(id, 3)
    await ann.sees('both read', () => ann.view(id).unread === 0)
    await ann.client.settings({ conversation: id, pinned: true, muted: true })
    await laptop.sees('the settings', () => laptop.view(id).pinned && laptop.view(id).muted)
  })

  test('[M7, M42] a new device has the list at once, and pages history to its beginning', async () => {
    const { server, ann, bob, id } = await pair()
    for (const text of numbers(120)) ann.client.send(id, { text })
    await bob.sees('all of them', () => bob.texts(id).length === 120)
    const tablet = await ChatPerson.start(server, 'bob', { device: 'tablet' })
    expect(tablet.view(id)).toMatchObject({ unread: 120, last: { text: '120' } })
    expect(tablet.client.messages(id)).toEqual([])
    tablet.client.open(id)
    await tablet.sees('the newest page', () => tablet.texts(id).length === 50)
    expect(tablet.texts(id)).toEqual(numbers(50, 71))
    const [more, same] = [tablet.client.loadBefore(id), tablet.client.loadBefore(id)]
    expect(await more).toBe(true)
    expect(await same).toBe(true)
    expect(tablet.texts(id)).toEqual(numbers(100, 21))
    expect(await tablet.client.loadBefore(id)).toBe(false)
    expect(tablet.texts(id)).toEqual(numbers(120))
    expect(tablet.client.hasBefore(id)).toBe(false)
    expect(tablet.view(id).unread).toBe(120)
  })

  test('[M44] two tabs of one device with one cache send each message once, in order', async () => {
    const server = await serveChat()
    const cache = new MemoryCache()
    const line = new WeakLine()
    const first = await ChatPerson.start(server, 'ann', { cache, line })
    const bob = await ChatPerson.start(server, 'bob')
    const { id } = await first.client.direct('bob')
    line.down()
    await first.sees('that it is offline', () => first.client.link !== 'live')
    for (const text of numbers(10)) first.client.send(id, { text })
    const second = await ChatPerson.start(server, 'ann', { cache, line })
    expect(second.texts(id)).toEqual(numbers(10))
    line.up()
    await bob.sees('all', () => bob.texts(id).length === 10)
    await first.sees('all sent', () => !first.states(id).includes('waiting'))
    await second.sees('all sent', () => !second.states(id).includes('waiting'))
    await quiet(100)
    for (const each of [first, second, bob]) expect(each.texts(id)).toEqual(numbers(10))
    expect(await cache.outbox()).toEqual([])
  })
})

describe('a bad line', () => {
  test('[M43] what is written offline waits, survives a reload, and goes in order when the line is back', async () => {
    const { server, ann, bob, id } = await pair()
    ann.line.down()
    await ann.sees('that it is offline', () => ann.client.link === 'offline')
    for (const text of numbers(3)) ann.client.send(id, { text })
    expect(ann.states(id)).toEqual(['waiting', 'waiting', 'waiting'])
    const reloaded = await ann.reload(server)
    expect(reloaded.client.ready).toBe(true)
    expect(reloaded.view(id)).toMatchObject({ title: 'bob', last: { text: '3', state: 'waiting' } })
    reloaded.client.send(id, { text: '4' })
    const dropped = reloaded.client.send(id, { text: 'not after all' })
    reloaded.client.discard(dropped)
    reloaded.line.up()
    await bob.sees('all', () => bob.texts(id).length === 4)
    expect(bob.texts(id)).toEqual(numbers(4))
    await reloaded.sees('all sent', () => reloaded.states(id).every(state => state === 'delivered'))
    expect(reloaded.texts(id)).toEqual(numbers(4))
  })

  test('[M1, M43] a message whose answer is lost is sent again and is there once', async () => {
    const { ann, bob, id } = await pair()
    for (const text of numbers(5)) {
      ann.line.losesAnswerTo = 'chat.send'
      ann.client.send(id, { text })
      await ann.sees('it is sent', () => ann.states(id).length === Number(text) && !ann.states(id).includes('waiting'))
    }
    expect(ann.line.lost).toBe(5)
    await bob.sees('all', () => bob.texts(id).length === 5)
    await quiet(100)
    expect(bob.texts(id)).toEqual(numbers(5))
    expect(ann.texts(id)).toEqual(numbers(5))
  }, 20_000)

  test('[M24, M43] too many messages wait as long as the server asks; what it refuses for good says why', async () => {
    const { ann, bob, id } = await pair({ ...generous, messageRate: { perSecond: 20, burst: 3 } })
    for (const text of numbers(8)) ann.client.send(id, { text })
    await bob.sees('all', () => bob.texts(id).length === 8)
    expect(bob.texts(id)).toEqual(numbers(8))
    const cid = ann.client.send(id, { text: 'x'.repeat(20_000) })
    ann.client.send(id, { text: 'after' })
    await ann.sees('that it failed', () => ann.states(id).includes('failed'))
    await bob.sees('the one after it', () => bob.texts(id).includes('after'))
    expect(ann.messages(id).at(-1)).toMatchObject({ cid, state: 'failed', refusal: { code: 413, reason: 'too_large' } })
    expect(ann.changes).toContainEqual(expect.objectContaining({ kind: 'failed', conversation: id, cid }))
    ann.client.discard(cid)
    expect(ann.states(id)).not.toContain('failed')
  })

  test('[M5, M47] a long backlog comes in windows beside what is said now, in order, and all of it is acknowledged', async () => {
    const { server, ann, bob, id } = await pair()
    await until('bob has acknowledged', async () => (await bob.cache.load()).acked > 0)
    await quiet(200)
    bob.line.down()
    await bob.sees('that it is offline', () => bob.client.link === 'offline')
    const count = 700
    for (const text of numbers(count)) ann.client.send(id, { text })
    await ann.sees('all sent', () => !ann.states(id).includes('waiting'), 20_000)
    bob.client.send(id, { text: 'from bob' })
    bob.line.up()
    await bob.sees('it is live', () => bob.client.link === 'live')
    ann.client.send(id, { text: 'now' })
    await bob.sees('all', () => bob.texts(id).length === count + 2, 20_000)
    expect(bob.texts(id).slice(0, count)).toEqual(numbers(count))
    expect(bob.texts(id).slice(count).toSorted()).toEqual(['from bob', 'now'])
    const own = bob.texts(id).indexOf('from bob')
    expect(bob.view(id).unread).toBe(count + 1 - own)
    const probe = await acknowledged(server, bob)
    expect(probe.acked).toBe(probe.top)
  }, 60_000)

  test('[M6, M48] a device that lost its memory asks for the list, and does not show what it cannot vouch for', async () => {
    const { server, ann, bob, id } = await pair()
    for (const text of numbers(3)) ann.client.send(id, { text })
    await bob.sees('all', () => bob.texts(id).length === 3)
    await acknowledged(server, bob)
    await bob.client.close()
    await ann.client.edit(id, 2, 'two')
    const forgetful = await ChatPerson.start(server, 'bob', { cache: new MemoryCache() })
    expect(forgetful.view(id)).toMatchObject({ unread: 3, last: { text: '3' } })
    forgetful.client.open(id)
    await forgetful.sees('the page', () => forgetful.texts(id).length === 3)
    expect(forgetful.texts(id)).toEqual(['1', 'two', '3'])
    ann.client.send(id, { text: '4' })
    await forgetful.sees('what is new', () => forgetful.texts(id).includes('4'))
  })
})

test('[M47] a reload opens with what it had, offline too, and gets what it missed', async () => {
  const { server, ann, bob, id } = await pair()
  for (const text of numbers(3)) ann.client.send(id, { text })
  await bob.sees('all', () => bob.texts(id).length === 3)
  bob.line.down()
  const offline = await bob.reload(server)
  expect(offline.texts(id)).toEqual(numbers(3))
  expect(offline.view(id)).toMatchObject({ unread: 3, title: 'ann' })
  offline.client.read(id, 3)
  ann.client.send(id, { text: '4' })
  await ann.client.erase(id, 2, 'everyone')
  await quiet(50)
  offline.line.up()
  await offline.sees('what it missed', () => offline.texts(id).length === 4)
  await offline.sees('the deletion', () => offline.messages(id)[1]?.deleted === true)
  expect(offline.view(id).unread).toBe(1)
  await ann.sees('what was read offline', () => ann.states(id).slice(0, 3).join() === 'read,read,read')
})

test('[M20, M42] reactions on messages from history are counted by the server again', async () => {
  const server = await serveChat()
  const ann = await ChatPerson.start(server, 'ann')
  const others = [await ChatPerson.start(server, 'bob'), await ChatPerson.start(server, 'cem')]
  const { id } = await ann.client.group('Three', ['bob', 'cem'])
  ann.client.send(id, { text: 'hello' })
  for (const other of others) await other.sees('the message', () => other.texts(id).length === 1)
  const seq = ann.messages(id)[0]?.seq ?? 0
  for (const other of others) await other.client.react(id, seq, '👍')
  const laptop = await ChatPerson.start(server, 'ann', { device: 'laptop' })
  laptop.client.open(id)
  await laptop.sees('the count', () => laptop.messages(id)[0]?.reactions[0]?.count === 2)
  await others[0]?.client.react(id, seq, '❤️')
  const exact = [
    { emoji: '❤️', count: 1, mine: false },
    { emoji: '👍', count: 1, mine: false },
  ]
  const sorted = () => laptop.messages(id)[0]?.reactions.toSorted((left, right) => (left.emoji < right.emoji ? -1 : 1))
  await laptop.sees('the new counts', () => JSON.stringify(sorted()) === JSON.stringify(exact))
})

test('[M15, M16] a group: who is in it, how it is called, and what one sees of it after one has left', async () => {
  const server = await serveChat()
  const [ann, bob, cem] = [
    await ChatPerson.start(server, 'ann'),
    await ChatPerson.start(server, 'bob'),
    await ChatPerson.start(server, 'cem'),
  ]
  const { id } = await ann.client.group('A group', ['bob'])
  await bob.has(id)
  await bob.sees('how it began', () => bob.client.messages(id).length === 1)
  expect(bob.client.messages(id)).toMatchObject([{ kind: 'membership', change: 'created', author: 'ann', title: 'A group' }])
  bob.client.send(id, { text: 'before cem' })
  const { code = '' } = await ann.client.invite(id)
  await cem.client.join(code)
  await cem.has(id)
  await ann.sees('cem', () => ann.view(id).members.length === 3)
  await ann.client.rename(id, 'Another name')
  await ann.client.role(id, 'bob', 'admin')
  await cem.sees(
    'the changes',
    () => cem.view(id).title === 'Another name' && cem.view(id).members.find(({ user }) => user === 'bob')?.role === 'admin',
  )
  expect(cem.texts(id)).toEqual([])
  await ann.client.remove(id, ['cem'])
  await cem.sees('that it is out', () => !cem.view(id).active)
  ann.client.send(id, { text: 'after cem' })
  await bob.sees('the message', () => bob.texts(id).includes('after cem'))
  await quiet(50)
  expect(cem.texts(id)).toEqual([])
  cem.client.send(id, { text: 'still here?' })
  await cem.sees('that it is refused', () => cem.states(id).includes('failed'))
  for (const each of [ann, bob])
    await each.sees(
      'the same',
      () =>
        each
          .view(id)
          .members.map(({ user, role }) => `${user} ${role}`)
          .join() === 'ann owner,bob admin',
    )
  await ann.client.add(id, ['cem'])
  await cem.sees('that it is in again', () => cem.view(id).active)
  cem.client.retry(cem.messages(id).at(-1)?.cid ?? '')
  await bob.sees('what was refused', () => bob.texts(id).includes('still here?'))
  await cem.sees('no hole', () => cem.texts(id).join() === 'still here?')
  expect(cem.view(id).unread).toBe(0)
})

test('[M43, M47] a server that starts again loses nothing that clients wrote meanwhile', async () => {
  const folder = new Folder()
  atEnd(() => folder[Symbol.dispose]())
  const services = [
    (server: Parameters<typeof chatService>[0]) =>
      chatService(server, { openSql: () => openSql(`sqlite:${folder.path}/chat.db`), bounds: generous }),
  ]
  const first = await startServer({}, { services })
  const { url } = first
  const [ann, bob] = [await ChatPerson.start({ url }, 'ann'), await ChatPerson.start({ url }, 'bob')]
  const { id } = await ann.client.direct('bob')
  await bob.has(id)
  const writing = (async () => {
    for (const text of numbers(40)) {
      ann.client.send(id, { text })
      bob.client.send(id, { text: `re ${text}` })
      await Bun.sleep(20)
    }
  })()
  await bob.sees('some', () => bob.texts(id).length > 10)
  await first[Symbol.asyncDispose]()
  await writing
  await serve({ port: Number(new URL(url).port) }, { services })
  for (const each of [ann, bob])
    await each.sees('all', () => each.messages(id).length === 80 && !each.states(id).includes('waiting'), 20_000)
  await quiet(100)
  expect(ann.messages(id).map(({ seq, text }) => `${seq} ${text}`)).toEqual(bob.messages(id).map(({ seq, text }) => `${seq} ${text}`))
  expect(ann.texts(id).filter(text => !text?.startsWith('re'))).toEqual(numbers(40))
  expect(ann.texts(id).filter(text => text?.startsWith('re'))).toEqual(numbers(40).map(text => `re ${text}`))
}, 40_000)

test('[M6, M48] of what the inbox no longer keeps, the list and history tell: edits of the lost time too', async () => {
  const folder = new Folder()
  atEnd(() => folder[Symbol.dispose]())
  const target = `sqlite:${folder.path}/chat.db`
  const services = [
    (server: Parameters<typeof chatService>[0]) => chatService(server, { openSql: () => openSql(target), bounds: generous }),
  ]
  const first = await startServer({}, { services })
  const { url } = first
  const [ann, bob] = [await ChatPerson.start({ url }, 'ann'), await ChatPerson.start({ url }, 'bob')]
  const { id } = await ann.client.direct('bob')
  ann.client.send(id, { text: '1' })
  await bob.sees('the first', () => bob.texts(id).length === 1)
  bob.client.open(id)
  await acknowledged(first, bob)
  bob.line.down()
  for (const text of numbers(150, 2)) ann.client.send(id, { text })
  await ann.sees('all sent', () => ann.texts(id).length === 151 && !ann.states(id).includes('waiting'))
  await ann.client.edit(id, 1, 'one')
  await first[Symbol.asyncDispose]()
  const sql = await openSql(target)
  await sql.run("update chat_inbox set floor = pts - 3 where person = 'bob'")
  await sql.run("delete from chat_run where person = 'bob' and pts <= (select floor from chat_inbox where person = 'bob')")
  await sql.close()
  await serve({ port: Number(new URL(url).port) }, { services })
  await ann.sees('the server', () => ann.client.link === 'live')
  bob.line.up()
  await bob.sees('the newest', () => bob.texts(id).length >= 50)
  expect(bob.texts(id)).toEqual(numbers(bob.texts(id).length, 152 - bob.texts(id).length))
  expect(bob.view(id).unread).toBe(151)
  while (bob.client.hasBefore(id)) await bob.client.loadBefore(id)
  expect(bob.texts(id)).toEqual(['one', ...numbers(150, 2)])
  expect(bob.view(id).unread).toBe(151)
}, 20_000)

test('[M48] a server that begins with nothing is believed, and what one sees is what it has', async () => {
  const services = [
    (server: Parameters<typeof chatService>[0]) => chatService(server, { openSql: () => openSql('sqlite::memory:'), bounds: generous }),
  ]
  const first = await startServer({}, { services })
  const { url } = first
  const [ann, bob] = [await ChatPerson.start({ url }, 'ann'), await ChatPerson.start({ url }, 'bob')]
  const { id } = await ann.client.direct('bob')
  for (const text of numbers(5)) ann.client.send(id, { text })
  await bob.sees('all', () => bob.texts(id).length === 5)
  bob.client.read(id, 5)
  await first[Symbol.asyncDispose]()
  await serve({ port: Number(new URL(url).port) }, { services })
  for (const each of [ann, bob]) await each.sees('nothing', () => each.client.link === 'live' && each.client.conversations.length === 0)
  await ann.client.direct('bob')
  ann.client.send(id, { text: 'anew' })
  await bob.sees('what is new', () => bob.texts(id).join() === 'anew')
  expect(bob.view(id).unread).toBe(1)
})

/** Waits until the server has from a device that it holds everything, and says where that is. */
async function acknowledged(server: { readonly url: string }, person: ChatPerson): Promise<{ acked: number; top: number }> {
  const { user, options } = person.client
  let greeting = { acked: 0, top: -1 }
  await until(
    'everything is acknowledged',
    async () => {
      using probe = await Device.connect(server, user, options.device)
      greeting = { acked: probe.greeting?.acked ?? 0, top: probe.greeting?.top ?? -1 }
      return greeting.acked === greeting.top
    },
    10_000,
  )
  return greeting
}
