import { describe, expect, test } from 'bun:test'
import { CommandError } from '../../protocol/index.ts'
import { SlotRouter } from './slot-router.ts'
import { slotOf } from './slots.ts'

/** Leases as somebody else sees them: who owns the key, now and after each look. */
function routerOver(...owners: ('here' | 'there' | 'nobody')[]): { router: SlotRouter; looks: () => number } {
  let at = 0
  const owner = () => owners[Math.min(at, owners.length - 1)]
  const leases = {
    termOf: () => (owner() === 'here' ? 4 : undefined),
    ownerOf: () => (owner() === 'there' ? { node: 'b', address: 'ws://b' } : undefined),
    refresh: async () => void at++,
    settled: async () => undefined,
    atRest: async () => undefined,
  }
  return { router: new SlotRouter(leases, 'a'), looks: () => at }
}

const routes = (there: () => Promise<string>) => ({ here: ({ term }: { term: number }) => `here, term ${term}`, there })
const moved = async () => {
  throw new CommandError({ code: 421, message: 'moved', temporary: true })
}

describe('the router', () => {
  test('[N10] runs what concerns a key where its owner is, with the term', async () => {
    const here = routerOver('here')
    expect(here.router.ownerOf('board:1')).toEqual({ kind: 'here', slot: slotOf('board:1'), term: 4 })
    expect(await here.router.route('board:1', routes(moved))).toBe('here, term 4')
    const there = routerOver('there')
    expect(await there.router.route('board:1', { here: () => '', there: ({ node }, slot) => `${node} has ${slot}` })).toBe(
      `b has ${slotOf('board:1')}`,
    )
    expect([here.looks(), there.looks()]).toEqual([0, 0])
  })

  test('[N11] what has moved is looked up once more and tried again, once', async () => {
    const { router, looks } = routerOver('there', 'here')
    expect(await router.route('board:1', routes(moved))).toBe('here, term 4')
    expect(looks()).toBe(1)
    const still = routerOver('there')
    let asked = 0
    const failing = still.router.route(
      'board:1',
      routes(() => {
        asked++
        return moved()
      }),
    )
    await expect(failing).rejects.toMatchObject({ code: 100, temporary: true })
    expect([asked, still.looks()]).toEqual([2, 1])
  })

  test('[N11] a key without an owner is looked up once, and then refused for the moment', async () => {
    expect(await routerOver('nobody', 'here').router.route('board:1', routes(moved))).toBe('here, term 4')
    await expect(routerOver('nobody').router.route('board:1', routes(moved))).rejects.toMatchObject({ code: 100, temporary: true })
  })

  test('[Y65] what has moved is refused for the moment where the lease store does not answer', async () => {
    const leases = {
      termOf: () => undefined,
      ownerOf: () => ({ node: 'b', address: 'ws://b' }),
      refresh: () => Promise.reject(new Error('the lease store does not answer')),
      settled: async () => undefined,
      atRest: async () => undefined,
    }
    await expect(new SlotRouter(leases, 'a').route('board:1', routes(moved))).rejects.toMatchObject({ code: 100, temporary: true })
  })

  test('[N11] any other failure of the owner is its answer', async () => {
    const { router, looks } = routerOver('there')
    const refused = router.route('board:1', {
      here: () => '',
      there: () => {
        throw new CommandError({ code: 103, message: 'permission denied' })
      },
    })
    await expect(refused).rejects.toMatchObject({ code: 103 })
    expect(looks()).toBe(0)
  })

  test('[N10] a node that is asked for what it does not own says that it has moved', async () => {
    expect(await routerOver('here').router.serve('board:1', ({ term }) => term)).toBe(4)
    await expect(routerOver('there').router.serve('board:1', () => 1)).rejects.toMatchObject({ code: 421 })
    await expect(routerOver('nobody').router.serve('board:1', () => 1)).rejects.toMatchObject({ code: 421 })
  })
})
