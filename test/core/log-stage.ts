import fc from 'fast-check'
import { SimClock } from '../../sim/core/clock.ts'
import { defaultLogLimits, partitionOf, type SharedLog } from '../../src/broker/index.ts'
import { defineNamespace } from '../../src/hub/index.ts'
import type { Position, Publication } from '../../src/protocol/index.ts'
import { LogCluster, LogNode } from '../contract/over-a-log.ts'

export const channels = ['log:1', 'log:2', 'short:1']
/** Quiet channels are forgotten within a minute. */
const kept = { historyTtlMs: 30_000, historyMetaTtlMs: 60_000 }
const namespaces = [
  defineNamespace({ name: 'log', historySize: 20, ...kept }),
  defineNamespace({ name: 'short', historySize: 2, ...kept }),
  defineNamespace({ name: 'room', presence: true, joinLeave: true }),
]

/** So little that nodes begin late, drop what histories still need, and read back. */
export const tightLimits = {
  ...defaultLogLimits,
  tailBytesMax: 2_000,
  tailSegmentBytes: 400,
  startRecordsMax: 30,
  readBackRecordsMax: 25,
  repeatedRecordsMax: 25,
  readBackSlice: { records: 6, bytes: 1_000 },
}

/** A cluster over a log, and one node that is never in trouble: what it heard is what there is. */
export class LogStage {
  readonly clock = new SimClock()
  readonly cluster: LogCluster
  readonly observer: LogNode
  readonly nodes: LogNode[]
  /** How much of each channel there was when a node had read all that there was. */
  readonly readyAt = new Map<LogNode, ReadonlyMap<string, number>>()
  readonly positions: { readonly channel: string; readonly position: Position }[] = []
  /** Pages that called themselves complete and were not. */
  readonly wrong: unknown[] = []
  #starts = 0
  #published = 0

  constructor(count = 3, limits = defaultLogLimits, garble?: (line: SharedLog) => SharedLog) {
    this.cluster = new LogCluster(this.clock, 2, namespaces, limits, garble)
    this.observer = new LogNode('observer', new LogCluster(this.clock, 2, namespaces, defaultLogLimits, undefined, this.cluster.logs))
    this.nodes = Array.from({ length: count }, () => this.#start())
    this.clock.settle()
  }

  node(index: number): LogNode {
    const node = this.nodes[index % this.nodes.length]
    if (node === undefined) throw new Error('no nodes')
    return node
  }

  publish(index: number, channel: string): void {
    this.node(index)
      .broker.publish(channel, ++this.#published, {})
      .then(
        position => this.positions.push({ channel, position }),
        () => undefined,
      )
  }

  restart(index: number): void {
    this.node(index).clock.kill()
    this.nodes[index % this.nodes.length] = this.#start()
  }

  truth(channel: string): Publication[] {
    return this.observer.heard.publications(channel)
  }

  mendAll(): void {
    for (const node of this.nodes) {
      node.mend()
      for (const line of Object.values(node.lines)) line.lagMs = 0
    }
    this.clock.advance(10_000)
  }

  #start(): LogNode {
    const node = this.cluster.node(`node-${++this.#starts}`)
    void node.broker.ready.then(() => this.readyAt.set(node, new Map(channels.map(channel => [channel, this.truth(channel).length]))))
    return node
  }
}

export const act = fc.record({
  what: fc.constantFrom(
    'publish',
    'publish',
    'publish',
    'cut',
    'mend',
    'lag',
    'restart',
    'truncate',
    'quiet',
    'recover',
    'recover',
    'remove',
  ),
  who: fc.nat({ max: 20 }),
  channel: fc.constantFrom(...channels),
  ms: fc.integer({ min: 0, max: 4000 }),
  pick: fc.nat(),
})

export type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

export function play(stage: LogStage, { what, who, channel, ms, pick }: Act): void {
  const node = stage.node(who)
  if (what === 'publish') stage.publish(who, channel)
  if (what === 'cut') node.cut()
  if (what === 'mend') node.mend()
  if (what === 'lag') node.lines.channels.lagMs = ms
  if (what === 'restart') stage.restart(who)
  if (what === 'truncate') truncate(stage, pick)
  if (what === 'quiet') stage.clock.advance(ms * 30)
  if (what === 'remove') void node.broker.removeHistory(channel).catch(() => undefined)
  if (what === 'recover') recover(stage, node, pick)
  stage.clock.advance(ms % 50)
}

function truncate({ cluster: { logs } }: LogStage, pick: number): void {
  const partition = pick % logs.channels.partitions
  const { first, last } = logs.channels.boundsNow(partition)
  logs.channels.truncate(partition, first + (pick % Math.max(1, last - first + 2)) - 1)
}

/** Asks a node for what came after a position that any node gave out, or nearly. Whatever it calls complete must be all of it. */
export function recover(stage: LogStage, node: LogNode, pick: number): void {
  const known = stage.positions[pick % Math.max(1, stage.positions.length)]
  if (known === undefined) return
  const { channel, position } = known
  const since = { ...position, offset: Math.max(0, position.offset + (pick % 5) - 2) }
  node.broker.history(channel, { since, limit: -1 }).then(
    page => {
      stage.positions.push({ channel, position: page.position })
      if (!page.complete) return
      const missed = stage.truth(channel).filter(({ offset }) => offset > since.offset && offset <= page.position.offset)
      const isWhole = Bun.deepEquals(page.publications.map(fieldsOf), missed.map(fieldsOf))
      const follows = page.publications.every(({ after }, index) => after <= (page.publications[index - 1]?.offset ?? since.offset))
      const { logs } = stage.cluster
      const last = logs.channels.boundsNow(partitionOf(channel, logs.channels.partitions)).last
      if (!isWhole || !follows || since.offset > last) stage.wrong.push({ channel, since, page, missed })
    },
    () => undefined,
  )
}

export const fieldsOf = ({ offset, data }: Publication) => [offset, data]
