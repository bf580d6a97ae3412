import type { KeyedRateLimiter } from '../../kit/index.ts'
import { type Close, closes } from '../../protocol/index.ts'
import type { Limits } from '../limits.ts'
import { isUser } from './principal.ts'

/** What users had of their limits on one node, as far as it went beyond that node's share. */
export interface LimitReport {
  /** What was spent since the last report, by the name of the rate and who is charged. */
  readonly spent: readonly (readonly [rate: string, key: string, count: number])[]
  /** Sessions at present, by user. */
  readonly sessions: readonly (readonly [user: string, sessions: number])[]
}

/** The name of the rate of all commands, whose keys are principals. */
export const commandRate = 'commands'

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
  /** Of these the others want to know everything: users by their sessions, and keys of rates. */
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
    readonly limits: Pick<Limits, 'sessionsPerUserMax'>,
    /** By name, the same on every node. */
    readonly rates: ReadonlyMap<string, KeyedRateLimiter>,
    readonly sessions: LimitedSessions,
  ) {
    for (const rate of rates.values()) rate.takeCounts()
    sessions.elsewhere = user => this.#sessionsElsewhere(user)
  }

  /** What the others must know. @param nodes how many share the limits, this one among them */
  report(nodes: number): LimitReport {
    this.#nodes = Math.max(1, nodes)
    const wanted = new Set([...this.#heard.values()].flatMap(({ heavy }) => [...heavy]))
    const spent = [...this.rates].flatMap(([name, rate]) => {
      const share = this.#shareOf(rate)
      const isTold = (key: string, count: number) => isShared(name, key) && (count > share || wanted.has(`${name} ${key}`))
      return rate.takeCounts().flatMap(([key, count]) => (isTold(key, count) ? [[name, key, count] as const] : []))
    })
    return { spent, sessions: this.#sessionsToTell(wanted) }
  }

  /** What another node reported, at a time. A user who has too many sessions by then loses the newest here, but for this node's share. */
  take(node: string, { spent, sessions }: LimitReport, now: number): void {
    const heavy = new Set<string>()
    for (const [name, key, count] of spent) {
      const rate = this.rates.get(name)
      rate?.charge(key, now, count)
      if (rate !== undefined && count > this.#shareOf(rate)) heavy.add(`${name} ${key}`)
    }
    for (const [user, count] of sessions) if (count > this.#sessionsShare) heavy.add(user)
    if (spent.length === 0 && sessions.length === 0) this.#heard.delete(node)
    else this.#heard.set(node, { sessions: new Map(sessions), heavy })
    for (const [user] of sessions) this.#endBeyond(user)
  }

  /** A node is gone with all that it had. */
  forget(node: string): void {
    this.#heard.delete(node)
  }

  #shareOf({ rate }: KeyedRateLimiter): number {
    return (rate.perSecond * limitReportMs) / 1000 / this.#nodes
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

/** Behind one address there may be everybody who comes through a balancer: strangers are limited by each node for itself. */
function isShared(rate: string, key: string): boolean {
  return rate !== commandRate || isUser(key)
}
