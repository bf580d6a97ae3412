import type { Clock } from '../kit/index.ts'
import type { Child } from './child.ts'
import type { NodeCounts, NodeReport } from './report.ts'

/** Figures of all processes of this machine together. */
export interface HostFigures extends NodeCounts, Pick<NodeReport, 'viewers' | 'websockets' | 'subscriptions' | 'channels'> {}

/** Workers that ended, of which one might only have lost its link for a moment. Beyond, the oldest is taken for gone. */
const partedMax = 16

const nothing: NodeCounts = {
  published: 0,
  delivered: 0,
  relayed: 0,
  writes: 0,
  bytesOut: 0,
  dropped: 0,
  commands: 0,
  recovered: 0,
  unrecovered: 0,
  errors: {},
  closes: {},
}

/** This process and its workers, which are one server to the outside. What a worker counted stays counted when it ends. */
export class HostStats {
  readonly #parted = new Map<string, NodeCounts>()
  #gone = nothing
  /** Of the present tick: a scrape reads them a dozen times, and they take a walk over all channels. */
  #figures: HostFigures | undefined

  constructor(
    readonly clock: Clock,
    readonly own: () => NodeReport,
    readonly children: () => Iterable<Child>,
  ) {}

  figures(): HostFigures {
    if (this.#figures === undefined) {
      this.#figures = this.#sum()
      this.clock.soon(() => {
        this.#figures = undefined
      })
    }
    return this.#figures
  }

  #sum(): HostFigures {
    const own = this.own()
    const workers = [...this.children()].flatMap(({ reports: [report] }) => (report?.role === 'worker' ? [report] : []))
    for (const { node } of workers) this.#parted.delete(node)
    const counts = [...workers, ...this.#parted.values(), this.#gone].reduce<NodeCounts>(sumOf, own)
    const sum = (figure: 'viewers' | 'websockets' | 'subscriptions') =>
      workers.reduce((total, report) => total + report[figure], own[figure])
    return {
      ...counts,
      // Whatever a worker publishes is published here on its behalf.
      published: own.published,
      viewers: sum('viewers'),
      websockets: sum('websockets'),
      subscriptions: sum('subscriptions'),
      channels: own.channels,
    }
  }

  /** A node below ended its link. */
  parted(report: NodeReport): void {
    if (report.role !== 'worker') return
    this.#parted.set(report.node, report)
    const [oldest] = this.#parted
    if (this.#parted.size <= partedMax || oldest === undefined) return
    this.#parted.delete(oldest[0])
    this.#gone = sumOf(this.#gone, oldest[1])
  }
}

function sumOf(left: NodeCounts, right: NodeCounts): NodeCounts {
  return {
    published: left.published + right.published,
    delivered: left.delivered + right.delivered,
    relayed: left.relayed + right.relayed,
    writes: left.writes + right.writes,
    bytesOut: left.bytesOut + right.bytesOut,
    dropped: left.dropped + right.dropped,
    commands: left.commands + right.commands,
    recovered: left.recovered + right.recovered,
    unrecovered: left.unrecovered + right.unrecovered,
    errors: byCode(left.errors, right.errors),
    closes: byCode(left.closes, right.closes),
  }
}

function byCode(left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>): Record<string, number> {
  const sum: Record<string, number> = { ...left }
  for (const [code, count] of Object.entries(right)) sum[code] = (sum[code] ?? 0) + count
  return sum
}
