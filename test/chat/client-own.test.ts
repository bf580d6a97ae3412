import { expect, test } from 'bun:test'
import { MemoryCache } from '../../src/services/chat/client/index.ts'
import { quiet } from '../kit/api.ts'
import { acknowledged, numbers, pair, serveChat } from './chat-pair.ts'
import { ChatPerson } from './chat-person.ts'
import { WeakLine } from './weak-line.ts'

test('[M72] who clears a conversation has nothing unread, on all devices, and is not said to have read it', async () => {
  const { server, ann, bob, id } = await pair()
  const laptop = await ChatPerson.start(server, 'bob', { device: 'laptop' })
  for (const text of numbers(3)) ann.client.send(id, { text })
  for (const each of [bob, laptop]) await each.sees('the messages', () => each.view(id).unread === 3)
  await ann.sees('that all were delivered', () => ann.states(id).join() === 'delivered,delivered,delivered')
  await bob.client.clear(id)
  for (const each of [bob, laptop]) await each.sees('nothing', () => each.view(id).unread === 0 && each.texts(id).length === 0)
  // Receipts are told once a second.
  await quiet(1_300)
  expect(ann.states(id)).toEqual(['delivered', 'delivered', 'delivered'])
  ann.client.send(id, { text: 'after' })
  for (const each of [bob, laptop]) await each.sees('what came after', () => each.view(id).unread === 1)
  const again = await bob.reload(server)
  expect(again.view(id)).toMatchObject({ unread: 1, last: { text: 'after' } })
})

test('[M71] whom one has blocked the client knows: on every device, after a reload, and without a line', async () => {
  const { server, ann, bob, id } = await pair()
  const laptop = await ChatPerson.start(server, 'bob', { device: 'laptop' })
  await laptop.has(id)
  expect(bob.view(id).blocked).toBe(false)
  expect(await bob.client.block('ann', true)).toEqual(['ann'])
  for (const each of [bob, laptop]) await each.sees('that ann is blocked', () => each.view(id).blocked)
  expect(await laptop.client.blocked()).toEqual(['ann'])
  expect(ann.view(id).blocked).toBe(false)
  await acknowledged(server, bob)
  bob.line.down()
  const offline = await bob.reload(server)
  expect(offline.view(id).blocked).toBe(true)
  const fresh = await ChatPerson.start(server, 'bob', { device: 'tablet' })
  expect(fresh.view(id).blocked).toBe(true)
  expect(await fresh.client.block('ann', false)).toEqual([])
  await laptop.sees('that ann is not blocked', () => !laptop.view(id).blocked)
  offline.line.up()
  await offline.sees('that ann is not blocked', () => !offline.view(id).blocked)
})

test('[M70] who leads a group lists its invitations, whoever made them, and revokes them', async () => {
  const server = await serveChat()
  const [ann, bob, cem] = [
    await ChatPerson.start(server, 'ann'),
    await ChatPerson.start(server, 'bob'),
    await ChatPerson.start(server, 'cem'),
  ]
  const { id } = await ann.client.group('A group', ['bob'])
  await ann.client.role(id, 'bob', 'admin')
  const { code = '', expires } = await ann.client.invite(id, { uses: 3, ttl_ms: 60_000, approval: true })
  expect(await cem.client.join(code).catch(error => error.reason)).toBe('approval_pending')
  expect(await bob.client.invites(id)).toEqual([{ code, author: 'ann', expires: expires ?? 0, uses: 3, used: 1, approval: true }])
  expect((await bob.client.requests(id)).requests).toMatchObject([{ user: 'cem' }])
  expect(await cem.client.invites(id).catch(error => error.reason)).toBe('not_found')
  await bob.client.requests(id, { user: 'cem', accept: true })
  expect(await cem.client.invites(id).catch(error => error.reason)).toBe('forbidden')
  await bob.client.invite(id, { revoke: code })
  expect(await ann.client.invites(id)).toEqual([])
})

test('[M9, M73] nothing is delivered to a device that knows of it by the list alone', async () => {
  const { server, ann, bob, id } = await pair()
  await acknowledged(server, bob)
  await bob.client.close()
  // More than one window, so that it comes after the reply to the connection.
  const count = 300
  for (const text of numbers(count)) ann.client.send(id, { text })
  await ann.sees('all sent', () => ann.states(id).filter(state => state === 'sent').length === count)
  const line = new WeakLine()
  line.swallows = '"pub"'
  const forgetful = await ChatPerson.start(server, 'bob', { cache: new MemoryCache(), line })
  expect(forgetful.view(id)).toMatchObject({ unread: count, last: { text: `${count}` } })
  await quiet(1_500)
  expect(ann.states(id).filter(state => state !== 'sent')).toEqual([])
  line.swallows = undefined
  line.cut()
  await ann.sees('that all were delivered', () => ann.states(id).every(state => state === 'delivered'))
  forgetful.client.open(id)
  await forgetful.sees('all of them', () => forgetful.texts(id).length === count)
  expect(forgetful.texts(id)).toEqual(numbers(count))
  const { acked, top } = await acknowledged(server, forgetful)
  expect(acked).toBe(top)
})
