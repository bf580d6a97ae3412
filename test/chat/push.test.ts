import { describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/index.ts'
import { type OwedMessage, type PushSender, pushLimits } from '../../src/services/chat/push/index.ts'
import { until } from '../support/index.ts'
import { Desk, graceMs } from './push-desk.ts'
import { RowsInMemory } from './push-rows.ts'
import { PushService } from './push-service.ts'

function message(offset: number, conversation = 'c1', seq = offset): OwedMessage {
  return { conversation, offset, seq, mid: `m${seq}` }
}

describe('who is notified', () => {
  test('[M23] a message that nobody acknowledges is pushed to every device after the grace, not before', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone', 'laptop')
    desk.rows.unread.set('ann', 4)
    const start = desk.clock.now()
    const atMs: number[] = []
    desk.service.answer = () => {
      atMs.push(desk.clock.now())
      return new Response(null, { status: 201 })
    }
    desk.pushes.owe('ann', message(1))
    await until('both devices have it', () => desk.service.received.length === 2)
    for (const at of atMs) expect(at - start).toBeGreaterThanOrEqual(graceMs - 1)
    const body = { kind: 'message', conversation: 'c1', seq: 1, mid: 'm1', badge: 4 }
    expect(desk.bodiesOf('ann-phone')).toEqual([body])
    expect(desk.bodiesOf('ann-laptop')).toEqual([body])
    await desk.settled()
    expect(desk.service.received).toHaveLength(2)
    expect(desk.service.failures).toEqual([])
  })

  test('[M23] what any device acknowledged within the grace is not', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    desk.subscribe('bob', 'phone')
    desk.pushes.owe('ann', message(1))
    desk.pushes.owe('ann', message(2, 'c2'))
    desk.pushes.acknowledged('ann', 2)
    // Heard by another node, so only the store knows.
    desk.pushes.owe('bob', message(3))
    desk.rows.acknowledgements.set('bob', 3)
    await desk.settled()
    expect(desk.service.received).toEqual([])
    expect(desk.pushes.underWay).toBe(0)
    desk.pushes.owe('ann', message(4))
    await until('the next one is pushed', () => desk.service.received.length === 1)
  })

  test('[M23] the acknowledgement of an earlier message is none of a later one', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    desk.pushes.owe('ann', message(1))
    desk.pushes.owe('ann', message(2))
    desk.pushes.acknowledged('ann', 1)
    await until('the second is pushed', () => desk.service.received.length === 1)
    expect(desk.bodiesOf('ann-phone')).toEqual([expect.objectContaining({ seq: 2 })])
  })

  test('[M39] while a device has the conversation on its screen nobody is notified, until the socket turns out to be dead', async () => {
    const open = new Set(['ann c1'])
    await using desk = new Desk({ isOpen: (user, conversation) => open.has(`${user} ${conversation}`) })
    desk.subscribe('ann', 'phone')
    desk.pushes.owe('ann', message(1))
    desk.pushes.owe('ann', message(2, 'c2'))
    await until('the other conversation is pushed', () => desk.service.received.length === 1)
    expect(desk.bodiesOf('ann-phone')).toEqual([expect.objectContaining({ conversation: 'c2' })])
    await desk.settled()
    expect(desk.service.received).toHaveLength(1)
    open.clear()
    await until('what was never acknowledged is pushed', () => desk.service.received.length === 2)
    expect(desk.bodiesOf('ann-phone')[1]).toMatchObject({ conversation: 'c1', seq: 1 })
  })

  test('[M39] a screen that shows it and acknowledges nothing is believed for a minute', async () => {
    let now = systemClock.now()
    const timers: { at: number; run: () => void }[] = []
    const clock = {
      ...systemClock,
      now: () => now,
      after: (ms: number, run: () => void) => {
        const timer = { at: now + ms, run }
        timers.push(timer)
        return { cancel: () => void timers.splice(timers.indexOf(timer) >>> 0, 1) }
      },
    }
    const sent: number[] = []
    const sender: PushSender = {
      takes: () => true,
      originOf: () => 'o',
      send: async (_, { seq }) => {
        sent.push(seq)
        return { kind: 'delivered' }
      },
      close() {},
    }
    await using desk = new Desk({ clock, isOpen: () => true, graceMs: 3000, senders: [sender] })
    desk.subscribe('ann', 'phone')
    desk.pushes.owe('ann', message(1))
    const goTo = async (ms: number) => {
      for (const end = now + ms; ; ) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) {
          now = end
          return
        }
        timers.splice(timers.indexOf(next), 1)
        now = next.at
        next.run()
        await Bun.sleep(0)
      }
    }
    await goTo(60_000)
    expect(sent).toEqual([])
    await goTo(6000)
    expect(sent).toEqual([1])
  })

  test('[M23] the store is asked again where it did not answer', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    desk.rows.isBroken = true
    desk.pushes.owe('ann', message(1))
    await desk.settled()
    desk.rows.isBroken = false
    await until('it is pushed', () => desk.service.received.length === 1)
  })
})

