import { expect, test } from 'bun:test'
import { type OwedMessage, type PushSender, pushLimits } from '../../src/services/chat/push/index.ts'
import { until, within } from '../kit/index.ts'
import { Desk, graceMs, webPush } from './push-desk.ts'
import { RowsInMemory } from './push-rows.ts'
import { PushService } from './push-service.ts'

function message(offset: number, conversation = 'c1', seq = offset): OwedMessage {
  return { conversation, offset, seq, mid: `m${seq}` }
}

test('[M35] a thousand dead endpoints are pruned in one pass', async () => {
  await using desk = new Desk()
  desk.service.answer = id => new Response(null, { status: id.startsWith('dead') ? 410 : 201 })
  for (let index = 0; index < 1000; index++) {
    desk.subscribe(`dead${index}`, 'phone')
    desk.pushes.owe(`dead${index}`, message(1))
  }
  desk.subscribe('ann', 'phone')
  desk.pushes.owe('ann', message(1))
  await until('all are pruned', () => desk.rows.subscribed.length === 1)
  expect(desk.rows.forgotten.flat()).toHaveLength(1000)
  // One call for what comes within a moment, not one for each.
  expect(desk.rows.forgotten.length).toBeLessThanOrEqual(20)
  expect(desk.pushes.tally.count('gone')).toBe(1000)
  expect(desk.service.inFlightMax).toBeLessThanOrEqual(pushLimits.inFlightPerOriginMax)
  expect(desk.bodiesOf('ann-phone')).toHaveLength(1)
  desk.pushes.owe('dead7', message(2))
  await desk.settled()
  expect(desk.service.to('dead7-phone')).toHaveLength(1)
})

test('[M34] a Retry-After holds for the whole push service, and for no other', async () => {
  await using other = new PushService()
  await using desk = new Desk({ senders: [only(other)] })
  let refused = 0
  desk.service.answer = () =>
    refused++ === 0 ? new Response(null, { status: 429, headers: { 'Retry-After': '1' } }) : new Response(null, { status: 201 })
  desk.subscribe('ann', 'phone')
  desk.pushes.owe('ann', message(1))
  await until('it was refused', () => refused === 1)
  const fromMs = desk.clock.now()
  desk.subscribe('bob', 'phone')
  desk.pushes.owe('bob', message(1))
  desk.rows.subscribed.push(other.subscribe('cat', 'phone'))
  desk.pushes.owe('cat', message(1))
  await until('the other has it', () => other.received.length === 1)
  await desk.clock.passes(500)
  expect(desk.service.received).toHaveLength(1)
  await until('both have it', () => desk.service.received.length === 3)
  expect(desk.clock.now() - fromMs).toBeGreaterThan(900)
  await desk.settled()
  expect(desk.service.received).toHaveLength(3)
})

test('[M34] a failing push service is asked again, with the newest message and the badge of then, and once after success', async () => {
  await using desk = new Desk({ random: { next: () => 0.3, bytes: count => new Uint8Array(count) } })
  desk.subscribe('ann', 'phone')
  let isDown = true
  desk.service.answer = () => new Response(null, { status: isDown ? 500 : 201 })
  desk.pushes.owe('ann', message(1))
  await until('it failed', () => desk.service.received.length === 1)
  isDown = false
  desk.pushes.owe('ann', message(2))
  await desk.clock.passes(graceMs + 60)
  expect(desk.service.received).toHaveLength(1)
  desk.rows.unread.set('ann', 9)
  await until('it came through', () => desk.service.received.length === 2)
  await desk.clock.passes(600)
  expect(desk.bodiesOf('ann-phone')).toEqual([expect.objectContaining({ seq: 1, badge: 0 }), expect.objectContaining({ seq: 2, badge: 9 })])
  expect(desk.pushes.tally.count('delivered')).toBe(1)
})

