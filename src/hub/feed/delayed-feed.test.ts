import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SimClock } from '../../../sim/core/clock.ts'
import { MemoryBroker } from '../../broker/index.ts'
import { seededRandom } from '../../kit/index.ts'
import type { Position, Publication } from '../../protocol/index.ts'
import { Hub } from '../channel/hub.ts'
import type { BrokerSink, HistoryPage } from '../contracts/broker.ts'
import { defineNamespace } from '../delivery/define.ts'
import { Namespaces } from '../delivery/namespace.ts'
import { Pacers } from '../delivery/state/pacer.ts'
import { defaultLimits } from '../limits.ts'
import { DelayedFeed } from './delayed-feed.ts'
import type { FeedTarget } from './feed.ts'

const delayMs = 30_000
const lanes = ['urgent', 'stats', 'text']
const deliveries = ['stream', 'lanes', 'latest', 'conflated'] as const

/** What a delayed channel was told, and when. */
class Viewer implements FeedTarget {
  readonly heard: { readonly atMs: number; readonly data: unknown; readonly offset: number }[] = []
  began: HistoryPage | undefined
  lost = 0

  constructor(readonly clock: SimClock) {}

  begin(page: HistoryPage): void {
    this.began = page
  }

  apply({ data, offset }: Publication): void {
    this.heard.push({ atMs: this.clock.now(), data, offset })
  }

  replaceState(state: readonly Publication[]): void {
    for (const publication of state) this.apply(publication)
  }

  onGap(): void {
    this.lost++
  }

  get data() {
    return this.heard.map(({ data }) => data)
  }
}

function start(historySize = 100) {
  const clock = new SimClock()
  const random = seededRandom(1)
  const namespaces = new Namespaces(
    deliveries.map(delivery =>
      defineNamespace({
        name: delivery,
        historyTtlMs: 600_000,
        delayMaxMs: 60_000,
        ...(delivery === 'stream' || delivery === 'lanes' ? { delivery, historySize } : { delivery }),
      }),
    ),
  )
  let isLosing = false
  const sink: BrokerSink = {
    deliver: (channel, delivery) => (isLosing ? undefined : hub.deliver(channel, delivery)),
    control() {},
    mayHaveMissed: channel => hub.mayHaveMissed(channel),
    removed() {},
  }
  const broker = new MemoryBroker({ clock, random, namespaces, limits: defaultLimits }, sink)
  const hub: Hub = new Hub({ broker, clock, random, healMax: 1000, pacers: new Pacers(clock), lingerMs: 1000, failed() {} })
  /** Publishes without leaving the turn. */
  const say = (channel: string, data: number, options: { lane?: string; key?: string } = {}) => {
    broker.publish(channel, data, options)
    clock.settle()
  }
  const follow = (channel: string, ms = delayMs, heldMax = 1000) => {
    const viewer = new Viewer(clock)
    const namespace = namespaces.resolve(channel)
    if (namespace === undefined) throw new Error(channel)
    let broken = 0
    const feed = new DelayedFeed(
      channel,
      namespace,
      { broker, clock, delayMs: ms, heldMax, follow: target => hub.follow(channel, target), broken: () => broken++ },
      viewer,
    )
    feed.open().catch(() => undefined)
    clock.settle()
    return { viewer, feed, broken: () => broken }
  }
  const lose = (losing: boolean) => {
    isLosing = losing
  }
  const history = (feed: DelayedFeed, since?: Position, reverse = false, limit = -1) => {
    let page: HistoryPage | undefined
    void feed.history({ limit, reverse, ...(since === undefined ? {} : { since }) }).then(answer => {
      page = answer
    })
    clock.settle()
    if (page === undefined) throw new Error('no answer')
    return page
  }
  return { clock, hub, broker, say, follow, lose, history }
}

const offsets = ({ publications }: HistoryPage) => publications.map(({ offset }) => offset)