describe('one notification', () => {
  test('[M33] several messages of one conversation within the grace are one push, of the newest', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    for (let offset = 1; offset <= 100; offset++) desk.pushes.owe('ann', message(offset))
    desk.pushes.owe('ann', message(101, 'c2'))
    await until('one for each conversation', () => desk.service.received.length === 2)
    await desk.settled()
    expect(desk.bodiesOf('ann-phone')).toEqual([expect.objectContaining({ seq: 100 }), expect.objectContaining({ conversation: 'c2' })])
    const topics = desk.service.received.map(({ headers }) => headers.get('topic'))
    expect(new Set(topics).size).toBe(2)
  })

  test('[M33] a later message renews it under the same topic', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    for (const offset of [1, 2]) {
      desk.pushes.owe('ann', message(offset))
      await until('it is pushed', () => desk.service.received.length === offset)
    }
    const [first, second] = desk.service.received.map(({ headers }) => headers.get('topic'))
    expect(second).toBe(first ?? '')
  })

  test('[M37] after a restart what is still owed is pushed, once for each device that has not been shown it', async () => {
    await using service = new PushService()
    const rows = new RowsInMemory()
    {
      await using before = new Desk({ rows, service })
      before.subscribe('ann', 'phone')
      before.pushes.owe('ann', message(1))
      await until('the first is pushed, and that is written down', () => rows.notes.length === 1)
      before.pushes.owe('ann', message(2, 'c2'))
    }
    expect(service.received).toHaveLength(1)
    expect(rows.notes).toEqual([{ user: 'ann', device: 'phone', conversation: 'c1', seq: 1 }])
    const ts = systemClock.now()
    const owed = { user: 'ann', ts }
    rows.owedMessages = [
      { ...message(1), ...owed },
      { ...message(2, 'c2'), ...owed },
      { ...message(3, 'c3'), ...owed, ts: ts - pushLimits.restoredMs - 1000 },
    ]
    service.received.length = 0
    await using after = new Desk({ rows, service })
    await after.pushes.start()
    await after.settled()
    expect(after.bodiesOf('ann-phone')).toEqual([expect.objectContaining({ conversation: 'c2', seq: 2 })])
  })

  test('[M37] and a message acknowledged before the devices came back is not', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    desk.rows.owedMessages = Array.from({ length: 1200 }, (_, index) => ({
      ...message(index + 1, `c${index}`),
      user: 'ann',
      ts: systemClock.now(),
    }))
    await desk.pushes.start()
    expect(desk.pushes.underWay).toBe(1200)
    desk.pushes.acknowledged('ann', 1200)
    await desk.settled()
    expect(desk.service.received).toEqual([])
  })
})

