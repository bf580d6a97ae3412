import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { FakeParents, NotingPeer } from '../../test/kit/fakes/link-pipe.ts'
import { type Log, silentLog } from '../hub/index.ts'
import { seededRandom } from '../kit/index.ts'
import { CommandError } from '../protocol/index.ts'
import { type Hello, type HelloReply, protocol, refusals } from './protocol.ts'
import { patienceMs, Uplink, type UplinkEvents } from './uplink.ts'

class Events extends NotingPeer implements UplinkEvents {
  readonly ups: HelloReply[] = []
  losses = 0

  hello(): Hello {
    return { node: 'me', version: 1 }
  }

  up(reply: HelloReply): void {
    this.ups.push(reply)
  }

  lost(): void {
    this.losses++
  }
}

function replyOf(node: string, path: string[] = [node]): HelloReply {
  return {
    welcome: { node, path, namespaces: [], authorized: [], historyElsewhere: [], hasConnectHandlers: false, listens: false },
    missed: [],
  }
}

type Answers = (upstream: string, name: string, input: unknown) => unknown

function start(upstreams: string[], states: Record<string, 'away' | 'deaf' | { code: number; reason: string }> = {}, answers?: Answers) {
  const clock = new SimClock()
  const parents = new FakeParents(clock, (upstream, question, args) =>
    question === 'hello' ? replyOf(upstream) : answers?.(upstream, question, args),
  )
  for (const [upstream, state] of Object.entries(states)) parents.state.set(upstream, state)
  const events = new Events()
  const uplink = new Uplink(
    { clock, random: seededRandom(1), log: silentLog, node: 'me', upstreams, secret: 's', connect: parents.connect },
    events,
  )
  return { clock, parents, events, uplink }
}

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