describe('a channel as it was', () => {
  test('[S12] whenever it is opened, it shows what had happened then, and each later thing exactly its delay after it happened', () => {
    const steps = fc.array(fc.tuple(fc.nat(20_000), fc.constantFrom(...lanes)), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(steps, fc.nat(40), fc.constantFrom(1000, 10_000, 60_000), (events, opening, ms) => {
        const { clock, say, follow } = start()
        const said: { readonly atMs: number; readonly data: number; readonly lane: string }[] = []
        let opened: ReturnType<typeof follow> | undefined
        let openedMs = 0
        const open = () => {
          opened = follow('lanes:1', ms)
          openedMs = clock.now()
        }
        for (const [index, [pauseMs, lane]] of events.entries()) {
          if (index === opening % events.length) open()
          clock.advance(pauseMs)
          say('lanes:1', index, lane === 'stats' ? { lane, key: String(index) } : { lane })
          said.push({ atMs: clock.now(), data: index, lane })
        }
        clock.advance(ms)
        const { viewer } = opened ?? follow('lanes:1', ms)
        // What one instant brought on several lanes has no order among them.
        const inLanes = (items: readonly { atMs: number; data: unknown }[]) =>
          lanes.map(lane => items.filter(({ data }) => said[Number(data)]?.lane === lane))
        const isPast = ({ atMs }: { atMs: number }) => atMs <= openedMs - ms
        expect(inLanes(viewer.heard.map(({ atMs, data }) => ({ atMs, data })))).toEqual(
          inLanes(said.filter(item => !isPast(item)).map(({ atMs, data }) => ({ atMs: atMs + ms, data }))),
        )
        const urgent = said.filter(item => isPast(item) && item.lane === 'urgent').length
        expect(viewer.began?.position.offset).toBe(urgent)
        const state = viewer.began?.state.map(({ data }) => data) ?? []
        const past = said.filter(item => isPast(item) && item.lane !== 'urgent').map(({ data }) => data)
        expect(new Set(state)).toEqual(new Set(past))
      }),
      { numRuns: 200 },
    )
  })

  test('[S12] its history ends where the delay has come to, in both directions, and says no more than that of its length', () => {
    const { clock, say, follow, history } = start()
    for (const n of [1, 2]) say('stream:1', n)
    clock.advance(delayMs)
    for (const n of [3, 4]) say('stream:1', n)
    const { feed } = follow('stream:1')
    const { epoch } = feed.position
    expect(history(feed)).toMatchObject({ position: { offset: 2 } })
    expect(offsets(history(feed))).toEqual([1, 2])
    expect(offsets(history(feed, undefined, true))).toEqual([2, 1])
    expect(offsets(history(feed, undefined, true, 1))).toEqual([2])
    expect(offsets(history(feed, { epoch, offset: 4 }, true, 10))).toEqual([2, 1])
    expect(history(feed, { epoch, offset: 1 })).toMatchObject({ complete: true, position: { offset: 2 } })
    clock.advance(delayMs)
    expect(offsets(history(feed, { epoch, offset: 1 }))).toEqual([2, 3, 4])
  })

  test('[S21] a position that is further on than the delay is complete and waits; one that nobody can have is not', () => {
    const { clock, say, follow, history } = start()
    say('stream:1', 1)
    clock.advance(delayMs)
    say('stream:1', 2)
    const { feed } = follow('stream:1')
    const { epoch } = feed.position
    const ahead = history(feed, { epoch, offset: 2 })
    expect([ahead.complete, ahead.position.offset, offsets(ahead)]).toEqual([true, 2, []])
    expect(history(feed, { epoch, offset: 3 }).complete).toBe(false)
    expect(history(feed, { epoch: 'other', offset: 1 })).toMatchObject({ complete: false, position: { offset: 1 } })
  })

  test.each(deliveries)('[S12] a value of a %s channel that was replaced within the delay is not shown before its time', delivery => {
    const { clock, say, follow } = start()
    const channel = `${delivery}:1`
    const options = delivery === 'lanes' ? { lane: 'stats', key: 'k' } : delivery === 'conflated' ? { key: 'k' } : {}
    say(channel, 1, options)
    clock.advance(delayMs)
    say(channel, 2, options)
    const { viewer, feed } = follow(channel)
    expect(JSON.stringify(viewer.began)).not.toContain('2')
    expect(feed.position.offset).toBeLessThan(2)
    clock.advance(delayMs - 1)
    expect(viewer.data).toEqual([])
    clock.advance(1)
    expect(viewer.data).toEqual([2])
  })

  test('[S12] what was lost on the way and healed is late by the delay as well, in its order', () => {
    const { clock, hub, say, follow, lose } = start()
    const { viewer } = follow('lanes:1')
    say('lanes:1', 1)
    lose(true)
    say('lanes:1', 2)
    say('lanes:1', 3, { lane: 'stats', key: 'k' })
    lose(false)
    say('lanes:1', 4)
    clock.advance(delayMs - 1)
    expect(viewer.data).toEqual([])
    clock.advance(1)
    expect(viewer.data).toEqual([1, 2, 4, 3])
    hub.close()
  })

  test('[S12] a clock that is set back makes nothing earlier and nothing much later', () => {
    const { say, follow, clock } = start()
    let backMs = 0
    const now = clock.now.bind(clock)
    clock.now = () => now() - backMs
    const { viewer } = follow('stream:1')
    say('stream:1', 1)
    clock.advance(10_000)
    backMs = 3_600_000
    say('stream:1', 2)
    clock.advance(delayMs - 1)
    expect(viewer.data).toEqual([])
    clock.advance(1)
    expect(viewer.data).toEqual([1, 2])
  })

  test('[S12] a history that broke off, and more than can be held back, make who follows it begin again', () => {
    const { say, follow, lose, hub, clock } = start(3)
    const one = follow('stream:1')
    lose(true)
    for (let n = 1; n <= 5; n++) say('stream:1', n)
    lose(false)
    hub.mayHaveMissed('stream:1')
    clock.settle()
    expect([one.broken(), one.viewer.heard]).toEqual([1, []])
    const full = follow('stream:2', delayMs, 10)
    for (let n = 1; n <= 11; n++) say('stream:2', n)
    expect([full.broken(), full.viewer.heard]).toEqual([1, []])
  })

  test('[S23] it is made once for all who are equally far behind, goes when nobody is left, and keeps the channel open upstream once', () => {
    const { clock, hub } = start()
    const namespace = defineNamespace({ name: 'stream' })
    const channels = Array.from({ length: 100 }, (_, index) => hub.open('stream:1', namespace, index % 2 === 0 ? 1000 : 2000))
    expect(new Set(channels).size).toBe(2)
    expect([hub.size, [...hub.channels()].length, hub.get('stream:1')]).toEqual([1, 2, undefined])
    for (const channel of channels) hub.released(channel)
    clock.advance(3000)
    expect([hub.size, [...hub.channels()].length]).toEqual([0, 0])
  })
})
