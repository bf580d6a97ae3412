import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { until } from '../kit/index.ts'
import { LeanStream } from './lean-stream.ts'
import { ProcessTree } from './process-tree.ts'

const channel = 'game:final'
const viewersPerEdge = 100
/** A moment between publications, in milliseconds. */
const apartMs = 20

let tree: ProcessTree
let viewers: LeanStream[] = []
let published = 0

beforeAll(async () => {
  tree = await ProcessTree.start()
})

afterAll(async () => {
  for (const viewer of viewers) viewer.stop()
  await tree?.[Symbol.asyncDispose]()
})

/** More viewers on every edge, who come back to the next one when theirs is gone. */
async function join(perEdge: number): Promise<void> {
  const ports = tree.edges.map(({ port }) => port)
  const joining = ports.flatMap((_, index) =>
    Array.from({ length: perEdge }, () => new LeanStream([...ports.slice(index), ...ports.slice(0, index)], channel)),
  )
  for (const viewer of joining) viewer.start()
  await until('they are in', () => joining.every(({ isOpen }) => isOpen))
  viewers = [...viewers, ...joining]
}

async function goal(): Promise<void> {
  await tree.publish({ channel, data: { n: ++published } })
}

/** So many goals, with a moment between them in which viewers come and go. */
async function goals(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await goal()
    await Bun.sleep(apartMs)
  }
}

async function allHave(offset: number): Promise<void> {
  await until(`all have ${offset}`, () => viewers.every(viewer => viewer.offset === offset))
  expect(viewers.flatMap(({ faults }) => faults)).toEqual([])
}

/** What so many goals cost between the nodes: one send into the central node, and what it and the others hand on. */
async function sendsFor(count: number): Promise<number> {
  const before = await tree.sent()
  for (let n = 0; n < count; n++) await goal()
  await allHave(published)
  return count + (await tree.sent()) - before
}

describe('central, three regional nodes and nine edges', () => {
  test('[S18][CD9] a goal is thirteen sends between nodes, for nine viewers as for nine hundred, and all have it', async () => {
    await join(1)
    expect(await sendsFor(1)).toBe(13)
    await join(viewersPerEdge - 1)
    expect(await sendsFor(1)).toBe(13)
    expect(await sendsFor(10)).toBe(130)
    expect(viewers.length).toBe(900)
    await until('they are counted at the top', async () => (await tree.rows()).find(({ role }) => role === 'central')?.viewersBelow === 900)
  })

  test('[R6] a regional node is killed among nine hundred viewers: none is disconnected, none misses a goal or sees one twice', async () => {
    const [victim] = tree.regionals
    await goals(10)
    victim?.signal('SIGKILL')
    await goals(30)
    await allHave(published)
    expect(viewers.filter(({ connections }) => connections > 1)).toEqual([])
    // Its edges hang on the next regional node: one send less, for the node that is gone.
    expect(await sendsFor(1)).toBe(12)
    await victim?.start()
  })

  test('[S14][CD10] an edge is killed: its viewers go on at another one from where they were', async () => {
    const [victim] = tree.edges
    const theirs = viewers.filter(({ ports }) => ports[0] === victim?.port)
    expect(theirs.length).toBe(viewersPerEdge)
    await goals(6)
    victim?.signal('SIGKILL')
    await goals(20)
    await until('they are back', () => theirs.every(({ isOpen, connections }) => isOpen && connections > 1))
    await allHave(published)
    expect(viewers.filter(viewer => !theirs.includes(viewer) && viewer.connections > 1)).toEqual([])
    await victim?.start()
  })

  test('[S10, S19][CD11] far more statistics than viewers are given hold up no goal', async () => {
    for (const viewer of viewers.splice(90)) viewer.stop()
    const keys = 20
    const before = viewers.map(({ low }) => low)
    const flood = new AbortController()
    const flooding = statistics(keys, flood.signal)
    await until('statistics arrive', () => viewers.every(({ low }, index) => low > (before[index] ?? 0)))
    const countedFrom = viewers.map(({ low }) => low)
    for (let n = 0; n < 80; n++) {
      await goal()
      await allHave(published)
    }
    flood.abort()
    const offered = await flooding
    const given = Math.max(...viewers.map(({ low }, index) => low - (countedFrom[index] ?? 0)))
    expect(offered).toBeGreaterThan(2 * given)
    await allHave(published)
  })
})

/** Publishes figures until it is aborted. @returns how many */
async function statistics(keys: number, signal: AbortSignal): Promise<number> {
  let count = 0
  while (!signal.aborted) {
    await tree.publish(
      ...Array.from({ length: keys }, (_, key) => ({ channel, lane: 'stats', key: `k${key}`, data: { count, text: 'x'.repeat(200) } })),
    )
    count += keys
    await Bun.sleep(apartMs)
  }
  return count
}