describe('an uplink', () => {
  test('[T6] takes the first parent that is there, in the order given', () => {
    const { clock, parents, events, uplink } = start(['a', 'b', 'c'], { a: 'away' })
    clock.advance(500)
    expect(parents.attempts.map(([upstream]) => upstream)).toEqual(['a', 'b'])
    expect(uplink.isUp).toBe(true)
    expect(uplink.upstream).toBe('b')
    expect(events.ups.map(({ welcome }) => welcome.node)).toEqual(['b'])
  })

  test('[T6] when its parent dies the next one is tried at once, and it stays there when the first is back', () => {
    const { clock, parents, uplink } = start(['a', 'b'])
    clock.advance(100)
    expect(uplink.upstream).toBe('a')
    parents.state.set('a', 'away')
    parents.cut('a')
    clock.advance(150)
    expect(uplink.isUp).toBe(true)
    expect(uplink.upstream).toBe('b')
    parents.state.set('a', 'there')
    for (let s = 0; s < 60; s++) {
      uplink.request(protocol.report, { nodes: [] })
      clock.advance(1000)
    }
    expect(parents.attempts).toHaveLength(2)
  })

  test('[T6] only after a whole round is there a pause, which grows to three seconds at most', () => {
    const { clock, parents } = start(['a', 'b'], { a: 'away', b: 'away' })
    clock.advance(60_000)
    const at = parents.attempts.map(([, ms]) => ms)
    const within = at.slice(1).filter((_, index) => index % 2 === 0)
    const pairs = at.filter((_, index) => index % 2 === 0)
    for (const [round, ms] of within.entries()) expect(ms - (pairs[round] ?? 0)).toBeLessThanOrEqual(110)
    const pauses = pairs.slice(1).map((ms, round) => ms - (pairs[round] ?? 0))
    expect(Math.max(...pauses)).toBeLessThan(3300)
    expect(pairs.length).toBeGreaterThan(20)
    expect(pairs.length).toBeLessThan(200)
  })

  test('[T7] a parent that refuses the secret is asked again slowly', () => {
    const { clock, parents, uplink } = start(['a'], { a: refusals.wrongSecret })
    clock.advance(60_000)
    expect(uplink.isUp).toBe(false)
    expect(parents.attempts.length).toBeGreaterThan(2)
    expect(parents.attempts.length).toBeLessThan(10)
    parents.state.set('a', 'there')
    clock.advance(25_000)
    expect(uplink.isUp).toBe(true)
  })

  test('[T5] a parent that does not answer any more, though the connection stands, is left within six seconds', () => {
    const { clock, parents, uplink } = start(['a', 'b'])
    clock.advance(100)
    parents.state.set('a', 'deaf')
    clock.advance(4000)
    expect(uplink.upstream).toBe('a')
    clock.advance(2500)
    expect(uplink.isUp).toBe(true)
    expect(uplink.upstream).toBe('b')
  })

  test('[T5] a parent that never answers hello is left as well', () => {
    const { clock, uplink } = start(['a', 'b'], { a: 'deaf' })
    clock.advance(5200)
    expect(uplink.upstream).toBe('b')
    expect(uplink.isUp).toBe(true)
  })

  test('[N34] a parent of another release is asked again slowly, and what it says is logged', () => {
    const clock = new SimClock()
    let isOther = true
    const parents = new FakeParents(clock, upstream => {
      if (isOther) throw new CommandError({ code: refusals.otherVersion.code, message: 'another release: run the same on both' })
      return replyOf(upstream)
    })
    const errors: object[] = []
    const log: Log = { ...silentLog, error: fields => errors.push(fields) }
    const options = { clock, random: seededRandom(1), log, node: 'me', upstreams: ['a'], secret: 's', connect: parents.connect }
    const uplink = new Uplink(options, new Events())
    clock.advance(60_000)
    expect(parents.attempts.length).toBeGreaterThan(2)
    expect(parents.attempts.length).toBeLessThan(10)
    expect(errors[0]).toMatchObject({ upstream: 'a', code: 4426, reason: 'another release: run the same on both' })
    isOther = false
    clock.advance(25_000)
    expect(uplink.isUp).toBe(true)
  })

  test('[T8] a parent that hangs below this very node is no parent', () => {
    const clock = new SimClock()
    const parents = new FakeParents(clock, upstream => replyOf(upstream, upstream === 'a' ? ['a', 'x', 'me', 'root'] : ['b', 'root']))
    const events = new Events()
    const uplink = new Uplink(
      { clock, random: seededRandom(1), log: silentLog, node: 'me', upstreams: ['a', 'b'], secret: 's', connect: parents.connect },
      events,
    )
    clock.advance(200)
    expect(uplink.upstream).toBe('b')
    expect(events.ups.map(({ welcome }) => welcome.node)).toEqual(['b'])
  })

  test('[T9] questions wait for a link that is being made anew, and those that may be repeated survive one that breaks', () => {
    const hanging = new Set(['a'])
    const { clock, parents, uplink } = start(['a', 'b'], {}, (upstream, question) => {
      if (hanging.has(upstream)) return new Promise(() => undefined)
      return question === 'presence' ? [] : { epoch: 'e', offset: 1 }
    })
    clock.advance(100)
    const read = outcomeOf(uplink.request(protocol.presence, { channel: 'c' }))
    const written = outcomeOf(uplink.request(protocol.publish, { channel: 'c', data: 1, options: {} }))
    clock.advance(10)
    parents.cut('a')
    const later = outcomeOf(uplink.request(protocol.publish, { channel: 'c', data: 2, options: {} }))
    clock.advance(200)
    expect(read.value).toEqual([])
    // Whether the first parent has published it is not known, so it is not said again.
    expect(written.error).toMatchObject({ code: 100, temporary: true })
    expect(later.value).toEqual({ epoch: 'e', offset: 1 })
  })

  test('[T10] without any parent questions fail after five seconds, later ones at once, and it goes on trying', () => {
    const { clock, parents, events, uplink } = start(['a'])
    clock.advance(100)
    parents.state.set('a', 'away')
    parents.cut('a')
    const waiting = outcomeOf(uplink.request(protocol.presence, { channel: 'c' }))
    clock.advance(patienceMs - 10)
    expect([waiting, uplink.isLost, events.losses]).toEqual([{}, false, 0])
    clock.advance(20)
    expect(waiting.error).toMatchObject({ code: 100, temporary: true })
    expect([uplink.isLost, events.losses]).toEqual([true, 1])
    const atOnce = outcomeOf(uplink.request(protocol.presence, { channel: 'c' }))
    clock.settle()
    expect(atOnce.error).toMatchObject({ code: 100 })
    parents.state.set('a', 'there')
    clock.advance(4000)
    expect([uplink.isUp, uplink.isLost, events.losses]).toEqual([true, false, 1])
  })

  test('[T10] closed, it tries no more and fails what waits', () => {
    const { clock, parents, uplink } = start(['a'], { a: 'away' })
    const waiting = outcomeOf(uplink.request(protocol.presence, { channel: 'c' }))
    uplink.close()
    clock.advance(60_000)
    expect(waiting.error).toMatchObject({ code: 100 })
    expect(parents.attempts).toHaveLength(1)
  })
})
