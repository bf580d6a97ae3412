import { describe, expect, test } from 'bun:test'
import { ChatError, MemoryCache } from '../../src/services/chat/client/index.ts'
import { quiet } from '../kit/api.ts'
import { numbers, pair, serveChat } from './chat-pair.ts'
import { ChatPerson } from './chat-person.ts'
import { WeakLine } from './weak-line.ts'

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
    bob.client.send(id, { text: 'here I am' })
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
    expect(ann.client.presenceOf('bob')).toBeUndefined()
  })

  test('[M215] who was there is not said any longer without a line, nor once the conversation is shut; both are asked anew', async () => {
    const { ann, bob, id } = await pair()
    ann.client.open(id)
    bob.client.send(id, { text: 'here I am' })
    const isThere = () => ann.client.presenceOf('bob')?.online === true
    await ann.sees('that bob is there', isThere)
    ann.line.down()
    await ann.sees('that there is no line', () => ann.client.link !== 'live')
    expect(ann.client.presenceOf('bob')).toBeUndefined()
    ann.line.up()
    await ann.sees('that bob is there', isThere)
    ann.client.shut(id)
    expect(ann.client.presenceOf('bob')).toBeUndefined()
    ann.client.open(id)
    await ann.sees('that bob is there', isThere)
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
