import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { MachineClock, SimClock } from '../../sim/core/clock.ts'
import { defaultLogLimits, LogBroker, type LogEntry, type LogLine, MemoryLog, type SharedLog } from '../../src/broker/index.ts'
import { type BrokerSink, defaultLimits, defineNamespace, Namespaces, silentLog } from '../../src/hub/index.ts'
import { type Json, seededRandom } from '../../src/kit/index.ts'
import { rounds } from '../kit/index.ts'

const namespaces = [
  defineNamespace({ name: 'quotes', delivery: 'conflated' }),
  defineNamespace({ name: 'newest', delivery: 'latest' }),
  defineNamespace({
    name: 'game',
    delivery: 'lanes',
    historySize: 5,
    historyTtlMs: 500,
    lanes: [
      { name: 'goals', keep: 'all' },
      { name: 'stats', intervalMs: 100 },
      { name: 'text', intervalMs: 100, keep: 'tail', max: 4 },
    ],
  }),
]
const channels = ['quotes:1', 'quotes:2', 'newest:1', 'newest:2', 'game:1', 'game:2']
const partitions = 2
const nobody: BrokerSink = { deliver() {}, control() {}, mayHaveMissed() {}, removed() {} }

interface Node {
  readonly broker: LogBroker
  readonly clock: MachineClock
}

/** Nodes of which some write the values of the channels into a log of states. */
class Stage {
  readonly clock = new SimClock()
  readonly channels = this.#log(partitions)
  readonly controls = this.#log(1)
  readonly states = this.#log(partitions)
  readonly nodes = new Map<string, Node>()
  /** By partition. For a moment two may take themselves for the owner. */
  readonly owners = [new Set(['n0']), new Set(['n1'])]
  readonly observer: LogBroker
  /** Ways of nodes to the states: what is on a slow one arrives when another may own them. */
  readonly lines = new Map<string, LogLine>()
  #count = 0

  constructor(readonly garble: (log: SharedLog) => SharedLog = log => log) {
    this.observer = this.#open('observer', this.clock, false)
    for (const id of ['n0', 'n1', 'n2']) this.start(id)
  }

  start(id: string): LogBroker {
    this.nodes.get(id)?.clock.kill()
    const clock = new MachineClock(this.clock)
    const broker = this.#open(id, clock, true)
    this.nodes.set(id, { broker, clock })
    this.clock.settle()
    return broker
  }

  publish(id: string, channel: string, data: Json, options: { readonly key?: string; readonly lane?: string }): void {
    this.nodes
      .get(id)
      ?.broker.publish(channel, data, options)
      .catch(() => undefined)
    this.clock.settle()
  }

  /** What each channel holds, as a node has it. */
  async stateOf(broker: LogBroker): Promise<Json> {
    this.clock.advance(200)
    const pages = channels.map(channel => broker.history(channel, { limit: 0 }))
    this.clock.settle()
    const all = await Promise.all(pages)
    return all.map(({ state }) => {
      const rows = state.map(({ key, lane, data }) => [lane ?? '', key ?? '', data] as const)
      const tail = rows.filter(([lane]) => lane === 'text')
      const keyed = rows.filter(([lane]) => lane !== 'text').map(row => JSON.stringify(row))
      return [keyed.sort(), tail.map(([, , data]) => data)]
    })
  }

  /** What nobody has to read again is dropped, as retention does it. */
  async drop(): Promise<void> {
    for (let number = 0; number < partitions; number++) {
      const marks = this.states.recordsAfter(number, 0, 100_000).filter(({ key }) => key === 'mark')
      const { offset } = JSON.parse(marks.at(-1)?.value ?? '{"offset":0}')
      if (this.owners[number]?.size === 1) this.channels.truncate(number, offset)
    }
  }

  #open(id: string, clock: SimClock | MachineClock, isNode: boolean): LogBroker {
    const logs = { channels: this.channels.line(clock), controls: this.controls.line(clock) }
    const line = this.states.line(clock)
    this.lines.set(id, line)
    const states = isNode ? { states: this.garble(line) } : {}
    const options = { clock, random: seededRandom(++this.#count), log: silentLog, namespaces: new Namespaces(namespaces) }
    const limits = { limits: defaultLimits, logLimits: { ...defaultLogLimits, readBackRecordsMax: 10 } }
    const ownsStates = (partition: number) => this.owners[partition]?.has(id) ?? false
    return new LogBroker({ ...options, ...limits, ownsStates, logs: { ...logs, ...states } }, nobody)
  }

  #log(count: number): MemoryLog {
    return new MemoryLog({ clock: this.clock, random: seededRandom(1), partitions: count })
  }
}

