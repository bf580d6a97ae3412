import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { defaultLogLimits, type LogEntry, partitionOf } from '../../src/broker/index.ts'
import { defineNamespace } from '../../src/hub/index.ts'
import type { Position } from '../../src/protocol/index.ts'
import { LogCluster, type LogNode } from '../contract/over-a-log.ts'

const ttlMs = 600_000
const namespaces = [
  defineNamespace({ name: 'log', historySize: 2000, historyTtlMs: ttlMs }),
  defineNamespace({ name: 'plain' }),
  defineNamespace({ name: 'game', delivery: 'ephemeral' }),
]
const partitions = 2

class Stage {
  readonly clock = new SimClock()
  readonly cluster: LogCluster

  constructor(limits = defaultLogLimits) {
    this.cluster = new LogCluster(this.clock, partitions, namespaces, limits)
  }

  node(id: string): LogNode {
    const node = this.cluster.node(id)
    this.clock.settle()
    return node
  }

  async done<T>(work: Promise<T>): Promise<T> {
    this.clock.advance(100)
    return await work
  }

  publish(node: LogNode, channel: string, data: number, options = {}): Promise<Position> {
    return this.done(node.broker.publish(channel, data, options))
  }

  /** As another system does it, which knows the topic and nothing else. */
  write(entry: LogEntry, partition = partitionOf(entry.key, partitions)): void {
    this.cluster.logs.channels.appendNow(partition, [entry])
    this.clock.settle()
  }

  async recover(node: LogNode, channel: string, since: Position) {
    const { complete, publications } = await this.done(node.broker.history(channel, { since, limit: -1 }))
    return [complete, publications.map(({ data }) => data)]
  }
}

/** A channel of the same partition. */
function besides(channel: string): string {
  for (let n = 0; ; n++) {
    const other = `log:other-${n}`
    if (other !== channel && partitionOf(other, partitions) === partitionOf(channel, partitions)) return other
  }
}

