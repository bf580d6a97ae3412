import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { HostFigures, Topology } from '../../cluster/index.ts'
import type { Node } from '../../hub/index.ts'
import { type Clock, every, RingBuffer, type Timer } from '../../kit/index.ts'
import type { Config } from '../config/index.ts'
import { heapBytes } from './heap-bytes.ts'
import { OpsRows, type Rows, readRows, together } from './ops-rows.ts'
import { treeRows } from './tree-rows.ts'

const sampleMs = 1000
const samplesMax = 60

interface Sample {
  /** Unix milliseconds. */
  readonly t: number
  readonly accepted: number
  readonly appended: number
  readonly delivered: number
  readonly writes: number
  readonly bytesOut: number
  readonly sessions: number
  readonly rssMb: number
  readonly lagMs: number
}

export interface OpsOptions {
  readonly clock: Clock
  readonly node: Node
  readonly config: Pick<Config, 'development'>
  readonly topology: Pick<Topology, 'hostStats' | 'role' | 'reports' | 'surveyWorkers' | 'fleet' | 'troubles'>
}

/** The figures of the operations page: the last minute second by second, and the present. */
export class Ops {
  readonly #samples = new RingBuffer<Sample>()
  readonly #lag = monitorEventLoopDelay({ resolution: 10 })
  readonly #timer: Timer
  readonly #rows: OpsRows
  readonly #startedAt: number
  #before: { accepted: number; appended: number; delivered: number; writes: number; bytesOut: number }

  constructor(readonly options: OpsOptions) {
    this.#startedAt = options.clock.now()
    this.#rows = new OpsRows(options.node)
    this.#before = this.#totals(options.topology.hostStats.figures())
    this.#lag.enable()
    this.#timer = every(options.clock, sampleMs, () => this.#sample())
  }

  /** Of this process and its workers. */
  async stats(): Promise<object> {
    const { node, config, topology } = this.options
    const latest = this.#samples.at(this.#samples.size - 1)
    const memory = process.memoryUsage()
    const figures = topology.hostStats.figures()
    const rows = together([this.#rows.list(), ...(await topology.surveyWorkers()).map(readRows)])
    return {
      node: {
        id: node.id,
        name: node.options.name,
        version: node.version,
        role: topology.role,
        mode: config.development ? 'development' : 'production',
        uptimeS: Math.round((node.now() - this.#startedAt) / 1000),
        pid: process.pid,
      },
      sessions: { websocket: figures.websockets, sse: figures.viewers - figures.websockets },
      subscriptions: figures.subscriptions,
      channelCount: figures.channels,
      totals: { ...this.#totals(figures), dropped: figures.dropped },
      perSecond: {
        accepted: latest?.accepted ?? 0,
        appended: latest?.appended ?? 0,
        delivered: latest?.delivered ?? 0,
        writes: latest?.writes ?? 0,
        bytesOut: latest?.bytesOut ?? 0,
      },
      history: this.#samples.slice(0),
      memory: { rssMb: mb(memory.rss), heapMb: mb(heapBytes()) },
      lagMs: { p50: this.#lag.percentile(50) / 1e6, p99: this.#lag.percentile(99) / 1e6 },
      closes: figures.closes,
      fleet: topology.fleet() ?? null,
      troubles: topology.troubles(),
      ...rows,
    }
  }

  /** Every node from here on down. `viewersBelow` counts those of all nodes below it. */
  tree(): object {
    return { nodes: treeRows(this.options.topology.reports()) }
  }

  /** A worker's answer to its parent. */
  rows(): Rows {
    return this.#rows.list()
  }

  close(): void {
    this.#timer.cancel()
    this.#lag.disable()
  }

  #totals({ delivered, writes, bytesOut }: HostFigures) {
    const { accepted, appended } = this.options.node.counters
    return { accepted, appended, delivered, writes, bytesOut }
  }

  #sample(): void {
    const figures = this.options.topology.hostStats.figures()
    const now = this.#totals(figures)
    const before = this.#before
    this.#before = now
    this.#samples.push({
      t: this.options.clock.now(),
      accepted: now.accepted - before.accepted,
      appended: now.appended - before.appended,
      delivered: now.delivered - before.delivered,
      writes: now.writes - before.writes,
      bytesOut: now.bytesOut - before.bytesOut,
      sessions: figures.viewers,
      rssMb: mb(process.memoryUsage.rss()),
      lagMs: this.#lag.percentile(99) / 1e6,
    })
    this.#lag.reset()
    if (this.#samples.size > samplesMax) this.#samples.shift()
    this.#rows.sample()
  }
}

function mb(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10
}
