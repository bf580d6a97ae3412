import { afterEach, describe, expect, test } from 'bun:test'
import { type ClusterMember, Leases, loadMax, movedError, SlotRouter, type SlotTerm, slotCount, slotOf } from '../../src/cluster/index.ts'
import type { LeaseStore } from '../../src/cluster/placement/index.ts'
import type { Clock } from '../../src/kit/index.ts'
import { CommandError } from '../../src/protocol/index.ts'

/** A store of leases that several nodes share, and their time. */
export interface PlacementStage {
  readonly clock: Clock
  readonly ttlMs: number
  /** A node's own way to the store. */
  store(): LeaseStore & { close?(): Promise<void> }
  /** Lets time pass until it is done. */
  done<T>(work: Promise<T>): Promise<T>
  /** Lets what is on its way arrive until it holds. */
  until(what: string, holds: () => boolean): Promise<void>
  close(): Promise<void>
}

/** A node as far as its slots go: every write of an owner is noted with its term. */
class PlacedNode {
  readonly leases: Leases
  readonly router: SlotRouter
  readonly #store: ReturnType<PlacementStage['store']>
  /** What is under way for slots that are given back. */
  underWay: Promise<void> = Promise.resolve()
  lost = 0

  constructor(
    readonly member: ClusterMember,
    readonly stage: PlacementStage,
  ) {
    const { clock, ttlMs } = stage
    this.#store = stage.store()
    this.leases = new Leases(
      { clock, store: this.#store, member, ttlMs },
      {
        gained: () => undefined,
        lost: slots => {
          this.lost += slots.length
          return this.underWay
        },
        moved: () => undefined,
        failed: error => {
          throw error
        },
      },
    )
    this.router = new SlotRouter(this.leases, member.node)
  }

  get slots(): ReadonlySet<number> {
    return new Set(this.leases.held.map(({ slot }) => slot))
  }

  async close(): Promise<void> {
    await this.leases.close()
    await this.#store.close?.()
  }
}

class Placed {
  readonly nodes: PlacedNode[] = []

  constructor(readonly stage: PlacementStage) {}

  async add(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.begin(name)
    await this.settle()
  }

  async begin(name: string): Promise<void> {
    const node = new PlacedNode({ node: name, address: `ws://${name}` }, this.stage)
    this.nodes.push(node)
    await this.stage.done(node.leases.begin())
  }

