import { type LimitReport, limitReportMs, type Node, type SharedLimits } from '../hub/index.ts'
import { type Clock, every, type Timer } from '../kit/index.ts'
import type { Peers } from './peers.ts'
import { protocol } from './protocol.ts'

/** Has the limits of users hold on all nodes of a fleet together: each tells the others what went beyond its share. */
export class LimitSharing {
  #limits: SharedLimits | undefined
  #reporting: Timer | undefined
  /** Whether the others were last told of anybody. */
  #hasTold = false

  constructor(
    readonly clock: Clock,
    readonly peers: Pick<Peers, 'tell' | 'size'>,
    readonly id: string,
  ) {}

  begin(node: Pick<Node, 'shareLimits'>): void {
    this.#limits ??= node.shareLimits()
    this.#reporting ??= every(this.clock, limitReportMs, () => this.#report())
  }

  took(node: string, report: LimitReport): void {
    this.#limits?.take(node, report, this.clock.now())
  }

  /** Nodes that are gone have nothing any more. */
  forget(nodes: Iterable<string>): void {
    for (const node of nodes) this.#limits?.forget(node)
  }

  close(): void {
    this.#reporting?.cancel()
  }

  /** Who is beyond a share is told each time, as a node may be new; that nobody is, once. */
  #report(): void {
    if (this.#limits === undefined) return
    const report = this.#limits.report(this.peers.size + 1)
    const hasSome = report.spent.length > 0 || report.sessions.length > 0
    const isNews = hasSome || this.#hasTold
    this.#hasTold = hasSome
    if (isNews) this.peers.tell(protocol.limits, { node: this.id, report })
  }
}
