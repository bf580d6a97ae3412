import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { MachineClock, SimClock } from '../../../sim/core/clock.ts'
import type { LeaseStore, SlotTerm } from './lease-store.ts'
import { Leases } from './leases.ts'
import { MemoryLeaseStore } from './memory-lease-store.ts'
import { loadMax } from './slots.ts'

const slots = 32
const ttlMs = 1500

/** A store that a node may be cut off from: what is asked then is never answered. */
class Cable implements LeaseStore {
  isCut = false
  /** How late the answers to `read` are. */
  lateMs = 0

  constructor(
    readonly store: LeaseStore,
    readonly time: SimClock,
    readonly clock: MachineClock,
  ) {}

  renew: LeaseStore['renew'] = (...args) => this.#through(() => this.store.renew(...args))
  leave: LeaseStore['leave'] = (...args) => this.#through(() => this.store.leave(...args))
  read: LeaseStore['read'] = async () => {
    const placement = await this.#through(() => this.store.read())
    if (this.lateMs > 0) await new Promise<void>(resolve => this.time.after(this.lateMs, resolve))
    return placement
  }
  take: LeaseStore['take'] = (...args) => this.#through(() => this.store.take(...args))
  release: LeaseStore['release'] = (...args) => this.#through(() => this.store.release(...args))
  watch: LeaseStore['watch'] = (node, changed) =>
    this.store.watch(node, () => {
      if (!this.isCut) this.clock.enter(changed)
    })

  #through<T>(work: () => Promise<T>): Promise<T> {
    return this.isCut ? new Promise(() => undefined) : work()
  }
}

class Contender {
  readonly clock: MachineClock
  readonly cable: Cable
  readonly leases: Leases
  readonly told: string[] = []
  readonly owned = new Map<number, number>()
  failures = 0
  stalledUntil = 0

  constructor(
    readonly node: string,
    readonly time: SimClock,
    store: LeaseStore,
  ) {
    this.clock = new MachineClock(time)
    this.cable = new Cable(store, time, this.clock)
    this.leases = new Leases(
      { clock: this.clock, store: this.cable, member: { node, address: `ws://${node}` }, slots, ttlMs },
      {
        gained: gained => this.#gained(gained),
        lost: lost => this.#lost(lost),
        moved: () => undefined,
        failed: () => this.failures++,
      },
    )
    void this.leases.begin()
  }

  stall(ms: number): void {
    this.clock.stall(ms)
    this.stalledUntil = Math.max(this.stalledUntil, this.time.now() + ms)
  }

  #gained(gained: readonly SlotTerm[]): void {
    for (const { slot, term } of gained) {
      if (this.owned.has(slot)) this.told.push(`${slot} was gained twice`)
      this.owned.set(slot, term)
    }
  }

  #lost(lost: readonly SlotTerm[]): void {
    for (const { slot, term } of lost)
      if (this.owned.get(slot) !== term || !this.owned.delete(slot)) this.told.push(`${slot} was not owned`)
  }
}

class Contest {
  readonly time = new SimClock()
  readonly store = new MemoryLeaseStore(this.time)
  readonly all: Contender[] = []
  /** The owner of every term that was ever seen. */
  readonly #terms = new Map<string, string>()

  join(node: string): Contender {
    const contender = new Contender(node, this.time, this.store)
    this.all.push(contender)
    this.time.settle()
    return contender
  }

  get alive(): Contender[] {
    return this.all.filter(({ clock }) => !clock.isDead)
  }

  /** Moves time on in small steps, and looks at every node after each. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 50) {
      this.time.advance(50)
      this.check()
    }
  }

  check(): void {
    const owners = new Map<number, string>()
    for (const { node, leases, stalledUntil } of this.alive) {
      // A node that stands still asks nothing, so that it cannot know yet; what it does late is fenced off.
      if (stalledUntil >= this.time.now()) continue
      for (const { slot, term } of leases.held) {
        expect(owners.get(slot) ?? node, `two nodes own ${slot} at once`).toBe(node)
        owners.set(slot, node)
        const name = `${slot}@${term}`
        expect(this.#terms.get(name) ?? node, `two nodes had ${name}`).toBe(node)
        this.#terms.set(name, node)
      }
    }
  }

  /** Nobody is in trouble any more: every slot has one owner again, and none too many. */
  rest(): void {
    this.pass(4 * ttlMs)
    const held = this.alive.flatMap(({ leases }) => leases.held.map(({ slot }) => slot))
    expect(held.toSorted((left, right) => left - right)).toEqual(Array.from({ length: slots }, (_, slot) => slot))
    for (const { leases, told, owned } of this.alive) {
      expect(leases.held.length).toBeLessThanOrEqual(loadMax(this.alive.length, slots))
      expect(told).toEqual([])
      expect([...owned.keys()].sort()).toEqual(leases.held.map(({ slot }) => slot).sort())
    }
  }
}

