import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SimClock } from '../../../sim/core/clock.ts'
import { Publication } from '../../protocol/index.ts'
import type { Bytes, Socket } from '../contracts/socket.ts'
import { Counters } from '../counters.ts'
import { LatestValue } from '../delivery/state/latest-value.ts'
import { ReadCursor } from '../delivery/state/state-store.ts'
import { defaultLimits } from '../limits.ts'
import { Frame, type FrameKind, replyFrame } from './frame.ts'
import { Outbox } from './outbox.ts'
import { Tick } from './tick.ts'
import { protobufWire, websocketWire } from './wire.ts'

const limits = { ...defaultLimits, outboxBytesMax: 1000, outboxHighWaterBytes: 200, outboxLowWaterBytes: 50, stalledMs: 5000 }

/** A session's outbox over a socket that passes on only what it is let. */
class Stage implements Socket {
  readonly clock = new SimClock()
  readonly counters = new Counters()
  readonly writes: string[] = []
  buffered = 0
  /** What it said last that it holds. */
  held = 0
  overflows = 0
  readonly outbox: Outbox

  constructor(wire = websocketWire()) {
    const { clock, counters } = this
    const owner = {
      cursor: () => undefined,
      holds: (bytes: number) => {
        this.held = bytes
      },
      overflow: () => {
        this.overflows++
        this.outbox.close()
      },
    }
    this.outbox = new Outbox(this, wire, { tick: new Tick(clock), limits, counters, now: () => clock.now() }, owner)
  }

  write(bytes: Bytes): boolean {
    this.writes.push(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1'))
    this.buffered += bytes.length
    return true
  }

  bufferedBytes(): number {
    return this.buffered
  }

  close(): void {}

  enqueue(text: string, kind: FrameKind = 'push'): void {
    this.outbox.enqueue(new Frame([text], kind, 1))
  }

  /** The peer reads. */
  drain(bytes = this.buffered): void {
    this.buffered = Math.max(0, this.buffered - bytes)
    this.outbox.drained()
    this.clock.settle()
  }

  /** Everything written so far, message by message. */
  get messages(): string[] {
    return this.writes.flatMap(write => write.split('\n')).map(line => (line.startsWith('{"push":') ? line.slice(8, -1) : line))
  }
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('push', 'reply', 'ephemeral') as fc.Arbitrary<FrameKind>, size: fc.nat(90) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('drain' as const), size: fc.nat(80) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const), size: fc.constant(0) }) },
  ),
  { maxLength: 80, size: 'max' },
)

