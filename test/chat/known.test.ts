import { expect, test } from 'bun:test'
import { beenHere, linkDevice, markSeen } from '../../src/services/chat/store/index.ts'
import { overBothStores } from './both-stores.ts'
import { generous, pair, serveChat } from './chat-pair.ts'
import { ChatPerson } from './chat-person.ts'

overBothStores(({ rows }) => {
  test('[M196] who has been here is who had a device or did something, however many are asked for', async () => {
    const chat = await rows()
    await chat.direct('ann', 'written to')
    await chat.unitsOfWork.commit(({ tx, now }) => linkDevice(tx, 'with a device', 'phone', now))
    await markSeen(chat.sql, 'called', 5)
    const many = Array.from({ length: 250 }, (_, index) => `user ${index}`)
    await markSeen(chat.sql, 'user 249', 5)
    const found = await beenHere(chat.sql, ['written to', 'with a device', 'called', "o'neil", ...many])
    expect([...found].toSorted()).toEqual(['called', 'user 249', 'with a device'])
  })
})

test('[M196] a mistyped name begins nothing where only those are meant who have been here, and one may go on all the same', async () => {
  const { ann, id } = await pair()
  const refusal = (act: Promise<unknown>) => act.then(() => 'done').catch(error => `${error.code} ${error.reason}: ${error.text}`)
  expect(await refusal(ann.client.direct('bbo', { known: true }))).toBe('404 unknown_user: bbo')
  expect(await refusal(ann.client.group('Trip', ['bob', 'bbo', 'cloe'], { known: true }))).toBe('404 unknown_user: bbo, cloe')
  const group = await ann.client.group('Trip', ['bob'], { known: true })
  expect(await refusal(ann.client.add(group.id, ['bbo'], { known: true }))).toBe('404 unknown_user: bbo')
  expect(ann.client.conversations.map(conversation => conversation.id).toSorted()).toEqual([group.id, id].toSorted())
  expect((await ann.client.direct('bob', { known: true })).id).toBe(id)
  expect((await ann.client.direct('bbo')).kind).toBe('direct')
})

test('[M196] asking who has been here is counted as bringing them in', async () => {
  const server = await serveChat({ ...generous, peoplePerDay: 3 })
  const ann = await ChatPerson.start(server, 'ann')
  const reasons: string[] = []
  for (const name of ['a', 'b', 'c', 'd'])
    reasons.push(
      await ann.client.direct(name, { known: true }).then(
        () => 'done',
        error => error.reason,
      ),
    )
  expect(reasons).toEqual(['unknown_user', 'unknown_user', 'unknown_user', 'rate_limited'])
})

test('[M197] nobody is brought in by a name that shows nothing or turns text around', async () => {
  const { ann } = await pair()
  for (const name of ['\u200b', ' ', '\u2060\ufeff', 'bob\u202e', '\u2066bob\u2069']) {
    for (const act of [ann.client.direct(name), ann.client.group('Trip', [name]), ann.client.group(name, ['bob'])]) {
      const reason = await act.then(
        () => 'done',
        error => `${error.code} ${error.message}`,
      )
      expect(reason).toContain('107')
      expect(reason).toContain('expected something that can be seen')
    }
  }
  expect((await ann.client.direct('zoë-👩‍🚀')).kind).toBe('direct')
})
