import { expect, test } from 'bun:test'
import { SimClock } from '../../../sim/core/clock.ts'
import { MemoryBroker } from '../../broker/index.ts'
import { seededRandom } from '../../kit/index.ts'
import type { Publication } from '../../protocol/index.ts'
import { Hub } from '../channel/hub.ts'
import type { BrokerSink, HistoryPage } from '../contracts/broker.ts'
import { defineNamespace } from '../delivery/define.ts'
import { Namespaces } from '../delivery/namespace.ts'
import { Pacers } from '../delivery/state/pacer.ts'
import { defaultLimits } from '../limits.ts'
import type { FeedTarget } from './feed.ts'

class Target implements FeedTarget {
  readonly heard: string[] = []

  begin({ publications }: HistoryPage): void {
    this.heard.push(`kept ${publications.map(({ data }) => data)}`)
  }

  apply({ data }: Publication): void {
    this.heard.push(String(data))
  }

  replaceState(): void {}

  onGap(): void {
    this.heard.push('lost')
  }
}

/** A hub on a broker, whose deliveries can be lost. */
function start() {
  const clock = new SimClock()
  const random = seededRandom(1)
  const namespaces = new Namespaces([defineNamespace({ name: 'kept', historySize: 3, historyTtlMs: 600_000 })])
  let isLosing = false
  const sink: BrokerSink = {
    deliver: (channel, delivery) => (isLosing ? undefined : hub.deliver(channel, delivery)),
    control() {},
    mayHaveMissed: channel => hub.mayHaveMissed(channel),
    removed() {},
  }
  const broker = new MemoryBroker({ clock, random, namespaces, limits: defaultLimits }, sink)
  const pacers = new Pacers(clock)
  const hub: Hub = new Hub({ broker, clock, random, healMax: 100, pacers, lingerMs: 1000, failed() {} })
  const lose = (losing: boolean) => {
    isLosing = losing
  }
  return { hub, broker, lose }
}

test('[CD1] what a part of the node follows comes whole: what is kept first, then everything in order and once, a loss healed', async () => {
  const { hub, broker, lose } = start()
  for (const n of [1, 2]) await broker.publish('kept:1', n, {})
  const target = new Target()
  const following = hub.follow('kept:1', target)
  await following.opened
  await broker.publish('kept:1', 3, {})
  await broker.publish('kept:2', 'of another channel', {})
  lose(true)
  await broker.publish('kept:1', 4, {})
  lose(false)
  await broker.publish('kept:1', 5, {})
  await Bun.sleep(0)
  expect(target.heard).toEqual(['kept 1,2', '3', '4', '5'])
  lose(true)
  for (const n of [6, 7, 8, 9]) await broker.publish('kept:1', n, {})
  lose(false)
  hub.mayHaveMissed('kept:1')
  await Bun.sleep(0)
  expect(target.heard.at(-1)).toBe('lost')
})

test('[CD1] two follow one channel each for itself, and an end is an end', async () => {
  const { hub, broker } = start()
  const [one, two] = [new Target(), new Target()]
  const first = hub.follow('kept:1', one)
  const second = hub.follow('kept:1', two)
  await Promise.all([first.opened, second.opened])
  first.end()
  first.end()
  await broker.publish('kept:1', 1, {})
  expect([one.heard, two.heard]).toEqual([['kept '], ['kept ', '1']])
  hub.close()
  await broker.publish('kept:1', 2, {})
  expect(two.heard).toEqual(['kept ', '1'])
  await expect(hub.follow('unknown:1', one).opened).rejects.toThrow()
})

test('[CD1] one that is ended while it is opened, and could not be opened then, gives up its own subscription and nobody else’s', async () => {
  const { hub, broker } = start()
  let subscribed = 0
  const failing = Promise.withResolvers<never>()
  broker.subscribe = async () => void subscribed++
  broker.unsubscribe = async () => void subscribed--
  const first = hub.follow('kept:1', new Target())
  await first.opened
  const history = broker.history
  broker.history = () => failing.promise
  const second = hub.follow('kept:1', new Target())
  const namespace = defineNamespace({ name: 'kept' })
  const channel = hub.open('kept:1', namespace)
  await Bun.sleep(0)
  expect(subscribed).toBe(3)
  second.end()
  // Its rules have changed: the channel that is being opened is closed for another.
  broker.history = history
  await hub.open('kept:1', defineNamespace({ name: 'kept', historySize: 3, historyTtlMs: 1000 })).opened
  failing.reject(new Error('the broker is away'))
  await Promise.allSettled([second.opened, channel.opened])
  await Bun.sleep(0)
  expect(subscribed).toBe(2)
  first.end()
  expect(subscribed).toBe(1)
})
