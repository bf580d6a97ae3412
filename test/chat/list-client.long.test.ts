import { expect, test } from 'bun:test'
import { MemoryCache } from '../../src/services/chat/client/index.ts'
import { pageOfList } from '../../src/services/chat/store/index.ts'
import { openSql, type Sql } from '../../src/store/index.ts'
import { atEnd, until } from '../kit/api.ts'
import { rounds } from '../kit/index.ts'
import { overBothStores } from './both-stores.ts'
import { acknowledged, generous, pair, serveChat } from './chat-pair.ts'
import { ChatPerson } from './chat-person.ts'
import { fill, listed, serveRows } from './long-list.ts'
import { WeakLine } from './weak-line.ts'

/** As large as a browser's cache once was: some of the list does not fit. */
const few = () => new MemoryCache({ conversationsMax: 200 })

/** Until the list is whole, and all of it was taken. */
async function whole(person: ChatPerson): Promise<ChatPerson> {
  await until('the list is whole', () => person.client.whole)
  return person
}

test('[M106] whoever one talks with is in the list after a reload, however many others came after them', async () => {
  const server = await serveChat({ ...generous, conversationsPerDay: 10_000, peoplePerDay: 10_000 })
  const ann = await ChatPerson.start(server, 'ann', { cache: few() })
  const { id } = await ann.client.direct('friend')
  const friend = await ChatPerson.start(server, 'friend')
  for (let n = 0; n < 210; n++) await ann.client.direct(`other-${n}`)
  friend.client.send(id, { text: 'hello' })
  await ann.sees('it', () => ann.texts(id).includes('hello'))
  ann.client.open(id)
  ann.client.send(id, { text: 'hi' })
  await friend.sees('the answer', () => friend.texts(id).includes('hi'))
  await acknowledged(server, ann)
  let after = ann
  for (let reload = 0; reload < 3; reload++) {
    after = await after.reload(server)
    expect([after.client.conversations[0]?.id, after.texts(id).at(-1)]).toEqual([id, 'hi'])
    await whole(after)
    expect(after.client.conversations).toHaveLength(211)
    expect(after.client.conversations[0]?.id).toBe(id)
  }
})

test('[M106] offline, what was used last, is pinned or is unread is still there', async () => {
  const server = await serveChat({ ...generous, conversationsPerDay: 10_000, peoplePerDay: 10_000 })
  const cache = few()
  const ann = await ChatPerson.start(server, 'ann', { cache })
  const ids: string[] = []
  for (let n = 0; n < 20; n++) ids.push((await ann.client.direct(`early-${n}`)).id)
  const [pinned = '', unread = '', opened = '', forgotten = ''] = ids
  await ann.client.settings({ conversation: pinned, pinned: true })
  const other = await ChatPerson.start(server, 'early-1')
  other.client.send(unread, { text: 'hello' })
  await ann.sees('all of that', () => ann.view(pinned).pinned && ann.view(unread).unread === 1)
  for (let n = 0; n < 230; n++) await ann.client.direct(`late-${n}`)
  ann.client.open(opened)
  await ann.client.close()
  const line = new WeakLine()
  line.down()
  const offline = await ChatPerson.start(server, 'ann', { cache, line })
  const has = (id: string) => offline.client.conversation(id) !== undefined
  expect([pinned, unread, opened].map(has)).toEqual([true, true, true])
  expect([has(forgotten), offline.client.whole]).toEqual([false, false])
})

test('[M106] a list whose line breaks in the middle goes on where it was, and is not asked for again where the cache holds all of it', async () => {
  const sql = await openSql('sqlite::memory:')
  atEnd(() => sql.close())
  await fill(sql, 'ann', 650)
  await using server = await serveRows(sql)
  const line = new WeakLine()
  line.losesAnswerTo = 'before_id'
  const ann = await whole(await ChatPerson.start(server, 'ann', { line }))
  const before = listed(ann.client.conversations)
  expect([line.lost, line.count('chat.conversations')]).toEqual([1, 5])
  await acknowledged(server, ann)
  const after = await ann.reload(server)
  expect(listed(after.client.conversations)).toEqual(before)
  expect([after.client.whole, line.count('chat.conversations')]).toEqual([true, 5])
})

test('[M107] a conversation that the device does not know is asked for by itself; only what the server does not give is nobody’s', async () => {
  const { server, ann, bob, id } = await pair()
  await acknowledged(server, ann)
  // A cache that knows where the device is, and of no conversation.
  const cache = new MemoryCache()
  await cache.save({ acked: (await ann.cache.load()).acked, conversations: [] })
  await ann.client.close()
  const again = await ChatPerson.start(server, 'ann', { cache })
  again.client.open(id)
  again.client.open('d_nothing')
  await again.has(id)
  await again.sees('that there is no such', () => again.client.isMissing('d_nothing'))
  expect(again.client.isMissing(id)).toBe(false)
  bob.client.send(id, { text: 'hello' })
  await again.sees('what is said', () => again.texts(id).includes('hello'))
})