describe('Outbox', () => {
  test('[B250] what has left the socket is not counted any more, though nothing else is sent', () => {
    const stage = new Stage()
    stage.enqueue('x'.repeat(600), 'reply')
    stage.clock.settle()
    const atFirst = stage.held
    stage.drain(300)
    expect([atFirst, stage.held]).toEqual([600, 300])
    stage.drain()
    expect(stage.held).toBe(0)
  })

  test('[U33] everything that a tick brings leaves in one write, in order', () => {
    const stage = new Stage()
    for (const text of ['1', '2', '3']) stage.enqueue(text)
    expect(stage.writes).toEqual([])
    stage.clock.settle()
    expect(stage.writes.length).toBe(1)
    expect(stage.messages).toEqual(['1', '2', '3'])
    expect(stage.counters.delivered).toBe(3)
  })

  test('[U33] however slow the peer is, what must arrive arrives in order and once, or the session ends; only ephemeral frames are dropped', () => {
    fc.assert(
      fc.property(steps, history => {
        const stage = new Stage()
        const due: string[] = []
        let replyBytes = 0
        const ephemeral = new Set<string>()
        for (const [index, { kind, size }] of history.entries()) {
          const text = `${index}:${'x'.repeat(size)}`
          if (kind === 'drain') stage.drain(size)
          else if (kind === 'settle') stage.clock.settle()
          else {
            stage.enqueue(text, kind)
            if (kind === 'ephemeral') ephemeral.add(text)
            else due.push(text)
          }
          if (kind === 'reply') replyBytes += text.length
          // Replies were asked for: what is asked for beyond a bound waits in the command queue.
          expect(stage.outbox.queuedBytes).toBeLessThanOrEqual(limits.outboxBytesMax + replyBytes)
        }
        for (let left = 200; left > 0; left--) stage.drain(300)
        const arrived = stage.messages.filter(text => !ephemeral.has(text))
        if (stage.overflows === 0) expect(arrived).toEqual(due)
        else expect(arrived).toEqual(due.slice(0, arrived.length))
        expect(stage.overflows).toBeLessThanOrEqual(1)
      }),
      { numRuns: 300 },
    )
  })

  test('[U33] a full socket is written to no more until it drains, and the bound is said once', () => {
    const stage = new Stage()
    stage.buffered = 500
    for (let count = 0; count < 50; count++) stage.enqueue('x'.repeat(100))
    stage.clock.settle()
    expect([stage.writes.length, stage.overflows]).toEqual([0, 1])
  })

  test('[U34] frames that may be lost go first, and the session goes on when they were all there was', () => {
    const stage = new Stage()
    stage.buffered = 500
    for (const text of ['a', 'b']) stage.enqueue(text, 'ephemeral')
    stage.clock.settle()
    stage.enqueue('c', 'ephemeral')
    expect(stage.counters.dropped).toBe(3)
    stage.drain()
    stage.enqueue('d', 'ephemeral')
    stage.enqueue('e')
    stage.clock.settle()
    expect(stage.messages).toEqual(['d', 'e'])
    stage.clock.advance(60_000)
    expect(stage.outbox.isStalled(stage.clock.now())).toBe(false)
  })

  test('[U34] a newest value is asked for only when there is room, so that who was slow gets that one and none before', () => {
    const stage = new Stage()
    const store = new LatestValue('score:1', undefined)
    const cursor = new ReadCursor(store, stage.outbox, 0)
    stage.buffered = 500
    for (const offset of [1, 2, 3]) {
      store.take(new Publication({ data: offset, offset }))
      cursor.markDirty()
      stage.clock.settle()
    }
    stage.drain()
    expect(stage.messages.map(message => JSON.parse(message).pub.data)).toEqual([3])
  })

  test('[U34] urgent frames go out while a cursor waits for the socket to be nearly empty, and before it', () => {
    const stage = new Stage()
    const store = new LatestValue('score:1', undefined)
    const cursor = new ReadCursor(store, stage.outbox, 0)
    stage.buffered = 100
    store.take(new Publication({ data: 'old', offset: 1 }))
    cursor.markDirty()
    stage.enqueue('"goal"')
    stage.clock.settle()
    expect(stage.messages).toEqual(['"goal"'])
    store.take(new Publication({ data: 'new', offset: 2 }))
    stage.drain()
    expect(stage.messages.length).toBe(2)
    expect(stage.messages[1]).toContain('new')
  })

  test('[U35] who has something to be sent and takes nothing is stalled after a while, who has nothing is not', () => {
    const stage = new Stage()
    stage.buffered = 500
    stage.clock.advance(60_000)
    expect(stage.outbox.isStalled(stage.clock.now())).toBe(false)
    stage.enqueue('x')
    stage.clock.advance(5000)
    expect(stage.outbox.isStalled(stage.clock.now())).toBe(false)
    stage.clock.advance(1)
    expect(stage.outbox.isStalled(stage.clock.now())).toBe(true)
  })

  test('[U35] nothing is written after the end', () => {
    const stage = new Stage()
    const store = new LatestValue('score:1', undefined)
    stage.enqueue('before')
    stage.outbox.close()
    stage.enqueue('after')
    store.take(new Publication({ data: 1, offset: 1 }))
    new ReadCursor(store, stage.outbox, 0).markDirty()
    stage.clock.settle()
    stage.drain()
    expect(stage.writes).toEqual([])
  })

  test.each([
    ['JSON', websocketWire(), 'json'],
    ['Protobuf', protobufWire(), 'protobuf'],
  ] as const)('[U69] in %s an answer is what it was when it was given, and is made in that form alone', (_name, wire, form) => {
    const stage = new Stage(wire)
    stage.buffered = 1000
    let state = 'as it was'
    const made: string[] = []
    const answer = {
      get json() {
        made.push('json')
        return JSON.stringify({ id: 1, rpc: { data: state } })
      },
      get protobuf() {
        made.push('protobuf')
        return Buffer.from(state)
      },
    }
    stage.outbox.enqueue(replyFrame(answer))
    state = 'as it became'
    stage.clock.settle()
    expect(stage.writes).toEqual([])
    stage.drain()
    expect(stage.writes).toEqual([expect.stringContaining('as it was')])
    expect(made).toEqual([form])
  })
})