describe('taken back', () => {
  async function shown(desk: Desk, ...offsets: number[]): Promise<void> {
    desk.subscribe('ann', 'phone', 'laptop')
    for (const offset of offsets) desk.pushes.owe('ann', message(offset))
    await until('both devices show it', () => desk.service.received.length === 2)
    await until('and it is written down', () => desk.rows.notes.length === 2)
    desk.service.received.length = 0
  }

  test('[M39] what is read on one device is dismissed silently on the others, once', async () => {
    await using desk = new Desk()
    await shown(desk, 1)
    desk.rows.unread.set('ann', 0)
    desk.pushes.read('ann', { conversation: 'c1', seq: 1, device: 'laptop' })
    await until('the phone is told', () => desk.service.received.length === 1)
    expect(desk.bodiesOf('ann-phone')).toEqual([{ kind: 'dismiss', conversation: 'c1', seq: 1, badge: 0 }])
    const { headers } = desk.service.received[0] ?? {}
    expect(headers?.get('urgency')).toBe('low')
    expect(Number(headers?.get('ttl'))).toBeLessThanOrEqual(3600)
    desk.pushes.read('ann', { conversation: 'c1', seq: 1, device: 'laptop' })
    await desk.settled()
    expect(desk.service.received).toHaveLength(1)
    expect(desk.rows.notes).toEqual([])
  })

  test('[M39] a notification of something newer than what was read stays', async () => {
    await using desk = new Desk()
    await shown(desk, 2)
    desk.pushes.read('ann', { conversation: 'c1', seq: 1, device: 'laptop' })
    await desk.settled()
    expect(desk.service.received).toEqual([])
  })

  test('[M39] what is read while its push is being sent is dismissed after it', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    const gate = Promise.withResolvers<void>()
    desk.service.answer = async () => {
      await gate.promise
      return new Response(null, { status: 201 })
    }
    desk.pushes.owe('ann', message(1))
    await until('it is being sent', () => desk.service.received.length === 1)
    desk.pushes.read('ann', { conversation: 'c1', seq: 1, device: 'laptop' })
    gate.resolve()
    await until('the dismissal follows', () => desk.service.received.length === 2)
    expect(desk.bodiesOf('ann-phone').map(body => body)).toEqual([
      expect.objectContaining({ kind: 'message' }),
      expect.objectContaining({ kind: 'dismiss' }),
    ])
  })

  test('[M18] a message that was deleted for everyone is taken back under the same topic', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    desk.pushes.owe('ann', message(1))
    await until('it is shown', () => desk.rows.notes.length === 1)
    desk.pushes.retract('ann', 'c1', 1)
    await until('it is taken back', () => desk.service.received.length === 2)
    const [pushed, taken] = desk.service.received
    expect(taken?.body).toEqual({ kind: 'retract', conversation: 'c1', seq: 1, badge: 0 })
    expect(taken?.headers.get('topic')).toBe(pushed?.headers.get('topic') ?? '')
    await until('nothing stands there any longer', () => desk.rows.notes.length === 0)
  })

  test('[M18] one among several says what is still to be shown, for the note may have replaced it on its way', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    for (const offset of [1, 2, 3]) desk.pushes.owe('ann', message(offset))
    await until('they are shown', () => desk.rows.notes.length === 1)
    desk.pushes.retract('ann', 'c1', 2)
    await until('one is taken back', () => desk.service.received.length === 2)
    expect(desk.bodiesOf('ann-phone')[1]).toEqual({ kind: 'retract', conversation: 'c1', seq: 2, latest: 3, badge: 0 })
  })

  test('[M18] one that was not pushed yet is never pushed', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    for (const offset of [1, 2]) desk.pushes.owe('ann', message(offset))
    desk.pushes.retract('ann', 'c1', 2)
    desk.pushes.owe('ann', message(3, 'c2'))
    desk.pushes.retract('ann', 'c2', 3)
    await desk.settled()
    expect(desk.bodiesOf('ann-phone')).toEqual([expect.objectContaining({ kind: 'message', seq: 1 })])
  })

  test('[M18] nobody is told of a deletion who was shown nothing', async () => {
    await using desk = new Desk()
    await shown(desk, 5)
    desk.pushes.retract('ann', 'c2', 1)
    desk.pushes.retract('ann', 'c1', 6)
    desk.pushes.retract('bob', 'c1', 5)
    await desk.settled()
    expect(desk.service.received).toEqual([])
  })
})
