import type { Sql } from '../../../src/store/index.ts'
import type { SimClock } from '../../core/clock.ts'
import type { Judge } from '../../core/judge.ts'
import { type Counted, readCounts } from './rows.ts'

const checkMs = 1000

/** Looks at what is written down, again and again: watermarks only grow, and what is unread is what one would count. */
export class CountChecker {
  readonly #before = new Map<string, Counted>()
  #stopped = false

  constructor(
    readonly time: SimClock,
    readonly sql: Sql,
    readonly judge: Judge,
  ) {
    this.#later()
  }

  stop(): void {
    this.#stopped = true
  }

  #later(): void {
    this.time.after(checkMs, () => {
      if (this.#stopped) return
      readCounts(this.sql).then(
        members => this.#look(members),
        (error: unknown) => this.judge.hold(/no such table/.test(String(error)), `the rows could not be read: ${error}`),
      )
      this.#later()
    })
  }

  #look(members: readonly Counted[]): void {
    for (const member of members) this.#check(member)
  }

  #check(member: Counted): void {
    const { judge } = this
    const who = `${member.person} in ${member.conversation}`
    judge.hold(member.unread === member.counted, `${who} has ${member.unread} unread, a count finds ${member.counted}`)
    judge.hold(
      member.active === 0 || member.delivered_to >= member.read_to,
      `${who} has read up to ${member.read_to} and got up to ${member.delivered_to}`,
    )
    judge.hold(
      member.told_delivered <= member.delivered_to && member.told_read <= member.read_to,
      `authors were told more of ${who} than is true`,
    )
    const before = this.#before.get(who)
    if (before !== undefined) {
      judge.hold(
        member.delivered_to >= before.delivered_to,
        `${who}: delivered falls from ${before.delivered_to} to ${member.delivered_to}`,
      )
      judge.hold(member.read_to >= before.read_to, `${who}: read falls from ${before.read_to} to ${member.read_to}`)
    }
    this.#before.set(who, member)
  }
}