const node = fc.constantFrom('n0', 'n1', 'n2')
const publication = fc.record({
  what: fc.constant('publish' as const),
  node,
  channel: fc.constantFrom(...channels),
  key: fc.constantFrom('a', 'b', 'c'),
  lane: fc.constantFrom('goals', 'stats', 'text'),
  data: fc.oneof(
    { weight: 5, arbitrary: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.nat(9), { noNullPrototype: true }) },
    fc.constant(null),
  ),
})
const act = fc.oneof(
  { weight: 8, arbitrary: publication },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('wait' as const), ms: fc.nat({ max: 12_000 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('restart' as const), node }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('move' as const), node, partition: fc.nat({ max: 1 }), overlap: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('slow' as const), node, ms: fc.constantFrom(0, 20, 4000, 15_000) }) },
  { weight: 1, arbitrary: fc.constant({ what: 'drop' as const }) },
  { weight: 1, arbitrary: fc.constant({ what: 'compact' as const }) },
)
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

async function play(stage: Stage, acts: readonly Act[]): Promise<boolean> {
  for (const one of acts) {
    switch (one.what) {
      case 'publish': {
        const { channel, key, lane, data } = one
        stage.publish(one.node, channel, data, channel.startsWith('game:') ? { lane, key } : channel.startsWith('quotes:') ? { key } : {})
        break
      }
      case 'wait':
        stage.clock.advance(one.ms)
        break
      case 'restart':
        stage.start(one.node)
        break
      case 'move':
        if (!one.overlap) stage.owners[one.partition]?.clear()
        stage.owners[one.partition]?.add(one.node)
        break
      case 'slow': {
        const line = stage.lines.get(one.node)
        if (line !== undefined) line.delayMs = one.ms
        break
      }
      case 'drop':
        await stage.drop()
        break
      case 'compact':
        for (let number = 0; number < partitions; number++) stage.states.compact(number)
    }
    stage.clock.advance(20)
  }
  const fresh = stage.start('fresh')
  stage.clock.advance(1000)
  return Bun.deepEquals(await stage.stateOf(fresh), await stage.stateOf(stage.observer))
}

const acts = fc.array(act, { minLength: 10, maxLength: 80 })

describe('the values of channels in a log of states', () => {
  test('[LB18] a node that starts has the same values as one that has read everything, whoever writes them, and whatever the logs have dropped', async () => {
    let written = 0
    await fc.assert(
      fc.asyncProperty(acts, async given => {
        const stage = new Stage()
        expect(await play(stage, given)).toBe(true)
        written += stage.states.boundsNow(0).last
      }),
      { numRuns: rounds(150, 3000) },
    )
    expect(written).toBeGreaterThan(100)
  })

  test('[LB18] a state log that loses rows is caught', async () => {
    let count = 0
    const lossy = (log: SharedLog): SharedLog => ({
      partitions: log.partitions,
      append: (partition, entries: readonly LogEntry[]) =>
        log.append(
          partition,
          entries.filter(({ key }) => key === 'mark' || ++count % 3 !== 0),
        ),
      bounds: partition => log.bounds(partition),
      offsetAt: (...given) => log.offsetAt(...given),
      read: (...given) => log.read(...given),
      slice: (...given) => log.slice(...given),
      silentMs: () => log.silentMs(),
    })
    const caught = await fc.check(
      fc.asyncProperty(acts, given => play(new Stage(lossy), given)),
      { numRuns: 300, endOnFailure: true },
    )
    expect([caught.failed, String(caught.errorInstance)]).toEqual([true, 'Error: Property failed by returning false'])
  })

  test('[LB19] only what changed is written again, and a key that went is removed', async () => {
    const stage = new Stage()
    for (const key of ['a', 'b', 'c']) stage.publish('n2', 'quotes:1', { x: 1 }, { key })
    stage.clock.advance(25_000)
    const records = () => [0, 1].flatMap(number => stage.states.recordsAfter(number, 0, 1000)).filter(({ key }) => key !== 'mark')
    expect(records().map(({ key }) => JSON.parse(key))).toEqual(['a', 'b', 'c'].map(key => ['quotes:1', 0, key]))
    stage.publish('n2', 'quotes:1', { y: 2 }, { key: 'b' })
    stage.publish('n2', 'quotes:1', null, { key: 'c' })
    stage.clock.advance(25_000)
    const later = records().slice(3)
    expect(later.map(({ key, value }) => [JSON.parse(key)[2], JSON.parse(value)[0]?.data])).toEqual([
      ['b', { x: 1, y: 2 }],
      ['c', undefined],
    ])
    stage.clock.advance(700_000)
    const last = records().slice(5)
    expect(last.map(({ key, value, headers }) => [JSON.parse(key)[2], value, headers])).toEqual([['c', '', undefined]])
  })

  test('[LB19] a node that starts reads the log from the place that the values stand for', async () => {
    const stage = new Stage()
    for (let n = 0; n < 200; n++) {
      stage.publish('n2', 'quotes:1', { x: n }, { key: 'a' })
      stage.clock.advance(500)
    }
    await stage.drop()
    const fresh = stage.start('fresh')
    expect(await stage.stateOf(fresh)).toEqual(await stage.stateOf(stage.observer))
    expect(Math.max(...[0, 1].map(number => stage.channels.recordsAfter(number, 0, 1000).length))).toBeLessThan(30)
  })
})
