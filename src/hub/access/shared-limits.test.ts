import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { SteppedClock } from '../../kit/index.ts'
import { defaultLimits } from '../limits.ts'
import { Rates } from './rates.ts'
import { commandRate, type LimitedSessions, SharedLimits } from './shared-limits.ts'

const limits = { ...defaultLimits, commandRatePerUser: { perSecond: 10, burst: 20 }, sessionsPerUserMax: 10 }

/** A session of a user, as far as its limit goes. */
class Connection {
  closedWith: number | undefined

  constructor(readonly crowd: Connection[]) {
    crowd.push(this)
  }

  close({ code }: { readonly code: number }): void {
    this.closedWith = code
    this.crowd.splice(this.crowd.indexOf(this), 1)
  }
}

/** A node as far as limits go: its sessions are all of one user. */
class LimitedNode implements LimitedSessions {
  readonly crowd: Connection[] = []
  readonly rates: Rates
  readonly shared: SharedLimits
  elsewhere: LimitedSessions['elsewhere']

  constructor(
    readonly id: string,
    clock: SteppedClock,
  ) {
    this.rates = new Rates(clock, limits)
    this.shared = new SharedLimits(limits, new Map([[commandRate, this.rates.principals]]), this)
  }

  of(): Connection[] {
    return [...this.crowd]
  }

  usersWithMoreThan(count: number): ReturnType<LimitedSessions['usersWithMoreThan']> {
    return this.crowd.length > count ? [['ann', this.crowd.length]] : []
  }
}

function fleetOf(count: number) {
  const clock = new SteppedClock()
  const nodes = Array.from({ length: count }, (_, n) => new LimitedNode(`n${n}`, clock))
  const exchange = () => {
    const reports = nodes.map(node => [node.id, node.shared.report(count)] as const)
    for (const node of nodes) for (const [id, report] of reports) if (id !== node.id) node.shared.take(id, report, clock.now())
  }
  return { clock, nodes, exchange }
}

test('[FL10] however many connections a user opens at once on several nodes, no more than the limit are left after some reports', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(14), { minLength: 1, maxLength: 5 }), counts => {
      const { nodes, exchange } = fleetOf(counts.length)
      for (const [index, node] of nodes.entries()) for (let n = counts[index] ?? 0; n > 0; n--) new Connection(node.crowd)
      for (let round = 0; round < 4; round++) exchange()
      const left = nodes.map(({ crowd }) => crowd.length)
      const sum = left.reduce((total, count) => total + count, 0)
      const allowed = nodes.length === 1 ? 14 : limits.sessionsPerUserMax
      expect(sum).toBeLessThanOrEqual(allowed)
      // Whoever has no more than the share of a node keeps it.
      const share = Math.floor(limits.sessionsPerUserMax / nodes.length)
      for (const [index, count] of left.entries()) expect(count).toBeGreaterThanOrEqual(Math.min(share, counts[index] ?? 0))
    }),
  )
})

test('[FL9] a user who asks all nodes for as much as they give has in the long run what one node gives; one within the shares is not slowed', () => {
  const { clock, nodes, exchange } = fleetOf(3)
  let greedy = 0
  let modest = 0
  for (let second = 0; second < 60; second++) {
    for (const { rates } of nodes) {
      while (rates.spendFor('user:greedy')) greedy++
      for (let n = 0; n < 3; n++) if (rates.spendFor('user:modest')) modest++
    }
    exchange()
    clock.advance(1000)
  }
  const { perSecond, burst } = limits.commandRatePerUser
  expect(greedy).toBeLessThanOrEqual(60 * perSecond + 3 * (burst + perSecond))
  expect(greedy).toBeGreaterThan(50 * perSecond)
  expect(modest).toBe(60 * 3 * 3)
})

test('[FL9] strangers behind one address are limited by each node for itself: a balancer in front may be all of them', () => {
  const { nodes, exchange } = fleetOf(3)
  const [first, second] = nodes
  for (let n = 0; n < limits.commandRatePerUser.burst; n++) first?.rates.spendFor('address:203.0.113.9')
  exchange()
  expect(second?.rates.spendFor('address:203.0.113.9', limits.commandRatePerUser.burst)).toBe(true)
})
