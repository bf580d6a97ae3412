import { closes } from '../../protocol/index.ts'
import type { Limits } from '../limits.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Rates } from './rates.ts'

/** What users had of their limits on one node, as far as it went beyond that node's share. */
export interface LimitReport {
  /** Commands since the last report, by who is charged. */
  readonly spent: readonly (readonly [principal: string, commands: number])[]
  /** Sessions at present, by user. */
  readonly sessions: readonly (readonly [user: string, sessions: number])[]
}

/** Between reports. By then a limit of a user holds on all nodes together. */
export const limitReportMs = 1000

/**
 * The limits of users on several equal nodes. Each node lets a user have the whole of a limit, and tells the others when that was more than
 * the node's share of it: they then charge it to the user as well. Who stays within the share everywhere is within the limit, and costs nothing.
 */
export class SharedLimits {
  /** By node, the sessions that it reported. */
  readonly #elsewhere = new Map<string, ReadonlyMap<string, number>>()
  #nodes = 1

  constructor(
    readonly limits: Limits,
    readonly rates: Rates,
    readonly sessions: Sessions,
  ) {
    rates.beginCounting()
    sessions.elsewhere = user => this.#sessionsElsewhere(user)
  }

  /** What the others must know. @param nodes how many share the limits, this one among them */
  report(nodes: number): LimitReport {
    this.#nodes = Math.max(1, nodes)
    const share = (this.limits.commandRatePerUser.perSecond * limitReportMs) / 1000 / this.#nodes
    const { sessionsPerUserMax } = this.limits
    return {
      spent: this.rates.takeCounts().filter(([, commands]) => commands > share),
      sessions: sessionsPerUserMax === 0 ? [] : this.sessions.usersWithMoreThan(this.#sessionsShare),
    }
  }

  /** What another node reported. A user who has too many sessions by then loses the newest here, but for this node's share. */
  take(node: string, { spent, sessions }: LimitReport): void {
    for (const [principal, commands] of spent) this.rates.charge(principal, commands)
    const before = this.#elsewhere.get(node)
    if (sessions.length === 0) this.#elsewhere.delete(node)
    else this.#elsewhere.set(node, new Map(sessions))
    for (const [user, count] of sessions) if (count > (before?.get(user) ?? 0)) this.#endBeyond(user)
  }

  /** A node is gone with all that it had. */
  forget(node: string): void {
    this.#elsewhere.delete(node)
  }

  get #sessionsShare(): number {
    return Math.floor(this.limits.sessionsPerUserMax / this.#nodes)
  }

  #endBeyond(user: string): void {
    const { sessionsPerUserMax } = this.limits
    if (sessionsPerUserMax === 0) return
    const allowed = Math.max(this.#sessionsShare, sessionsPerUserMax - this.#sessionsElsewhere(user))
    for (const session of this.sessions.of(user).slice(allowed)) session.close(closes.connectionLimit)
  }

  #sessionsElsewhere(user: string): number {
    let count = 0
    for (const sessions of this.#elsewhere.values()) count += sessions.get(user) ?? 0
    return count
  }
}
