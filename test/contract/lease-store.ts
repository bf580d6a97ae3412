import { afterEach, describe, expect, test } from 'bun:test'
import type { LeaseStore } from '../../src/cluster/placement/index.ts'

/** A store of leases, and time as it counts it. */
export interface LeaseStoreStage {
  readonly store: LeaseStore
  /** Whether who begins to watch is told so. */
  readonly tellsAtFirst: boolean
  /** Lets what is on its way arrive until it holds. */
  until(what: string, holds: () => boolean): Promise<void>
  /** Lets time pass until it is done. */
  done<T>(work: Promise<T>): Promise<T>
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

/** Far longer than a statement of a busy machine takes. */
const ttlMs = 60_000
const member = (node: string) => ({ node, address: `ws://${node}` })

export function leaseStoreContract(name: string, open: () => Promise<LeaseStoreStage>): void {
  const stages: LeaseStoreStage[] = []
  const start = async (...nodes: string[]) => {
    const stage = await open()
    stages.push(stage)
    const { store, done } = stage
    for (const node of nodes) await done(store.renew(member(node), ttlMs))
    return {
      ...stage,
      take: (node: string, slot: number, term: number) => done(store.take(node, [{ slot, term }])),
      read: async () => {
        const { members, leases } = await done(store.read())
        return { members: members.map(({ node }) => node).sort(), leases }
      },
    }
  }

  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  describe(`the lease store contract: ${name}`, () => {
    test('[N1] a member is alive for as long as it said, by the time of the store, and no longer', async () => {
      const { store, read, pass, done } = await start('a', 'b')
      expect((await done(store.read())).members[0]).toMatchObject(member('a'))
      await pass(ttlMs / 2)
      await done(store.renew(member('b'), ttlMs))
      expect((await read()).members).toEqual(['a', 'b'])
      await pass(ttlMs / 2 + 1)
      expect((await read()).members).toEqual(['b'])
      await done(store.leave('b'))
      expect((await read()).members).toEqual([])
    })

    test('[PL1] a member is read as it was last renewed, with the time that it has left', async () => {
      const { store, pass, done } = await start('a')
      const read = async () => {
        const [{ leftMs = Number.NaN, ...rest } = {}] = (await done(store.read())).members
        return { leftMs, rest }
      }
      const whole = await read()
      expect(whole.rest).toMatchObject(member('a'))
      expect(whole.leftMs).toBeLessThanOrEqual(ttlMs)
      await pass(ttlMs / 2)
      expect((await read()).leftMs).toBeLessThanOrEqual(ttlMs / 2)
      await done(store.renew({ ...member('a'), isDraining: true }, ttlMs))
      const { leftMs, rest } = await read()
      expect(rest).toEqual({ ...member('a'), isDraining: true })
      expect(leftMs).toBeGreaterThan(ttlMs / 2)
    })

    test('[PL2] whoever watches is told when others come, begin to drain, go, take or give back, and not of renewals or of itself', async () => {
      const { store, done, until, tellsAtFirst } = await start()
      const told = { watcher: 0, a: 0, other: 0 }
      for (const node of ['watcher', 'a', 'other'] as const) store.watch(node, () => told[node]++)
      await until('all watch', () => !tellsAtFirst || Object.values(told).every(count => count > 0))
      const first = { ...told }
      /** Changes of the other one, of which all but itself are told after everything that was before. */
      let marks = 0
      const tellsIn = async (change: () => Promise<unknown>) => {
        const before = told.other
        await done(change())
        await done(store.renew({ ...member('other'), isDraining: ++marks % 2 === 0 }, ttlMs))
        await until('all is told', () => told.watcher - first.watcher === told.other - first.other + marks)
        return told.other - before
      }
      expect(await tellsIn(() => store.renew(member('a'), ttlMs))).toBe(1)
      expect(await tellsIn(() => store.renew(member('a'), ttlMs))).toBe(0)
      expect(await tellsIn(() => store.take('a', [{ slot: 7, term: 0 }]))).toBe(1)
      expect(await tellsIn(() => store.take('a', [{ slot: 7, term: 0 }]))).toBe(0)
      expect(await tellsIn(() => store.release('a', [{ slot: 7, term: 1 }]))).toBe(1)
      expect(await tellsIn(() => store.renew({ ...member('a'), isDraining: true }, ttlMs))).toBe(1)
      expect(await tellsIn(() => store.leave('a'))).toBe(1)
      expect(told.a - first.a).toBe(marks)
    })

    test('[N2] of two who take the same slot one has it, under a term of its own', async () => {
      const { take, read } = await start('a', 'b')
      expect(await take('a', 7, 0)).toEqual([{ slot: 7, term: 1 }])
      expect(await take('b', 7, 0)).toEqual([])
      expect(await take('b', 7, 1)).toEqual([])
      expect((await read()).leases).toEqual([{ slot: 7, owner: 'a', term: 1 }])
    })

    test('[N2] the slot of an owner that is gone is taken under the next term, by whoever knows the last one', async () => {
      const { store, take, pass, done } = await start('a')
      await take('a', 7, 0)
      await pass(ttlMs + 1)
      await done(store.renew(member('b'), ttlMs))
      expect(await take('b', 7, 0)).toEqual([])
      expect(await take('b', 7, 1)).toEqual([{ slot: 7, term: 2 }])
      await done(store.leave('b'))
      await done(store.renew(member('c'), ttlMs))
      expect(await take('c', 7, 2)).toEqual([{ slot: 7, term: 3 }])
    })

    test('[N2] what was given back under the present term is free, and nothing else is', async () => {
      const { store, take, done } = await start('a', 'b')
      await take('a', 7, 0)
      await done(store.release('b', [{ slot: 7, term: 1 }]))
      await done(store.release('a', [{ slot: 7, term: 0 }]))
      expect(await take('b', 7, 1)).toEqual([])
      await done(store.release('a', [{ slot: 7, term: 1 }]))
      expect(await take('b', 7, 1)).toEqual([{ slot: 7, term: 2 }])
    })

    test('[N2] a node that does not count as alive takes nothing, and of several slots each is taken by itself', async () => {
      const { store, take, read, done } = await start('a', 'b')
      expect(await take('stranger', 1, 0)).toEqual([])
      await take('a', 2, 0)
      const taken = await done(
        store.take('b', [
          { slot: 1, term: 0 },
          { slot: 2, term: 1 },
          { slot: 3, term: 0 },
        ]),
      )
      expect(taken).toEqual([
        { slot: 1, term: 1 },
        { slot: 3, term: 1 },
      ])
      expect((await read()).leases.toSorted((left, right) => left.slot - right.slot).map(({ owner }) => owner)).toEqual(['b', 'a', 'b'])
    })
  })
}