  node(name: string): PlacedNode {
    const node = this.nodes.find(({ member }) => member.node === name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  /** The owner of each slot, by what each node says of itself. */
  owners(): (string | undefined)[] {
    const owners: (string | undefined)[] = Array.from({ length: slotCount }, () => undefined)
    for (const { slots, member } of this.nodes) {
      for (const slot of slots) {
        if (owners[slot] !== undefined) throw new Error(`${owners[slot]} and ${member.node} own ${slot}`)
        owners[slot] = member.node
      }
    }
    return owners
  }

  /** Until every slot has an owner, and all nodes know the same. */
  async settle(isOwner: (name: string) => boolean = () => true): Promise<void> {
    await this.stage.until('every slot has its owner', () => {
      const owners = this.owners()
      if (!owners.every(owner => owner !== undefined && isOwner(owner))) return false
      const count = this.nodes.filter(({ member }) => isOwner(member.node)).length
      if (this.nodes.some(({ slots }) => slots.size > loadMax(count))) return false
      return this.nodes.every(({ leases }) => owners.every((owner, slot) => leases.ownerOf(slot)?.node === owner))
    })
  }

  /** Writes somewhere about a key, as the owner of it. */
  write(from: string, key: string, written: { readonly node: string; readonly term: number }[]): Promise<unknown> {
    const at = (node: PlacedNode, { term }: SlotTerm) => written.push({ node: node.member.node, term })
    return this.node(from).router.route<unknown>(key, {
      here: owned => at(this.node(from), owned),
      there: member => {
        const other = this.nodes.find(({ member: { node } }) => node === member.node)
        if (other === undefined) throw new CommandError(movedError)
        return other.router.serve(key, owned => at(other, owned))
      },
    })
  }
}

/** How nodes share slots, whatever keeps their leases. */
export function placementContract(name: string, open: () => Promise<PlacementStage>): void {
  const all: Placed[] = []
  const start = async (...names: string[]) => {
    const placed = new Placed(await open())
    all.push(placed)
    await placed.add(...names)
    return placed
  }

  afterEach(async () => {
    for (const { nodes, stage } of all.splice(0)) {
      for (const node of nodes) await stage.done(node.close())
      await stage.close()
    }
  })

  describe(`the placement contract: ${name}`, () => {
    test('[PL10] every slot has one owner, whom all nodes name alike, and none has more than a quarter above the average', async () => {
      const placed = await start('a', 'b', 'c')
      for (const { slots } of placed.nodes) {
        expect(slots.size).toBeLessThanOrEqual(loadMax(3))
        expect(slots.size).toBeGreaterThan(slotCount / 6)
      }
    })

    test('[PL11] a node that joins is given at most its share, and nothing moves between those that were there', async () => {
      const placed = await start('a', 'b', 'c')
      const before = placed.owners()
      await placed.add('d')
      const after = placed.owners()
      const moved = after.filter((owner, slot) => owner !== before[slot])
      expect(new Set(moved)).toEqual(new Set(['d']))
      expect(moved.length).toBeLessThanOrEqual(loadMax(4))
    })

    test('[PL12] a node that drains gives all its slots to others and stays a member, and nothing moves between those', async () => {
      const placed = await start('a', 'b', 'c')
      const before = placed.owners()
      const b = placed.node('b')
      await placed.stage.done(b.leases.drain())
      expect([b.slots.size, b.leases.isMember]).toEqual([0, true])
      await placed.settle(owner => owner !== 'b')
      const after = placed.owners()
      expect(after.flatMap((owner, slot) => (owner === before[slot] || before[slot] === 'b' ? [] : [slot]))).toEqual([])
      for (const { leases } of placed.nodes) expect(leases.members.map(({ node }) => node)).toEqual(['a', 'b', 'c'])
    })

    test('[PL12] a node alone that drains keeps its slots until it ends, or another comes', async () => {
      const placed = await start('a')
      await placed.stage.done(placed.node('a').leases.drain())
      expect(placed.node('a').slots.size).toBe(slotCount)
      await placed.begin('b')
      await placed.settle(owner => owner === 'b')
    })

    test('[PL13] slots that are given back in order are not taken before what is under way for them is over', async () => {
      const placed = await start('a', 'b')
      const [a, b] = [placed.node('a'), placed.node('b')]
      const over = Promise.withResolvers<void>()
      const { lost } = a
      a.underWay = over.promise
      const drained = a.leases.drain()
      await placed.stage.until('it is told what it loses', () => a.lost > lost)
      expect([a.slots.size, b.slots.size < slotCount]).toEqual([0, true])
      over.resolve()
      await placed.stage.done(drained)
      await placed.settle(owner => owner === 'b')
    })

    test('[PL14] a command for a key that is being handed over is done by the next owner, under the next term', async () => {
      const placed = await start('a', 'b')
      const key = Array.from({ length: 100 }, (_, n) => `key ${n}`).find(name => placed.node('a').slots.has(slotOf(name))) ?? ''
      const written: { readonly node: string; readonly term: number }[] = []
      await placed.stage.done(placed.write('b', key, written))
      const over = Promise.withResolvers<void>()
      const a = placed.node('a')
      const { lost } = a
      a.underWay = over.promise
      const drained = a.leases.drain()
      await placed.stage.until('it is told what it loses', () => a.lost > lost)
      const writing = Promise.all([placed.write('a', key, written), placed.write('b', key, written)])
      over.resolve()
      await placed.stage.done(Promise.all([drained, writing]))
      const [first, ...others] = written
      expect(first?.node).toBe('a')
      expect(others).toEqual(Array.from({ length: 2 }, () => ({ node: 'b', term: (first?.term ?? 0) + 1 })))
    })

    test('[PL12] the slots of a node that ends are others’ at once', async () => {
      const placed = await start('a', 'b', 'c')
      await placed.stage.done(placed.node('a').leases.close())
      placed.nodes.splice(0, 1)
      await placed.settle()
      for (const { leases } of placed.nodes) expect(leases.members.map(({ node }) => node)).toEqual(['b', 'c'])
    })
  })
}
