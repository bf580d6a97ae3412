import { expect, test } from 'bun:test'
import { pair } from './chat-pair.ts'
import { ChatPerson } from './chat-person.ts'
import { FileDesk } from './file-desk.ts'

test('[M211] what waits in a chat that is deleted is not sent, and does not bring it back; what waits elsewhere is', async () => {
  const desk = await FileDesk.start()
  const [ann, bob] = [await ChatPerson.start(desk.server, 'ann'), await ChatPerson.start(desk.server, 'bob')]
  const { id } = await ann.client.direct('bob')
  await bob.has(id)
  ann.client.send(id, { text: 'sent' })
  await bob.sees('the first', () => bob.texts(id).includes('sent'))
  const { id: other } = await ann.client.direct('cat')
  const cat = await ChatPerson.start(desk.server, 'cat')
  ann.line.down()
  await ann.sees('that there is no line', () => ann.client.link !== 'live')
  ann.client.send(id, { text: 'never mind' })
  ann.client.send(id, { files: [{ blob: new Blob(['secret']), name: 'secret.txt' }] })
  ann.client.deleteConversation(id)
  ann.client.send(other, { text: 'to cat' })
  const again = await ann.reload(desk.server)
  expect(again.client.conversations.map(each => each.id)).toEqual([other])
  again.line.up()
  await cat.sees('what is theirs', () => cat.client.conversation(other) !== undefined && cat.texts(other).includes('to cat'))
  await again.sees('that nothing waits', () => again.states(other).every(state => state !== 'waiting'))
  bob.client.send(id, { text: 'hello again' })
  await again.sees('what brings it back', () => again.texts(id).includes('hello again'))
  expect(again.texts(id)).toEqual(['hello again'])
  expect(bob.texts(id)).toEqual(['sent', 'hello again'])
  expect(desk.kept).toEqual([])
})

test('[M211] a deletion for everyone that waits is done all the same', async () => {
  const { ann, bob, id } = await pair()
  ann.client.send(id, { text: 'a mistake' })
  await bob.sees('it', () => bob.texts(id).includes('a mistake'))
  await ann.sees('its place', () => ann.messages(id)[0]?.seq !== undefined)
  ann.line.down()
  await ann.sees('that there is no line', () => ann.client.link !== 'live')
  const [message] = ann.messages(id)
  if (message !== undefined) ann.client.change(message, { kind: 'delete', for: 'everyone' })
  ann.client.deleteConversation(id)
  ann.line.up()
  await bob.sees('that it is gone', () => bob.messages(id).every(({ text }) => text === undefined))
})