test('[M108] what is set offline holds at once, survives a reload, and comes to the server and the other devices', async () => {
  const { server, ann, bob, id } = await pair()
  const group = (await ann.client.group('Choir', ['bob'])).id
  const gone = (await ann.client.direct('cid')).id
  const laptop = await whole(await ChatPerson.start(server, 'ann', { device: 'laptop' }))
  bob.client.send(id, { text: 'hello' })
  await ann.sees('it', () => ann.view(id).unread === 1)
  await acknowledged(server, ann)
  ann.line.down()
  await ann.sees('that it is offline', () => ann.client.link !== 'live')
  ann.client.setOwn(group, { pinned: true })
  ann.client.setOwn(group, { muted: true })
  ann.client.setOwn(id, { archived: true })
  ann.client.deleteConversation(gone)
  const states = ({ client }: ChatPerson) => ({
    list: client.conversations.map(({ id, pinned, muted }) => [id, pinned, muted]),
    archived: client.archived.map(({ id, unread }) => [id, unread]),
    unread: client.unread,
  })
  const wanted = { list: [[group, true, true]], archived: [[id, 1]], unread: 0 }
  expect(states(ann)).toEqual(wanted)
  const after = await ann.reload(server)
  expect(states(after)).toEqual(wanted)
  expect(laptop.client.conversations).toHaveLength(3)
  after.line.up()
  await laptop.sees('the same', () => Bun.deepEquals(states(laptop), wanted))
  // And back, from the other one.
  laptop.client.setOwn(id, { archived: false, unread: true })
  laptop.client.setOwn(group, { pinned: false, muted: false })
  await after.sees('it', () => after.view(id).marked && !after.view(group).muted)
  expect(after.client.archived).toEqual([])
  after.client.open(id)
  await laptop.sees('that it is not marked any longer', () => !laptop.view(id).marked)
  laptop.client.setOwn(id, { unread: false })
  await after.sees('that it is read', () => after.view(id).unread === 0)
})

test('[M101, M102] what is archived or deleted comes back on every device with the next message', async () => {
  const { server, ann, bob, id } = await pair()
  const laptop = await whole(await ChatPerson.start(server, 'ann', { device: 'laptop' }))
  bob.client.send(id, { text: 'one' })
  await ann.sees('it', () => ann.texts(id).length === 1)
  ann.client.setOwn(id, { archived: true })
  await laptop.sees('that it is archived', () => laptop.client.archived.length === 1 && laptop.client.conversations.length === 0)
  bob.client.send(id, { text: 'two' })
  for (const device of [ann, laptop]) await device.sees('it come back', () => device.client.conversations.length === 1)
  ann.client.deleteConversation(id)
  await laptop.sees('that it is gone', () => laptop.client.conversations.length + laptop.client.archived.length === 0)
  expect(await bob.has(id)).toMatchObject({ active: true })
  bob.client.send(id, { text: 'three' })
  for (const device of [ann, laptop]) {
    await device.sees('it come back', () => device.client.conversations.length === 1)
    expect(device.texts(id)).toEqual(['three'])
    expect(device.client.unread).toBe(1)
  }
})

overBothStores(({ open }) => {
  test('[M109] thousands of conversations, three reloads, two devices: the same list, in order, with the right unread sum', async () => {
    const sql = await open()
    const count = rounds(sql.dialect === 'sqlite' ? 600 : 200, 5_000)
    const { rows, ids } = await fill(sql, 'ann', count)
    await using server = await serveRows(sql)
    const phone = await whole(await ChatPerson.start(server, 'ann', { cache: few() }))
    const laptop = await whole(await ChatPerson.start(server, 'ann', { device: 'laptop' }))
    const expected = await listOf(rows, 'ann')
    let devices = [phone, laptop]
    for (let reload = 0; reload <= 3; reload++) {
      if (reload > 0) devices = await Promise.all(devices.map(async device => whole(await device.reload(server))))
      for (const { client } of devices) {
        expect(client.conversations.length + client.archived.length).toBe(expected.ids.length)
        expect([...client.conversations, ...client.archived].map(({ id }) => id).toSorted()).toEqual(expected.ids)
        expect(client.unread).toBe(expected.unread)
      }
      const [first, second] = devices.map(({ client }) => [listed(client.conversations), listed(client.archived)])
      expect(first).toEqual(second)
      // Something moves between the reloads: a message far down, seen by both.
      const id = ids[Math.floor(count / 2) + reload * 4] ?? ''
      const author = (
        await rows.sql.all<{ person: string }>("select person from chat_member where conversation = ?1 and person <> 'ann'", id)
      )[0]
      const sender = await ChatPerson.start(server, author?.person ?? '')
      sender.client.send(id, { text: `news ${reload}` })
      for (const device of devices)
        await device.sees(
          'it',
          () => device.client.conversation(id)?.last?.kind === 'message' && device.texts(id).includes(`news ${reload}`),
        )
      Object.assign(expected, await listOf(rows, 'ann'))
    }
  })
})

async function listOf({ sql }: { readonly sql: Sql }, user: string) {
  const ids: string[] = []
  let unread = 0
  let next: object | undefined = {}
  while (next !== undefined) {
    const page: Awaited<ReturnType<typeof pageOfList>> = await pageOfList(sql, user, next)
    for (const { id } of page.conversations) ids.push(id)
    for (const conversation of page.conversations) if (!conversation.muted && conversation.archived !== true) unread += conversation.unread
    next = page.next
  }
  return { ids: ids.toSorted(), unread }
}