describe('leases', () => {
  test('[N6] a node alone owns all slots at once; one that joins is given its share within two renewals', () => {
    const contest = new Contest()
    const first = contest.join('a')
    expect(first.leases.held).toHaveLength(slots)
    const second = contest.join('b')
    contest.pass((2 * ttlMs) / 3 + 50)
    expect(second.leases.held.length).toBeGreaterThan(0)
    contest.rest()
  })

  test('[N7] what a dead node owned is owned by others once its time is over, under new terms', () => {
    const contest = new Contest()
    const [first, second] = [contest.join('a'), contest.join('b')]
    contest.rest()
    const before = first.leases.held
    first.clock.kill()
    contest.pass(ttlMs + ttlMs / 3 + 50)
    expect(second.leases.held).toHaveLength(slots)
    for (const { slot, term } of before) expect(second.leases.termOf(slot)).toBe(term + 1)
  })

  test('[N7] a node that ends in order leaves nothing unowned for longer than a renewal', async () => {
    const contest = new Contest()
    const [first, second] = [contest.join('a'), contest.join('b')]
    contest.rest()
    const closed = first.leases.close()
    contest.time.settle()
    await closed
    expect(first.leases.held).toEqual([])
    contest.pass(ttlMs / 3 + 50)
    expect(second.leases.held).toHaveLength(slots)
  })

  test('[N8] a node that cannot reach the store owns nothing by the time that others may', () => {
    const contest = new Contest()
    const [first] = [contest.join('a'), contest.join('b')]
    contest.rest()
    first.cable.isCut = true
    contest.pass(2 * ttlMs)
    expect(first.leases.held).toEqual([])
    expect(first.owned.size).toBe(0)
    expect(first.failures).toBeGreaterThan(0)
    first.cable.isCut = false
    contest.rest()
  })

  test('[N8] a node that stood still for longer than its time owns nothing until it has read who owns what now', () => {
    const contest = new Contest()
    const [first, second] = [contest.join('a'), contest.join('b')]
    contest.rest()
    first.cable.lateMs = 200
    first.stall(2 * ttlMs)
    contest.pass(2 * ttlMs - 100)
    expect(second.leases.held).toHaveLength(slots)
    // It has said that it lives, and does not know yet what became of its slots.
    contest.pass(200)
    expect(first.leases.isMember).toBe(true)
    expect(first.leases.held).toEqual([])
    contest.rest()
  })

  test('[N9] what a former owner writes after it stood still is fenced off', () => {
    const contest = new Contest()
    const first = contest.join('a')
    contest.rest()
    const [held] = first.leases.held
    if (held === undefined) throw new Error('it owns nothing')
    expect(contest.store.fenced(held, () => 'written')).toBe('written')
    const second = contest.join('b')
    first.stall(5 * ttlMs)
    contest.pass(3 * ttlMs)
    expect(second.leases.termOf(held.slot)).toBe(held.term + 1)
    expect(contest.store.fenced(held, () => 'written')).toBeUndefined()
    expect(contest.store.fenced({ slot: held.slot, term: held.term + 1 }, () => 'written')).toBe('written')
    contest.pass(3 * ttlMs)
    contest.rest()
  })

  test('[N8] however nodes join, stall, die and lose the store, no two own a slot at once or ever under one term', () => {
    const act = fc.record({
      what: fc.constantFrom('join', 'kill', 'stall', 'cut', 'mend', 'leave', 'leap'),
      who: fc.nat(),
      ms: fc.integer({ min: 50, max: 3000 }),
    })
    fc.assert(
      fc.property(fc.array(act, { minLength: 1, maxLength: 25 }), acts => {
        const contest = new Contest()
        contest.join('first')
        for (const [index, { what, who, ms }] of acts.entries()) {
          const one = contest.alive[who % contest.alive.length]
          if (what === 'join' && contest.alive.length < 5) contest.join(`node-${index}`)
          if (what === 'kill' && contest.alive.length > 1) one?.clock.kill()
          if (what === 'stall') one?.stall(ms)
          if (what === 'leap') one?.clock.leap(ms - 1500)
          if (what === 'leave' && contest.alive.length > 1 && one !== undefined) {
            void one.leases.close()
            contest.time.settle()
            one.clock.kill()
          }
          if (one !== undefined && (what === 'cut' || what === 'mend')) one.cable.isCut = what === 'cut'
          contest.pass(ms)
        }
        for (const { cable } of contest.alive) cable.isCut = false
        contest.rest()
      }),
      { numRuns: 60 },
    )
  })
})