test('[M34] what is acknowledged, read or deleted between two tries is not tried again', async () => {
  await using desk = new Desk({ random: { next: () => 0.15, bytes: count => new Uint8Array(count) } })
  desk.service.answer = () => new Response(null, { status: 500 })
  for (const user of ['ann', 'bob', 'cat', 'dan']) {
    desk.subscribe(user, 'phone')
    desk.pushes.owe(user, message(1))
  }
  await until('all failed', () => desk.service.received.length === 4)
  await desk.clock.passes(20)
  desk.acknowledge('ann', 'phone', 1)
  desk.pushes.read('bob', { conversation: 'c1', seq: 1 })
  desk.pushes.retract('cat', 'c1', 1)
  await until('the fourth was tried again', () => desk.service.to('dan-phone').length >= 2)
  for (const user of ['ann', 'bob', 'cat']) expect(desk.service.to(`${user}-phone`)).toHaveLength(1)
})

test('[M18] of messages that are told of together at the next try, the one that is deleted goes and the others stay', async () => {
  await using desk = new Desk({ random: { next: () => 0.3, bytes: count => new Uint8Array(count) } })
  desk.subscribe('ann', 'phone')
  desk.service.answer = () => new Response(null, { status: desk.service.received.length === 1 ? 500 : 201 })
  desk.pushes.owe('ann', message(1))
  await until('it failed', () => desk.service.received.length === 1)
  desk.pushes.owe('ann', message(2))
  await desk.clock.passes(graceMs + 60)
  desk.pushes.retract('ann', 'c1', 2)
  await until('it was tried again', () => desk.service.received.length === 2)
  expect(desk.bodiesOf('ann-phone')[1]).toMatchObject({ kind: 'message', seq: 1, mid: 'm1' })
})

test('[M34] after its TTL a push is given up', async () => {
  await using desk = new Desk({ ttlMs: 400, random: { next: () => 0.1, bytes: count => new Uint8Array(count) } })
  desk.subscribe('ann', 'phone')
  desk.service.answer = () => new Response(null, { status: 503 })
  desk.pushes.owe('ann', message(1))
  await until('it is given up', () => desk.pushes.tally.count('expired') === 1)
  expect(desk.pushes.underWay).toBe(0)
  expect(desk.service.received.length).toBeGreaterThan(1)
})

test('[M34] one that hangs leaves room for the others', async () => {
  await using slow = new PushService()
  await using desk = new Desk({ senders: [only(slow)] })
  slow.answer = () => new Promise<never>(() => undefined)
  for (let index = 0; index < 100; index++) {
    desk.rows.subscribed.push(slow.subscribe(`slow${index}`, 'phone'))
    desk.pushes.owe(`slow${index}`, message(1))
  }
  await until('it hangs', () => slow.received.length === pushLimits.inFlightPerOriginMax)
  desk.subscribe('ann', 'phone')
  desk.pushes.owe('ann', message(1))
  await until('the other answers', () => desk.service.received.length === 1)
  expect(slow.received).toHaveLength(pushLimits.inFlightPerOriginMax)
  await within('it to close', desk.pushes.close())
})

test('[M37] closing ends what is under way, and writes down what was delivered', async () => {
  const rows = new RowsInMemory()
  await using desk = new Desk({ rows })
  desk.subscribe('ann', 'phone')
  desk.subscribe('bob', 'phone')
  desk.service.answer = id => (id === 'ann-phone' ? new Response(null, { status: 201 }) : new Promise<never>(() => undefined))
  desk.pushes.owe('ann', message(1))
  desk.pushes.owe('bob', message(1))
  await until('one is delivered', () => desk.pushes.tally.count('delivered') === 1 && desk.service.received.length === 2)
  await within('it to close', desk.pushes.close())
  expect(rows.notes).toEqual([{ user: 'ann', device: 'phone', conversation: 'c1', seq: 1 }])
  await desk.pushes.close()
  desk.pushes.owe('ann', message(2))
  await desk.settled()
  expect(desk.service.received).toHaveLength(2)
})

/** A way to one push service alone, beside that of the desk. */
function only(service: PushService): PushSender {
  const sender = webPush(service)
  return {
    takes: ({ endpoint }) => new URL(endpoint).host === service.authority,
    originOf: subscription => sender.originOf(subscription),
    send: (subscription, note) => sender.send(subscription, note),
    close: () => sender.close(),
  }
}
