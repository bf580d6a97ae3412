import { expect, test } from 'bun:test'
import { chatWith } from '../../src/services/chat/index.ts'
import { openSql } from '../../src/store/index.ts'
import { testServer } from '../kit/api.ts'
import { ChatPerson } from './chat-person.ts'

const serveChat = () => testServer({}, { services: [chatWith({ openSql: () => openSql('sqlite::memory:') })] })

test('[M94] a group that one is asked into is known at once, after an absence, and on every device, until it is answered', async () => {
  const server = await serveChat()
  const [ann, bob] = [await ChatPerson.start(server, 'ann'), await ChatPerson.start(server, 'bob')]
  await bob.client.settings({ may_add: 'nobody' })
  const { id, members } = await ann.client.group('hiking', ['bob'])
  expect(members.map(({ user }) => user)).toEqual(['ann'])
  await bob.sees('the invitation', () => bob.client.invited.length === 1)
  expect(bob.client.invited).toEqual([{ conversation: id, title: 'hiking', author: 'ann', members: 1, ts: expect.any(Number) }])
  expect(bob.client.conversations).toEqual([])
  expect(bob.changes).toContainEqual({ kind: 'invited' })
  const tablet = await ChatPerson.start(server, 'bob', { device: 'tablet' })
  await tablet.sees('the invitation', () => tablet.client.invited.length === 1)
  const { id: other } = await ann.client.group('climbing', ['bob'])
  const again = await bob.reload(server)
  await again.sees('both', () => again.client.invited.length === 2)
  await again.client.answerInvited(other, false)
  await again.client.answerInvited(id, true)
  expect(again.client.invited).toEqual([])
  expect((await again.has(id)).request).toBe(false)
  await tablet.sees('that they are answered', () => tablet.client.invited.length === 0)
  expect((await tablet.has(id)).members.map(({ user }) => user)).toEqual(['ann', 'bob'])
  expect((await ann.client.add(other, ['bob'])).asked).toEqual(['bob'])
})

test('[M94] what others began is a request until one accepts, writes or reacts, on every device', async () => {
  const server = await serveChat()
  const [ann, bob] = [await ChatPerson.start(server, 'ann'), await ChatPerson.start(server, 'bob')]
  const tablet = await ChatPerson.start(server, 'bob', { device: 'tablet' })
  const ways = {
    accept: (id: string) => bob.client.accept(id),
    write: async (id: string) => bob.client.send(id, { text: 'yes' }),
    react: (id: string) => bob.client.react(id, bob.messages(id)[0]?.seq ?? 0, '👍'),
  }
  for (const [name, act] of Object.entries(ways)) {
    const { id } = await ann.client.group(name, ['bob'])
    ann.client.send(id, { text: 'hello' })
    for (const each of [bob, tablet]) {
      await each.sees('what was said', () => each.client.conversation(id) !== undefined && each.texts(id).length > 0)
      expect(each.view(id).request).toBe(true)
    }
    expect(ann.view(id).request).toBe(false)
    await act(id)
    for (const each of [bob, tablet]) await each.sees('that it is none any longer', () => !each.view(id).request)
    const { conversations } = await bob.client.call('chat.conversations', {})
    expect(conversations.find(conversation => conversation.id === id)).not.toHaveProperty('request')
  }
})
