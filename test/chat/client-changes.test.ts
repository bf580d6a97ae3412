import { expect, test } from 'bun:test'
import { generous, pair } from './chat-pair.ts'
import type { ChatPerson } from './chat-person.ts'

async function said(bounds?: Parameters<typeof pair>[0]) {
  const { server, ann, bob, id } = await pair(bounds)
  ann.client.send(id, { text: 'helo' })
  await bob.sees('the message', () => bob.texts(id).length === 1)
  await ann.sees('it is sent', () => ann.messages(id)[0]?.seq === 1)
  return { server, ann, bob, id }
}

const one = (person: ChatPerson, id: string) => {
  const [message] = person.messages(id)
  if (message === undefined) throw new Error('there is no message')
  return message
}

test('[M190] an edit made offline is shown, survives a reload, and is made once there is a connection', async () => {
  const { server, ann, bob, id } = await said()
  ann.line.down()
  await ann.sees('that the line is down', () => ann.client.link !== 'live')
  const cid = ann.client.change(one(ann, id), { kind: 'edit', text: 'hello' })
  expect(one(ann, id)).toMatchObject({ text: 'hello', pending: { kind: 'edit', cid, text: 'hello' } })
  const again = await ann.reload(server)
  expect(one(again, id)).toMatchObject({ text: 'hello', pending: { kind: 'edit', cid } })
  expect(one(bob, id).text).toBe('helo')
  again.line.up()
  await bob.sees('the edit', () => bob.texts(id)[0] === 'hello')
  await again.sees('that nothing waits', () => one(again, id).pending === undefined)
  expect(one(again, id)).toMatchObject({ text: 'hello', rev: 1 })
})

test('[M190] an edit that waits can be taken back, and of several the newest counts', async () => {
  const { ann, bob, id } = await said()
  ann.line.down()
  await ann.sees('that the line is down', () => ann.client.link !== 'live')
  const cid = ann.client.change(one(ann, id), { kind: 'edit', text: 'taken back' }) ?? ''
  ann.client.discard(cid)
  expect(one(ann, id)).toMatchObject({ text: 'helo', rev: 0 })
  expect(one(ann, id).pending).toBeUndefined()
  for (const text of ['first', 'second', 'third']) ann.client.change(one(ann, id), { kind: 'edit', text })
  ann.line.up()
  await bob.sees('the newest', () => bob.texts(id)[0] === 'third')
  expect(one(bob, id).rev).toBe(1)
})

test('[M190] an edit whose answer is lost is made once', async () => {
  const { ann, bob, id } = await said()
  ann.line.losesAnswerTo = 'chat.edit'
  ann.client.change(one(ann, id), { kind: 'edit', text: 'hello' })
  await ann.sees('that nothing waits', () => one(ann, id).pending === undefined && one(ann, id).rev > 0)
  expect(ann.line.lost).toBe(1)
  await bob.sees('the edit', () => bob.texts(id)[0] === 'hello')
  expect([one(ann, id).rev, one(bob, id).rev]).toEqual([1, 1])
})

test('[M190] an edit that is refused stays with its message and its reason, across a reload, until it is tried again or let be', async () => {
  const { server, ann, id } = await said({ ...generous, editMs: 1 })
  const cid = ann.client.change(one(ann, id), { kind: 'edit', text: 'too late' }) ?? ''
  const refused = { text: 'helo', pending: { kind: 'edit', cid, text: 'too late', refusal: { reason: 'window_closed' } } }
  await ann.sees('the refusal', () => one(ann, id).pending?.refusal !== undefined)
  expect(one(ann, id)).toMatchObject(refused)
  expect(ann.changes.filter(({ kind }) => kind === 'failed')).toMatchObject([{ what: 'edit', cid, refusal: { reason: 'window_closed' } }])
  const again = await ann.reload(server)
  expect(one(again, id)).toMatchObject(refused)
  again.client.discard(cid)
  expect(one(again, id)).not.toHaveProperty('pending')
  await again.sees('nothing kept', async () => (await again.cache.outbox()).length === 0)
})

