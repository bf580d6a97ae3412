import { type Close, closes } from '../../protocol/index.ts'
import type { Limits } from '../limits.ts'
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

/** The sessions of a node, as far as limits go. */
export interface LimitedSessions {
  elsewhere: ((user: string) => number) | undefined
  of(user: string): readonly { close(close: Close): void }[]
  usersWithMoreThan(count: number): LimitReport['sessions']
}

/** What a node last reported: how much of it was beyond its share. */
interface Heard {
  readonly sessions: ReadonlyMap<string, number>
  /** Users and principals of whom the others want to know everything. */
  readonly heavy: ReadonlySet<string>
}

/**
 * The limits of users on several equal nodes. Each node lets a user have the whole of a limit, and tells the others when that was more than
 * the node's share of it: they charge it to the user as well, and tell what they have of that user. Who stays within the share everywhere is
 * within the limit, and costs nothing.
 */
export class SharedLimits {
  readonly #heard = new Map<string, Heard>()
  #nodes = 1

  constructor(
    readonly limits: Limits,
    readonly rates: Rates,
    readonly sessions: LimitedSessions,
  ) {
    rates.beginCounting()
    sessions.elsewhere = user => this.#sessionsElsewhere(user)
  }

  /** What the others must know. @param nodes how many share the limits, this one among them */
  report(nodes: number): LimitReport {
    this.#nodes = Math.max(1, nodes)
    const wanted = new Set([...this.#heard.values()].flatMap(({ heavy }) => [...heavy]))
    const spent = this.rates.takeCounts().filter(([principal, commands]) => commands > this.#commandsShare || wanted.has(principal))
    return { spent, sessions: this.#sessionsToTell(wanted) }
  }

  /** What another node reported. A user who has too many sessions by then loses the newest here, but for this node's share. */
  take(node: string, { spent, sessions }: LimitReport): void {
    for (const [principal, commands] of spent) this.rates.charge(principal, commands)
    const heavy = [
      ...spent.filter(([, commands]) => commands > this.#commandsShare),
      ...sessions.filter(([, count]) => count > this.#sessionsShare),
    ].map(([name]) => name)
    if (spent.length === 0 && sessions.length === 0) this.#heard.delete(node)
    else this.#heard.set(node, { sessions: new Map(sessions), heavy: new Set(heavy) })
    for (const [user] of sessions) this.#endBeyond(user)
  }

  /** A node is gone with all that it had. */
  forget(node: string): void {
    this.#heard.delete(node)
  }

  get #commandsShare(): number {
    return (this.limits.commandRatePerUser.perSecond * limitReportMs) / 1000 / this.#nodes
  }

  get #sessionsShare(): number {
    return Math.floor(this.limits.sessionsPerUserMax / this.#nodes)
  }

  #sessionsToTell(wanted: ReadonlySet<string>): LimitReport['sessions'] {
    if (this.limits.sessionsPerUserMax === 0) return []
    const many = this.sessions.usersWithMoreThan(this.#sessionsShare)
    const told = new Set(many.map(([user]) => user))
    const asked = [...wanted].flatMap(user => {
      const count = told.has(user) ? 0 : this.sessions.of(user).length
      return count === 0 ? [] : [[user, count] as const]
    })
    return [...many, ...asked]
  }

  #endBeyond(user: string): void {
    const { sessionsPerUserMax } = this.limits
    if (sessionsPerUserMax === 0) return
    const allowed = Math.max(this.#sessionsShare, sessionsPerUserMax - this.#sessionsElsewhere(user))
    for (const session of this.sessions.of(user).slice(allowed)) session.close(closes.connectionLimit)
  }

  #sessionsElsewhere(user: string): number {
    let count = 0
    for (const { sessions } of this.#heard.values()) count += sessions.get(user) ?? 0
    return count
  }
}
