import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SimClock } from '../../../sim/core/clock.ts'
import { seededRandom } from '../../kit/index.ts'
import { Publication } from '../../protocol/index.ts'
import { type Broker, type HistoryPage, type HistoryQuery, subscribeAndRead } from '../contracts/broker.ts'
import { defineNamespace } from '../delivery/define.ts'
import { Feed, type FeedTarget } from './feed.ts'
import { History } from './history.ts'
import { reconcile } from './reconcile.ts'

const epoch = 'e'
const namespace = (historySize: number) => defineNamespace({ name: 'log', historySize, historyTtlMs: 1000 })

/** Steps from one place to the next. */
const steps = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 30 })

/** Publications whose places are so far apart. */
function channelOf(gaps: readonly number[]): readonly Publication[] {
  let offset = 0
  return gaps.map((gap, index) => {
    const after = offset
    offset += gap
    return new Publication({ data: index, offset, after, time: 0 })
  })
}

const offsets = (publications: readonly Publication[] | undefined) => publications?.map(({ offset }) => offset)
const topOf = (publications: readonly Publication[]) => publications.at(-1)?.offset ?? 0

function historyOf(publications: readonly Publication[], size = 100): History {
  const history = new History('log:1', namespace(size), epoch)
  for (const publication of publications) history.append(publication, 0)
  return history
}

/** A channel that is heard with losses and repetitions, and heals from its history. */
class Listener implements FeedTarget {
  readonly heard: number[] = []
  readonly clock = new SimClock()
  readonly feed: Feed
  lost = 0
  asked = 0

  constructor(readonly history: History) {
    const unused = () => Promise.reject(new Error('not asked for'))
    const broker: Broker = {
      ...{ publish: unused, announce: unused, removeHistory: unused, control: unused, close: unused },
      subscribe: async () => undefined,
      unsubscribe: async () => undefined,
      open: (channel, query) => subscribeAndRead(broker, channel, query),
      history: async (_, query) => {
        this.asked++
        return history.page(query, 0)
      },
    }
    this.feed = new Feed('log:1', { broker, clock: this.clock, random: seededRandom(1), healMax: 100 }, this)
    void this.feed.open()
    this.clock.settle()
  }

  begin(): void {}

  apply({ offset }: Publication): void {
    this.heard.push(offset)
  }

  replaceState(): void {}

  onGap(): void {
    this.lost++
  }
}

describe('offsets that only grow', () => {
  test('[U71] a history gives everything after any place, whether a publication stands there or not, and says when it cannot', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 30 }), fc.nat(700), (gaps, size, since) => {
        const all = channelOf(gaps)
        const top = topOf(all)
        const kept = all.slice(-size)
        const page = historyOf(all, size).page({ since: { epoch, offset: since }, limit: -1 }, 0)
        expect(offsets(page.publications)).toEqual(offsets(kept.filter(({ offset }) => offset > since)))
        expect(page.position).toEqual({ epoch, offset: top })
        expect(page.complete).toBe(since <= top && all.filter(({ offset }) => offset > since).length === page.publications.length)
        const before = historyOf(all, size).page({ since: { epoch, offset: since }, limit: -1, reverse: true }, 0)
        expect(offsets(before.publications)).toEqual(offsets(kept.filter(({ offset }) => offset < since).reverse()))
      }),
    )
  })

  test('[U71] a restored tail says from which place on it can be recovered', () => {
    const all = channelOf([3, 4, 5])
    const history = new History('log:1', namespace(10), epoch)
    history.restore(12, 0, all.slice(1))
    const completeSince = (offset: number) => history.page({ since: { epoch, offset }, limit: -1 }, 0).complete
    expect([2, 3, 5, 12, 13].map(completeSince)).toEqual([false, true, true, true, false])
  })

  test('[U72] history and what came in meanwhile join to everything after a place, or to nothing where one is missing', () => {
    fc.assert(
      fc.property(steps, fc.nat(30), fc.nat(30), fc.nat(30), fc.option(fc.nat(29)), (gaps, seen, read, overlap, loss) => {
        const all = channelOf(gaps)
        const since = topOf(all.slice(0, seen))
        const page: HistoryPage = historyOf(all.slice(0, Math.max(seen, read))).page({ since: { epoch, offset: since }, limit: -1 }, 0)
        const missed = all.filter(({ offset }) => offset > since)
        const lost = loss === null ? undefined : missed[loss % Math.max(1, missed.length)]
        const queued = all.slice(Math.max(0, Math.max(seen, read) - overlap)).filter(publication => publication !== lost)
        const given = { ...page, publications: page.publications.filter(publication => publication !== lost) }
        const joined = reconcile({ epoch, offset: since }, given, queued, { epoch, offset: topOf(all) })
        expect(offsets(joined)).toEqual(lost === undefined ? offsets(missed) : undefined)
      }),
    )
  })

  test('[U73] whatever is lost, doubled or late, a feed takes everything once and in order, and asks only where something is missing', () => {
    const fates = fc.array(fc.constantFrom('comes', 'comes', 'lost', 'doubled', 'old'), { minLength: 30, maxLength: 30 })
    fc.assert(
      fc.property(steps, fates, (gaps, fate) => {
        const all = channelOf(gaps)
        const history = historyOf([])
        const listener = new Listener(history)
        for (const [index, publication] of all.entries()) {
          history.append(publication, 0)
          if (fate[index] !== 'lost') listener.feed.receive(publication, epoch)
          if (fate[index] === 'doubled') listener.feed.receive(publication, epoch)
          const [first] = all
          if (fate[index] === 'old' && first !== undefined) listener.feed.receive(first, epoch)
          listener.clock.settle()
        }
        const questions = listener.asked
        listener.feed.verify()
        listener.clock.settle()
        expect(listener.heard).toEqual(offsets(all) ?? [])
        expect(listener.lost).toBe(0)
        if (!fate.slice(0, all.length).includes('lost')) expect(questions).toBe(1)
      }),
    )
  })

  test('[U73] a predecessor that was never there is no part of the history: whoever needs all begins again', () => {
    const history = historyOf([])
    const listener = new Listener(history)
    history.append(new Publication({ data: 1, offset: 5, after: 0 }), 0)
    history.append(new Publication({ data: 2, offset: 9, after: 7 }), 0)
    const query: HistoryQuery = { limit: -1 }
    for (const publication of history.page(query, 0).publications) listener.feed.receive(publication, epoch)
    listener.clock.settle()
    expect([listener.heard, listener.lost]).toEqual([[5], 1])
  })
})
