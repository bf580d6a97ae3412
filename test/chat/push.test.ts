import { describe, expect, test } from 'bun:test'
import { type Clock, systemClock } from '../../src/kit/index.ts'
import { type OwedMessage, type PushSender, pushLimits } from '../../src/services/chat/push/index.ts'
import { until } from '../kit/index.ts'
import { Desk, graceMs } from './push-desk.ts'
import { RowsInMemory } from './push-rows.ts'
import { PushService } from './push-service.ts'

/** A clock that a test moves, which runs what is due on its way. */
function steppedTime() {
  let now = 1_000_000
  const timers: { at: number; run: () => void }[] = []
  const clock: Clock = {
    ...systemClock,
    now: () => now,
    after: (ms: number, run: () => void) => {
      const timer = { at: now + ms, run }
      timers.push(timer)
      return { cancel: () => void timers.splice(timers.indexOf(timer) >>> 0, 1) }
    },
  }
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
  return { clock, goTo }
}

/** A sender that is done at once, and what it sent: device and place. */
function sendingAtOnce() {
  const sent: string[] = []
  const sender: PushSender = {
    takes: () => true,
    originOf: () => 'o',
    send: async ({ device }, { seq }) => {
      sent.push(`${device} ${seq}`)
      return { kind: 'delivered' }
    },
    close() {},
  }
  return { sender, sent }
}

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

  test('[M23] a device that acknowledged a message itself is not told of it; the others are', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone', 'laptop')
    desk.pushes.owe('ann', message(1))
    desk.pushes.owe('ann', message(2, 'c2'))
    desk.acknowledge('ann', 'laptop', 2)
    await until('the phone has both', () => desk.service.received.length === 2)
    await desk.settled()
    expect(desk.service.to('ann-laptop')).toEqual([])
    expect(desk.service.to('ann-phone')).toHaveLength(2)
    expect(desk.pushes.underWay).toBe(0)
  })

  test('[M23] the acknowledgement of an earlier message is none of a later one', async () => {
    await using desk = new Desk()
    desk.subscribe('ann', 'phone')
    desk.pushes.owe('ann', message(1))
    desk.pushes.owe('ann', message(2))
    desk.acknowledge('ann', 'phone', 1)
    await until('the second is pushed', () => desk.service.received.length === 1)
    expect(desk.bodiesOf('ann-phone')).toEqual([expect.objectContaining({ seq: 2 })])
  })

  test('[M23] what comes within the grace of another message is told by the same note, and to a device that lacks it alone later', async () => {
    const { clock, goTo } = steppedTime()
    const { sender, sent } = sendingAtOnce()
    await using desk = new Desk({ clock, senders: [sender], graceMs: 3000 })
    desk.subscribe('ann', 'phone', 'laptop')
    desk.pushes.owe('ann', message(1))
    await goTo(2000)
    desk.acknowledge('ann', 'laptop', 1)
    desk.pushes.owe('ann', message(2))
    await goTo(1500)
    expect(sent).toEqual(['phone 2'])
    await goTo(3000)
    expect(sent).toEqual(['phone 2', 'laptop 2'])
  })

  test('[M170] a device in use holds the others up, as long as it is in use, and half a minute at most', async () => {
    const { clock, goTo } = steppedTime()
    const { sender, sent } = sendingAtOnce()
    const inUse = new Set(['ann', 'bob'])
    await using desk = new Desk({ clock, senders: [sender], graceMs: 3000, isInUse: user => inUse.has(user) })
    for (const user of ['ann', 'bob', 'cat', 'dan']) desk.subscribe(user, `${user}'s phone`)
    for (const user of ['ann', 'bob', 'cat']) desk.pushes.owe(user, message(1))
    await goTo(4000)
    expect(sent).toEqual(["cat's phone 1"])
    inUse.delete('bob')
    await goTo(1500)
    expect(sent).toEqual(["cat's phone 1", "bob's phone 1"])
    await goTo(27_000)
    expect(sent).toEqual(["cat's phone 1", "bob's phone 1"])
    await goTo(2000)
    expect(sent).toEqual(["cat's phone 1", "bob's phone 1", "ann's phone 1"])
    inUse.add('dan')
    desk.pushes.owe('dan', message(7))
    await goTo(20_000)
    desk.pushes.read('dan', { conversation: 'c1', seq: 7 })
    await goTo(60_000)
    expect(sent).toHaveLength(3)
    expect(desk.pushes.underWay).toBe(0)
  })

  test('[M171] a note says who and what as it is when it is sent, also when it is tried again', async () => {
    await using desk = new Desk({ random: { next: () => 0.05, bytes: count => new Uint8Array(count) } })
    desk.subscribe('ann', 'phone')
    desk.rows.previews.set('ann c1 2', { from: 'bob', group: 'Hiking', text: 'befor', count: 2 })
    desk.service.answer = () => {
      desk.rows.previews.set('ann c1 2', { from: 'bob', group: 'Hiking in May', text: 'before', count: 2, mention: true })
      return new Response(null, { status: desk.service.received.length === 1 ? 500 : 201 })
    }
    desk.pushes.owe('ann', message(1))
    desk.pushes.owe('ann', message(2))
    await until('it was tried twice', () => desk.service.received.length === 2)
    const ids = { kind: 'message', conversation: 'c1', seq: 2, mid: 'm2', badge: 0 }
    expect(desk.bodiesOf('ann-phone')).toEqual([
      { ...ids, from: 'bob', group: 'Hiking', text: 'befor', count: 2 },
      { ...ids, from: 'bob', group: 'Hiking in May', text: 'before', count: 2, mention: true },
    ])
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
    // They are on their way at the same time.
    const bodies = desk.bodiesOf('ann-phone')
    expect(bodies).toHaveLength(2)
    expect(bodies).toContainEqual(expect.objectContaining({ seq: 100 }))
    expect(bodies).toContainEqual(expect.objectContaining({ conversation: 'c2' }))
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
    desk.acknowledge('ann', 'phone', 1200)
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