test('[M191] what was not sent yet is edited where it waits; what may have been sent becomes an edit', async () => {
  const { ann, bob, id } = await said()
  ann.line.down()
  await ann.sees('that the line is down', () => ann.client.link !== 'live')
  ann.client.send(id, { text: 'on the trian' })
  const waiting = () => ann.messages(id)[1]
  const written = waiting()
  if (written === undefined) throw new Error('it does not wait')
  ann.client.change(written, { kind: 'edit', text: 'on the train' })
  expect(waiting()).toMatchObject({ state: 'waiting', text: 'on the train' })
  ann.line.up()
  await bob.sees('the message', () => bob.texts(id).length === 2)
  expect(bob.messages(id)[1]).toMatchObject({ text: 'on the train', rev: 0 })

  ann.line.losesAnswerTo = 'unanswered'
  ann.client.send(id, { text: 'unanswered' })
  await ann.sees('the answer lost', () => ann.line.lost === 1)
  const lost = ann.messages(id)[2]
  if (lost === undefined) throw new Error('it is not there')
  ann.client.change(lost, { kind: 'edit', text: 'answered' })
  expect(ann.messages(id)[2]).toMatchObject({ text: 'answered' })
  await bob.sees('the message with its edit', () => bob.texts(id)[2] === 'answered')
  await ann.sees('that nothing waits', () => ann.messages(id)[2]?.pending === undefined && ann.states(id)[2] !== 'waiting')
  expect(ann.texts(id)).toEqual(['helo', 'on the train', 'answered'])
})

test('[M191] words for a message that was sent before a reload, unknown to this device, become an edit of it', async () => {
  const { server, ann, bob, id } = await said()
  ann.line.losesAnswerTo = 'unanswered'
  ann.client.send(id, { text: 'unanswered' })
  await bob.sees('the message', () => bob.texts(id).length === 2)
  ann.line.down()
  const again = await ann.reload(server)
  const waiting = again.messages(id)[1]
  if (waiting?.state !== 'waiting') throw new Error('it does not wait')
  again.client.change(waiting, { kind: 'edit', text: 'answered' })
  again.line.up()
  await bob.sees('the edit', () => bob.texts(id)[1] === 'answered')
  await again.sees('it once', () => again.texts(id).join() === 'helo,answered' && again.messages(id)[1]?.pending === undefined)
  expect(again.changes.filter(({ kind }) => kind === 'failed')).toEqual([])
})

test('[M192] deletions and reactions made offline are shown, kept and made; what is refused is told', async () => {
  const { server, ann, bob, id } = await said()
  bob.client.send(id, { text: 'nice' })
  await ann.sees('the answer', () => ann.texts(id).length === 2)
  ann.line.down()
  await ann.sees('that the line is down', () => ann.client.link !== 'live')
  const [first, second] = ann.messages(id)
  if (first === undefined || second === undefined) throw new Error('there are two')
  ann.client.change(first, { kind: 'delete', for: 'everyone' })
  ann.client.change(second, { kind: 'react', emoji: '❤' })
  expect(ann.messages(id)).toMatchObject([{ pending: { kind: 'delete' } }, { reactions: [{ emoji: '❤️', count: 1, mine: true }] }])
  const again = await ann.reload(server)
  again.line.up()
  await bob.sees('both', () => bob.messages(id)[0]?.deleted === true && bob.messages(id)[1]?.reactions.length === 1)
  await again.sees('that nothing waits', () => again.messages(id)[0]?.deleted === true)
  expect(again.messages(id)[1]?.reactions).toEqual([{ emoji: '❤️', count: 1, mine: true }])

  bob.client.change(one(bob, id), { kind: 'react', emoji: '👍' })
  await bob.sees('the refusal', () => bob.changes.some(change => change.kind === 'failed' && change.what === 'react'))
  await bob.sees('nothing kept', async () => (await bob.cache.outbox()).length === 0)
})

test('[M193] a message deleted for oneself is gone at once, and comes back as long as it can be taken back', async () => {
  const { ann, bob, id } = await said()
  const cid = ann.client.change(one(ann, id), { kind: 'delete', for: 'me', afterMs: 3_600_000 }) ?? ''
  expect(ann.messages(id)).toEqual([])
  ann.client.discard(cid)
  expect(ann.texts(id)).toEqual(['helo'])
  ann.client.change(one(ann, id), { kind: 'delete', for: 'me' })
  await ann.sees('that it is done', async () => (await ann.cache.outbox()).length === 0)
  expect(ann.messages(id)).toEqual([])
  expect(bob.texts(id)).toEqual(['helo'])
})

test('[M194] a device knows from the server until when messages can be changed, by the server\u2019s clock', async () => {
  const { ann, id } = await said({ ...generous, editMs: 50_000, deleteMs: 90_000 })
  const { ts } = one(ann, id)
  const { windows } = ann.client
  for (const [left, most] of [
    [windows.editLeft(ts), 50_000],
    [windows.deleteLeft(ts), 90_000],
  ] as const) {
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(most)
  }
  expect(windows.editLeft(ts - 50_000)).toBe(0)
})