describe('records of a log', () => {
  test('[LB7] what another system writes is published on every node, with a place like any other', async () => {
    const stage = new Stage()
    const [one, other] = [stage.node('one'), stage.node('other')]
    const before = await stage.publish(one, 'log:1', 1)
    stage.write({ key: 'log:1', value: '{"price": 12.50}' })
    stage.write({ key: 'log:1', value: '"third"', headers: { tags: '{"side":"buy"}', key: 'k', 'content-type': 'application/json' } })
    const after = await stage.publish(other, 'log:1', 4)
    for (const node of [one, other]) {
      expect(node.heard.data('log:1')).toEqual([1, { price: 12.5 }, 'third', 4])
      expect(await stage.recover(node, 'log:1', before)).toEqual([true, [{ price: 12.5 }, 'third', 4]])
      expect(node.heard.publications('log:1')[2]).toMatchObject({ tags: { side: 'buy' }, key: 'k' })
    }
    expect(after.offset).toBeGreaterThan(before.offset)
  })

  test('[LB8] what cannot be read is passed over, counted and named in the log, at most once a minute for each reason, and stops nothing', async () => {
    const stage = new Stage()
    const node = stage.node('one')
    for (let n = 0; n < 20; n++) stage.write({ key: 'log:1', value: 'hello' })
    stage.write({ key: 'log:1', value: JSON.stringify('x'.repeat(600_000)) })
    stage.write({ key: 'nowhere:1', value: '1' })
    stage.write({ key: '', value: '1' })
    stage.write({ key: 'log:1', value: '1', headers: { tags: 'none' } })
    stage.write({ key: 'log:1', value: '1' }, 1 - partitionOf('log:1', partitions))
    await stage.publish(node, 'log:1', 2)
    expect(node.heard.data('log:1')).toEqual([2])
    expect(node.broker.skipped.counts).toEqual({
      'not JSON': 20,
      'too large': 1,
      'unknown channel': 2,
      'ill-formed': 1,
      'of another partition': 1,
    })
    expect(node.warnings).toHaveLength(5)
    expect(node.warnings[0]).toMatchObject({ reason: 'not JSON', key: 'log:1', offset: 1, suppressed: 0 })
    stage.clock.advance(60_000)
    stage.write({ key: 'log:1', value: 'hello' })
    expect(node.warnings[5]).toMatchObject({ reason: 'not JSON', suppressed: 19 })
  })

  test('[LB8] who publishes what is passed over is told why', async () => {
    const stage = new Stage()
    const node = stage.node('one')
    const publishing = node.broker.publish('plain:1', 'x'.repeat(600_000), {})
    stage.clock.advance(100)
    await expect(publishing).rejects.toMatchObject({ code: 106 })
  })

  test('[LB9] a record that is appended twice counts once, also long after, and so does one that comes when its publisher was told that it failed', async () => {
    const stage = new Stage()
    const [one, other] = [stage.node('one'), stage.node('other')]
    const { channels } = stage.cluster.logs
    const number = partitionOf('log:1', partitions)
    for (const data of [1, 2, 3]) await stage.publish(one, 'log:1', data)
    const [first, second] = channels.recordsAfter(number, 0, 2)
    if (first === undefined || second === undefined) throw new Error('nothing was appended')
    stage.clock.advance(3 * 60_000)
    for (const { key, value, headers = {} } of [second, first]) channels.appendNow(number, [{ key, value, headers }])
    await stage.publish(one, 'log:1', 4)
    for (const node of [one, other]) expect(node.heard.data('log:1')).toEqual([1, 2, 3, 4])
  })

  test('[LB12] a node begins with what histories still need: what is older is not read, and nothing old is delivered', async () => {
    const stage = new Stage()
    const one = stage.node('one')
    const places: Position[] = []
    for (let n = 0; n < 30; n++) {
      places.push(await stage.publish(one, 'log:1', n))
      await stage.publish(one, 'game:1', n)
      stage.clock.advance(60_000)
    }
    const late = stage.node('late')
    stage.clock.advance(100)
    await late.broker.ready
    expect([late.heard.data('log:1'), late.heard.data('game:1')]).toEqual([[], []])
    const page = await stage.done(late.broker.history('log:1', { limit: -1 }))
    expect(page.publications.map(({ data }) => data)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29])
    for (const place of places.slice(-10))
      expect(await stage.recover(late, 'log:1', place)).toEqual(await stage.recover(one, 'log:1', place))
    await stage.publish(one, 'log:1', 30)
    expect(late.heard.data('log:1')).toEqual([30])
  })

  test('[LB12] a node begins later where there is too much to read, and reads back what somebody asks for', async () => {
    const stage = new Stage({ ...defaultLogLimits, startRecordsMax: 20, readBackRecordsMax: 40 })
    const one = stage.node('one')
    const places: Position[] = []
    for (let n = 0; n < 100; n++) places.push(await stage.publish(one, 'log:1', n))
    const late = stage.node('late')
    stage.clock.advance(100)
    const since = (n: number) => places[n] ?? { epoch: '', offset: 0 }
    const rest = (n: number) => Array.from({ length: 99 - n }, (_, index) => n + 1 + index)
    expect(await stage.recover(late, 'log:1', since(95))).toEqual([true, rest(95)])
    expect(late.broker.readBacks).toEqual({ passes: 0, found: 0 })
    expect(await stage.recover(late, 'log:1', since(60))).toEqual([true, rest(60)])
    expect(late.broker.readBacks).toEqual({ passes: 1, found: 1 })
    expect(await stage.recover(late, 'log:1', since(20))).toEqual([false, rest(89)])
    expect(await stage.recover(one, 'log:1', since(20))).toEqual([true, rest(20)])
  })

  test('[LB13] a herd that comes back to quiet channels of a node that has just begun costs a few passes over the log', async () => {
    const stage = new Stage({ ...defaultLogLimits, startRecordsMax: 4 })
    const one = stage.node('one')
    const quiet = Array.from({ length: 200 }, (_, n) => `log:quiet-${n}`)
    const places = new Map<string, Position>()
    for (const channel of quiet) places.set(channel, await stage.publish(one, channel, 1))
    for (let n = 0; n < 50; n++) await stage.publish(one, besides('log:1'), n)
    const late = stage.node('late')
    stage.clock.advance(100)
    const pages = [...places].flatMap(([channel, since]) => [1, 2, 3].map(() => late.broker.history(channel, { since, limit: -1 })))
    stage.clock.advance(1000)
    for (const page of pages) expect((await page).complete).toBe(true)
    expect(late.broker.readBacks.passes).toBeLessThanOrEqual(2 * partitions)
    const { passes } = late.broker.readBacks
    for (const [channel, since] of places) expect(await stage.recover(late, channel, since)).toEqual([true, []])
    expect(late.broker.readBacks.passes).toBe(passes)
  })

  test('[LB14] a publication that is published again with its key counts once, also for a node that began in between', async () => {
    const stage = new Stage({ ...defaultLogLimits, startRecordsMax: 4 })
    const one = stage.node('one')
    const first = await stage.publish(one, 'log:1', 1, { idempotencyKey: 'order-1' })
    for (let n = 0; n < 10; n++) await stage.publish(one, besides('log:1'), n)
    const late = stage.node('late')
    stage.clock.advance(100)
    expect(await stage.publish(late, 'log:1', 1, { idempotencyKey: 'order-1' })).toEqual(first)
    expect([one.heard.data('log:1'), late.heard.data('log:1')]).toEqual([[1], []])
    stage.clock.advance(5 * 60_000)
    const again = await stage.publish(late, 'log:1', 1, { idempotencyKey: 'order-1' })
    expect(again.offset).toBeGreaterThan(first.offset)
  })

  test('[LB74] a key counts for a node that begins with much behind it, as long as it began within a bound of records', async () => {
    const stage = new Stage({ ...defaultLogLimits, startRecordsMax: 4, readBackRecordsMax: 10, repeatedRecordsMax: 100 })
    const one = stage.node('one')
    const fill = () => {
      for (let n = 0; n < 80; n++) stage.write({ key: besides('log:1'), value: '1' })
    }
    const first = await stage.publish(one, 'log:1', 1, { idempotencyKey: 'order-1' })
    fill()
    const late = stage.node('late')
    stage.clock.advance(100)
    expect(await stage.publish(one, 'log:1', 1, { idempotencyKey: 'order-1' })).toEqual(first)
    expect([one.heard.data('log:1'), late.heard.data('log:1')]).toEqual([[1], []])
    fill()
    fill()
    const later = stage.node('later')
    stage.clock.advance(100)
    expect(await stage.publish(one, 'log:1', 1, { idempotencyKey: 'order-1' })).toEqual(first)
    expect([one.heard.data('log:1'), late.heard.data('log:1'), later.heard.data('log:1')]).toEqual([[1], [], [1]])
  })
})
