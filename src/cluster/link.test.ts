import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { NotingPeer, PipeSocket } from '../../test/kit/fakes/link-pipe.ts'
import { CommandError, errors } from '../protocol/index.ts'
import { BrokenLink, backlogBytesMax, Link } from './link.ts'
import { protocol } from './protocol.ts'

function pair() {
  const clock = new SimClock()
  const [one, two] = PipeSocket.pair(clock)
  const lower = { peer: new NotingPeer(), socket: one }
  const upper = { peer: new NotingPeer(), socket: two }
  const child = new Link(clock, one, lower.peer)
  const parent = new Link(clock, two, upper.peer)
  one.received = text => child.received(text)
  two.received = text => parent.received(text)
  one.ended = () => child.closed()
  two.ended = () => parent.closed()
  return { clock, child, parent, lower, upper }
}

/** What a promise has come to by now. */
function outcomeOf(promise: Promise<unknown>): { value?: unknown; error?: unknown } {
  const outcome: { value?: unknown; error?: unknown } = {}
  promise.then(
    value => {
      outcome.value = value
    },
    error => {
      outcome.error = error
    },
  )
  return outcome
}

describe('a link', () => {
  test('[T2] carries questions and answers both ways, failures with their code', () => {
    const { clock, child, parent, lower, upper } = pair()
    upper.peer.answers = question => {
      if (question === 'publish') return Promise.resolve({ epoch: 'e', offset: 7 })
      if (question === 'presence') throw new CommandError(errors.notAvailable)
      throw new TypeError('nobody expected this')
    }
    lower.peer.answers = () => ({ channels: ['a'], rev: 1 })
    const published = outcomeOf(child.request(protocol.publish, { channel: 'c', data: 1, options: {} }))
    const refused = outcomeOf(child.request(protocol.presence, { channel: 'c' }))
    const failed = outcomeOf(child.request(protocol.redeem, { ticket: 't' }))
    const taken = outcomeOf(parent.request(protocol.takeWatch, { session: 's', user: 'u' }))
    clock.advance(1)
    expect(published.value).toEqual({ epoch: 'e', offset: 7 })
    expect(refused.error).toMatchObject({ code: 108 })
    expect(failed.error).toMatchObject({ code: 100, temporary: true })
    expect(upper.peer.failures).toEqual([expect.any(TypeError)])
    expect(taken.value).toEqual({ channels: ['a'], rev: 1 })
  })

  test('[T2] what a tick brings leaves in one frame, in order', () => {
    const { clock, child, lower, upper } = pair()
    for (const channel of ['a', 'b', 'c']) child.notify(protocol.unsubscribe, { channel })
    clock.advance(1)
    expect(lower.socket.sent).toHaveLength(1)
    expect(upper.peer.heard).toEqual(['a', 'b', 'c'].map(channel => ['unsubscribe', { channel }]))
  })

  test('[T2] an answer that is known at once comes before what happens later', () => {
    const { clock, child, parent, lower } = pair()
    const order: string[] = []
    lower.peer.notified = () => order.push('notice')
    child.request(protocol.removeHistory, { channel: 'c' }).then(() => order.push('answer'))
    clock.settle()
    parent.notify(protocol.removed, { channel: 'c' })
    clock.advance(1)
    expect(order).toEqual(['answer', 'notice'])
  })

  test('[T3] who waits for an answer is told when the link breaks, and when none comes in time', () => {
    const { clock, child, lower, upper } = pair()
    upper.peer.answers = () => new Promise(() => undefined)
    const late = outcomeOf(child.request(protocol.presence, { channel: 'c' }))
    clock.advance(9_999)
    expect(late).toEqual({})
    const broken = outcomeOf(child.request(protocol.presence, { channel: 'c' }))
    clock.advance(2)
    expect(late.error).toMatchObject({ code: 100, temporary: true })
    expect(late.error).not.toBeInstanceOf(BrokenLink)
    lower.socket.terminate()
    clock.advance(1)
    expect(broken.error).toBeInstanceOf(BrokenLink)
    expect(child.isClosed).toBe(true)
    const after = outcomeOf(child.request(protocol.presence, { channel: 'c' }))
    clock.advance(1)
    expect(after.error).toBeInstanceOf(BrokenLink)
  })

  test('[T4] an end that does not read is cut off at the bound, and the bytes are said', () => {
    const { clock, parent, upper, lower } = pair()
    upper.socket.isBlocked = true
    const notice = { channel: 'x'.repeat(1024 * 1024) }
    for (let sent = 0; sent < 31; sent++) parent.notify(protocol.mayHaveMissed, notice)
    clock.advance(1)
    expect(parent.isClosed).toBe(false)
    for (let sent = 0; sent < 2; sent++) parent.notify(protocol.mayHaveMissed, notice)
    clock.advance(1)
    expect(parent.isClosed).toBe(true)
    expect(upper.peer.backlog).toBeGreaterThan(backlogBytesMax)
    expect(lower.socket.isOpen).toBe(false)
  })

  test('[T5] silence is counted in beats and ended by anything that is heard', () => {
    const { clock, child, parent } = pair()
    expect([child.beat(), child.beat(), child.beat()]).toEqual([1, 2, 3])
    parent.notify(protocol.mayHaveMissed, { channel: 'c' })
    clock.advance(1)
    expect(child.beat()).toBe(1)
  })
})
