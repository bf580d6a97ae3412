import { describe, expect, test } from 'bun:test'
import { MemoryCache } from '../../src/services/chat/client/index.ts'
import { chatWith } from '../../src/services/chat/index.ts'
import { headOf, keepHead, placeOf } from '../../src/services/chat/store/index.ts'
import { openSql } from '../../src/store/index.ts'
import { atEnd, Folder, quiet, testServer, until } from '../kit/api.ts'
import { startServer } from '../kit/index.ts'
import { acknowledged, generous, numbers, pair } from './chat-pair.ts'
import { ChatPerson } from './chat-person.ts'

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
  })

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
    await ann.sees('all sent', () => !ann.states(id).includes('waiting'))
    bob.client.send(id, { text: 'from bob' })
    bob.line.up()
    await bob.sees('it is live', () => bob.client.link === 'live')
    ann.client.send(id, { text: 'now' })
    await bob.sees('all', () => bob.texts(id).length === count + 2)
    expect(bob.texts(id).slice(0, count)).toEqual(numbers(count))
    expect(bob.texts(id).slice(count).toSorted()).toEqual(['from bob', 'now'])
    const own = bob.texts(id).indexOf('from bob')
    expect(bob.view(id).unread).toBe(count + 1 - own)
    const probe = await acknowledged(server, bob)
    expect(probe.acked).toBe(probe.top)
  })

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

test('[M43, M47] a server that starts again loses nothing that clients wrote meanwhile', async () => {
  const folder = new Folder()
  atEnd(() => folder[Symbol.dispose]())
  const services = [chatWith({ openSql: () => openSql(`sqlite:${folder.path}/chat.db`), bounds: generous })]
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
  await testServer({ port: Number(new URL(url).port) }, { services })
  for (const each of [ann, bob]) await each.sees('all', () => each.messages(id).length === 80 && !each.states(id).includes('waiting'))
  await quiet(100)
  expect(ann.messages(id).map(({ seq, text }) => `${seq} ${text}`)).toEqual(bob.messages(id).map(({ seq, text }) => `${seq} ${text}`))
  expect(ann.texts(id).filter(text => !text?.startsWith('re'))).toEqual(numbers(40))
  expect(ann.texts(id).filter(text => text?.startsWith('re'))).toEqual(numbers(40).map(text => `re ${text}`))
})

test('[M6, M48] of what the inbox no longer keeps, the list and history tell: edits of the lost time too', async () => {
  const folder = new Folder()
  atEnd(() => folder[Symbol.dispose]())
  const target = `sqlite:${folder.path}/chat.db`
  const services = [chatWith({ openSql: () => openSql(target), bounds: generous })]
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
  const head = await headOf(sql, 'bob')
  await keepHead(sql, 'bob', { ...head, floor: await placeOf(sql, 'bob', head.pts - 3) })
  await sql.close()
  await testServer({ port: Number(new URL(url).port) }, { services })
  await ann.sees('the server', () => ann.client.link === 'live')
  bob.line.up()
  await bob.sees('the newest', () => bob.texts(id).length >= 50)
  expect(bob.texts(id)).toEqual(numbers(bob.texts(id).length, 152 - bob.texts(id).length))
  expect(bob.view(id).unread).toBe(151)
  while (bob.client.hasBefore(id)) await bob.client.loadBefore(id)
  expect(bob.texts(id)).toEqual(['one', ...numbers(150, 2)])
  expect(bob.view(id).unread).toBe(151)
})

test('[M48] a server that begins with nothing is believed, and what one sees is what it has', async () => {
  const services = [chatWith({ openSql: () => openSql('sqlite::memory:'), bounds: generous })]
  const first = await startServer({}, { services })
  const { url } = first
  const [ann, bob] = [await ChatPerson.start({ url }, 'ann'), await ChatPerson.start({ url }, 'bob')]
  const { id } = await ann.client.direct('bob')
  for (const text of numbers(5)) ann.client.send(id, { text })
  await bob.sees('all', () => bob.texts(id).length === 5)
  bob.client.read(id, 5)
  await first[Symbol.asyncDispose]()
  await testServer({ port: Number(new URL(url).port) }, { services })
  for (const each of [ann, bob]) await each.sees('nothing', () => each.client.link === 'live' && each.client.conversations.length === 0)
  const { id: anew } = await ann.client.direct('bob')
  ann.client.send(anew, { text: 'anew' })
  await bob.sees('what is new', () => bob.texts(anew).join() === 'anew')
  expect(bob.view(anew).unread).toBe(1)
})
