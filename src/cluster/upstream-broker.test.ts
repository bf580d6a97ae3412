import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { MemoryBroker } from '../broker/index.ts'
import { defaultLimits, defineNamespace, type HistoryQuery, Namespaces } from '../hub/index.ts'
import { type Json, seededRandom } from '../kit/index.ts'
import { protocol } from './protocol.ts'
import { UpstreamBroker } from './upstream-broker.ts'
import { toWirePage } from './wire.ts'

const kept = defineNamespace({ name: 'kept', historySize: 4000, historyTtlMs: 60_000 })

async function withHistory(count: number, data: (n: number) => Json = n => n) {
  const clock = new SimClock()
  const options = { clock, random: seededRandom(1), namespaces: new Namespaces([kept]), limits: defaultLimits }
  const memory = new MemoryBroker(options, { deliver() {}, control() {}, mayHaveMissed() {}, removed() {} })
  for (let n = 1; n <= count; n++) await memory.publish('kept:1', data(n), {})
  const queries: HistoryQuery[] = []
  const said: string[] = []
  let between = async () => undefined as unknown
  const broker = new UpstreamBroker({
    notify: ({ name }) => said.push(name),
    async request({ name, output }, input) {
      said.push(name)
      const { channel, query } = protocol.history.input.parse(input)
      queries.push(query)
      const page = toWirePage(await memory.history(channel, query))
      await between()
      return output.parse(page)
    },
  })
  return {
    memory,
    broker,
    queries,
    said,
    meanwhile: (run: () => Promise<unknown>) => {
      between = run
    },
  }
}

const offsets = (page: { publications: readonly { offset: number }[] }) => page.publications.map(({ offset }) => offset)
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)

describe('history from upstream', () => {
  test('[T12] a long history comes in pages and is whole', async () => {
    const { broker, queries, memory } = await withHistory(3500)
    const { epoch } = (await memory.history('kept:1', { limit: 0 })).position
    const tail = await broker.history('kept:1', { limit: -1 })
    expect(offsets(tail)).toEqual(range(1, 3500))
    expect(queries).toHaveLength(4)
    const since = await broker.history('kept:1', { since: { epoch, offset: 1000 }, limit: 5000 })
    expect(offsets(since)).toEqual(range(1001, 3500))
    expect(since.complete).toBe(true)
    const some = await broker.history('kept:1', { since: { epoch, offset: 1000 }, limit: 1500 })
    expect(offsets(some)).toEqual(range(1001, 2500))
    expect(some.complete).toBe(false)
  })

  test('[T12] publications that are large come in as many pages as they need', async () => {
    const { broker, queries } = await withHistory(60, n => ({ n, text: 'x'.repeat(60_000) }))
    const tail = await broker.history('kept:1', { limit: -1 })
    expect(offsets(tail)).toEqual(range(1, 60))
    expect(queries.length).toBeGreaterThan(2)
    const since = await broker.history('kept:1', { since: { ...tail.position, offset: 10 }, limit: 5000 })
    expect([offsets(since), since.complete]).toEqual([range(11, 60), true])
  })

  test('[T12] what is published between two pages is part of it', async () => {
    const { broker, memory, meanwhile } = await withHistory(1500)
    let more = 300
    meanwhile(async () => {
      if (more-- > 0) await memory.publish('kept:1', 'more', {})
    })
    const tail = await broker.history('kept:1', { limit: -1 })
    expect(offsets(tail)).toEqual(range(1, tail.position.offset))
  })

  test('[T12] a history that moves on under the reader gives its end, without a hole, and says that it is not complete', async () => {
    const { broker, memory, meanwhile } = await withHistory(4000)
    const { epoch } = (await memory.history('kept:1', { limit: 0 })).position
    let done = false
    meanwhile(async () => {
      if (done) return
      done = true
      for (let n = 0; n < 2000; n++) await memory.publish('kept:1', 'more', {})
    })
    const page = await broker.history('kept:1', { since: { epoch, offset: 0 }, limit: -1 })
    expect(page.complete).toBe(false)
    expect(offsets(page)).toEqual(range(2001, 6000))
  })

  test('[T15] a channel is opened by one question, and by nothing when that fails', async () => {
    const { broker, said, meanwhile } = await withHistory(1500)
    expect(offsets(await broker.open('kept:1', { limit: -1 }))).toEqual(range(1, 1500))
    expect(said.splice(0)).toEqual(['open', 'history'])
    expect((await broker.open('kept:1', { limit: 0 })).position.offset).toBe(1500)
    expect(said.splice(0)).toEqual(['open'])
    let pages = 0
    meanwhile(async () => {
      if (++pages === 2) throw new Error('the second page does not come')
    })
    expect(await broker.open('kept:1', { limit: -1 }).catch(({ message }: Error) => message)).toBe('the second page does not come')
    expect(said).toEqual(['open', 'history', 'unsubscribe'])
  })

  test('[T12] an empty history, one that was removed, and another epoch are one question', async () => {
    const { broker, memory, queries } = await withHistory(3)
    const { epoch } = (await memory.history('kept:1', { limit: 0 })).position
    const other = await broker.history('kept:1', { since: { epoch: 'other', offset: 1 }, limit: 5000 })
    expect(other.complete).toBe(false)
    await memory.removeHistory('kept:1')
    const removed = await broker.history('kept:1', { since: { epoch, offset: 1 }, limit: 5000 })
    expect([offsets(removed), removed.complete, removed.position.offset]).toEqual([[], false, 3])
    const ahead = await broker.history('kept:1', { since: { epoch, offset: 9 }, limit: 5000 })
    expect([offsets(ahead), ahead.complete]).toEqual([[], false])
    expect(queries).toHaveLength(3)
  })
})
