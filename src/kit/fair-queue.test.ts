import { describe, expect, test } from 'bun:test'
import { FairQueue } from './fair-queue.ts'

const bounds = { unitsMax: 1, unitsPerKeyMax: 1, waitingMax: 2000, waitingPerKeyMax: 1000 }

/** Enters and notes who began, in order. */
function enterAll(queue: FairQueue, order: string[], entries: readonly (readonly [key: string, name: string, units?: number])[]) {
  for (const [key, name, units] of entries) void queue.enter(key, units)?.then(() => order.push(name))
}

describe('a fair queue', () => {
  test('[K30] whoever asks once is served after one of a neighbour’s thousand, not after all of them', async () => {
    const queue = new FairQueue(bounds)
    const order: string[] = []
    enterAll(
      queue,
      order,
      Array.from({ length: 1000 }, (_, n) => ['mallory', `mallory ${n}`] as const),
    )
    enterAll(queue, order, [
      ['ada', 'ada 0'],
      ['bob', 'bob 0'],
      ['ada', 'ada 1'],
    ])
    await Promise.resolve()
    for (let n = 0; n < 6; n++) {
      const [key = ''] = (order.at(-1) ?? '').split(' ')
      queue.leave(key)
      await Promise.resolve()
    }
    expect(order).toEqual(['mallory 0', 'ada 0', 'bob 0', 'mallory 1', 'ada 1', 'mallory 2', 'mallory 3'])
  })

  test('[K31] one key has no more than its bound under way, and leaves the rest to others', async () => {
    const queue = new FairQueue({ ...bounds, unitsMax: 4, unitsPerKeyMax: 2 })
    const order: string[] = []
    enterAll(queue, order, [
      ['mallory', 'm0'],
      ['mallory', 'm1'],
      ['mallory', 'm2'],
      ['ada', 'a0'],
    ])
    await Promise.resolve()
    expect([order, queue.underWay, queue.waiting]).toEqual([['m0', 'm1', 'a0'], 3, 1])
    queue.leave('mallory')
    await Promise.resolve()
    expect([order, queue.underWay, queue.waiting]).toEqual([['m0', 'm1', 'a0', 'm2'], 3, 0])
  })

  test('[K31] a large entry waits for its room and is not passed by smaller ones of its key', async () => {
    const queue = new FairQueue({ ...bounds, unitsMax: 100, unitsPerKeyMax: 4 })
    const order: string[] = []
    enterAll(queue, order, [
      ['ada', 'small', 1],
      ['ada', 'large', 9],
      ['ada', 'behind', 1],
      ['bob', 'other', 4],
    ])
    await Promise.resolve()
    expect(order).toEqual(['small', 'other'])
    queue.leave('ada')
    await Promise.resolve()
    expect([order, queue.underWay]).toEqual([['small', 'other', 'large'], 8])
    queue.leave('ada', 9)
    await Promise.resolve()
    expect([order, queue.underWay]).toEqual([['small', 'other', 'large', 'behind'], 5])
  })

  test('[K31] beyond what may wait, of one key or of all, entries are turned away, and nothing is kept of keys that are done', () => {
    const queue = new FairQueue({ unitsMax: 1, unitsPerKeyMax: 1, waitingMax: 3, waitingPerKeyMax: 2 })
    const entered = (key: string) => queue.enter(key) !== undefined
    expect([entered('a'), entered('a'), entered('a'), entered('a')]).toEqual([true, true, true, false])
    expect([entered('b'), entered('b')]).toEqual([true, false])
    for (const key of ['a', 'a', 'a', 'b']) queue.leave(key)
    expect([queue.underWay, queue.waiting]).toEqual([0, 0])
  })
})
