import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../../sim/core/clock.ts'
import { defaultLimits } from '../limits.ts'
import { type Holder, UnsentBytes } from './unsent-bytes.ts'

class Connection implements Holder {
  isClosed = false

  constructor(
    readonly unsent: UnsentBytes,
    public user: string,
    readonly address: string,
  ) {}

  holds(bytes: number): this {
    this.unsent.set(this, bytes)
    return this
  }

  overflow(): void {
    this.isClosed = true
    this.unsent.set(this, 0)
  }
}

function stage() {
  const clock = new SimClock()
  const unsent = new UnsentBytes(clock, { ...defaultLimits, unsentBytesMax: 1000, unsentBytesPerUserMax: 300 })
  const connect = (user: string, address = '10.0.0.1') => new Connection(unsent, user, address)
  return { clock, unsent, connect }
}

describe('bytes that wait for clients', () => {
  test('[B167] beyond what a user may have waiting, the connection that holds most is closed, and no other', () => {
    const { clock, unsent, connect } = stage()
    const [small, large, other] = [connect('alice').holds(100), connect('alice').holds(150), connect('bob').holds(290)]
    small.holds(120)
    clock.settle()
    expect([small, large, other].map(({ isClosed }) => isClosed)).toEqual([false, false, false])
    small.holds(160)
    // Not within the turn, in which a list of subscribers may be gone through.
    expect(small.isClosed).toBe(false)
    clock.settle()
    expect([small, large, other].map(({ isClosed }) => isClosed)).toEqual([true, false, false])
    expect(unsent.total).toBe(440)
  })

  test('[B167] beyond what the node may have waiting, whoever holds most in all loses the largest, not a single slow reader', () => {
    const { clock, unsent, connect } = stage()
    const slow = connect('slow').holds(250)
    const crowd = Array.from({ length: 8 }, (_, n) => connect('', '10.0.0.9').holds(100 + n))
    clock.settle()
    expect(slow.isClosed).toBe(false)
    expect(crowd.map(({ isClosed }) => isClosed)).toEqual([false, false, false, false, false, false, false, true])
    expect(unsent.total).toBeLessThanOrEqual(1000)
  })

  test('[B167] what has left is not counted, nor is who has gone', () => {
    const { clock, unsent, connect } = stage()
    const connections = Array.from({ length: 50 }, () => connect('alice').holds(200).holds(0))
    clock.settle()
    expect(connections.some(({ isClosed }) => isClosed)).toBe(false)
    expect(unsent.total).toBe(0)
  })

  test('[B251] what a connection holds when it says who it is counts for that user from then on, and for its address no more', () => {
    const { clock, unsent, connect } = stage()
    for (let count = 0; count < 10; count++) {
      const connection = connect('').holds(250)
      connection.user = 'alice'
      connection.holds(200)
      clock.settle()
      expect(connection.isClosed).toBe(false)
      connection.holds(0)
    }
    expect([unsent.total, unsent.hasRoomFor('alice')]).toEqual([0, true])
    // A stranger who left nothing behind is not the one to be relieved of something.
    const late = connect('')
    late.holds(150)
    late.user = 'bob'
    const crowd = Array.from({ length: 5 }, (_, n) => connect(`user${n}`).holds(200 + n))
    clock.settle()
    expect([late, ...crowd].map(({ isClosed }) => isClosed)).toEqual([false, false, false, false, false, true])
    expect(unsent.total).toBeLessThanOrEqual(1000)
    // Its bytes are bob's by now: they do not make room for more.
    late.holds(290)
    const second = connect('bob').holds(50)
    clock.settle()
    expect([late.isClosed, second.isClosed]).toEqual([true, false])
  })
})
