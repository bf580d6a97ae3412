import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SimClock } from '../../../sim/core/clock.ts'
import { seededRandom } from '../../kit/index.ts'
import { CommandError, errors, Publication } from '../../protocol/index.ts'
import { type Broker, type HistoryPage, type HistoryQuery, subscribeAndRead } from '../contracts/broker.ts'
import { Feed, type FeedTarget } from './feed.ts'

const epoch = 'e'
const at = (offset: number, data = offset) => new Publication({ data, offset })
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => at(from + index))
const pageTo = (top: number, since = 0, first = 1): HistoryPage => ({
  position: { epoch, offset: top },
  publications: range(Math.max(first, since + 1), top),
  complete: since + 1 >= first,
  state: [],
})

/** A broker whose answers are given by hand, and what a channel made of them. */
class Stage implements FeedTarget {
  readonly clock = new SimClock()
  readonly applied: number[] = []
  readonly restated: (readonly Publication[])[] = []
  readonly queries: HistoryQuery[] = []
  readonly #answers: { resolve: (page: HistoryPage) => void; reject: (error: unknown) => void }[] = []
  subscribed = 0
  lost = 0
  readonly feed: Feed

  constructor(healMax = 100) {
    const unused = () => Promise.reject(new Error('not asked for'))
    const broker: Broker = {
      open: (channel, query) => subscribeAndRead(broker, channel, query),
      publish: unused,
      announce: unused,
      removeHistory: unused,
      control: unused,
      close: unused,
      subscribe: async () => void this.subscribed++,
      unsubscribe: async () => void this.subscribed--,
      history: (_, query) => {
        this.queries.push(query)
        return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }))
      },
    }
    this.feed = new Feed('chat:1', { broker, clock: this.clock, random: seededRandom(1), healMax }, this)
    this.feed.open().catch(() => undefined)
    this.clock.settle()
  }

  begin(page: HistoryPage): void {
    this.replaceState(page.state)
  }

  apply({ offset }: Publication): void {
    this.applied.push(offset)
  }

  replaceState(state: readonly Publication[]): void {
    this.restated.push(state)
  }

  onGap(): void {
    this.lost++
  }

  answer(page: HistoryPage): void {
    this.#answers.shift()?.resolve(page)
    this.clock.settle()
  }

  fail(): void {
    this.#answers.shift()?.reject(new CommandError(errors.internal))
    this.clock.settle()
  }

  receive(...offsets: number[]): void {
    for (const offset of offsets) this.feed.receive(at(offset), epoch)
  }

  static openAt(top: number, healMax?: number): Stage {
    const stage = new Stage(healMax)
    stage.answer(pageTo(top))
    return stage
  }
}

describe('Feed', () => {
  test('[U24] whatever is dropped, doubled and reordered on the way, everyone gets everything once and in order', () => {
    const deliveries = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 40 })
    fc.assert(
      fc.property(deliveries, fc.integer({ min: 0, max: 3 }), (order, answerEvery) => {
        const stage = Stage.openAt(0)
        let top = 0
        for (const [index, offset] of order.entries()) {
          top = Math.max(top, offset)
          stage.receive(offset)
          if (answerEvery === 0 || index % answerEvery === 0) stage.answer(pageTo(top, stage.queries.at(-1)?.since?.offset))
        }
        for (let left = 20; left > 0; left--) {
          stage.feed.verify()
          stage.answer(pageTo(12, stage.queries.at(-1)?.since?.offset))
          stage.clock.advance(5000)
        }
        expect(stage.applied).toEqual(range(1, 12).map(({ offset }) => offset))
        expect(stage.lost).toBe(0)
      }),
    )
  })

  test('[U24] what comes in while the channel opens is held, and put after what it opened with', () => {
    const stage = new Stage()
    stage.receive(4, 5, 6)
    stage.answer(pageTo(4))
    expect(stage.applied).toEqual([5, 6])
  })

  test('[U24] a gap costs one question, and nothing overtakes the answer', () => {
    const stage = Stage.openAt(2)
    stage.receive(5, 6, 7)
    expect(stage.applied).toEqual([])
    expect(stage.queries.slice(1)).toEqual([{ since: { epoch, offset: 2 }, limit: 100 }])
    stage.answer(pageTo(6, 2))
    expect(stage.applied).toEqual([3, 4, 5, 6, 7])
  })

  test('[U24] publications without a place pass at once, and are held with the others while a gap is healed', () => {
    const stage = Stage.openAt(2)
    stage.receive(0)
    stage.receive(4, 0)
    expect(stage.applied).toEqual([0])
    stage.answer(pageTo(4, 2))
    expect(stage.applied).toEqual([0, 3, 4, 0])
  })

  test('[U25] what no history has any more makes all start again from where the channel is', () => {
    const stage = Stage.openAt(2)
    stage.receive(9)
    stage.answer(pageTo(9, 2, 7))
    expect([stage.lost, stage.applied, stage.feed.position.offset]).toEqual([1, [], 9])
    stage.receive(10)
    expect(stage.applied).toEqual([10])
  })

  test('[U25] a new epoch makes all start again, and what is held of the old one is dropped', () => {
    const stage = Stage.openAt(2)
    stage.feed.receive(at(1), 'new')
    stage.receive(3)
    stage.answer({ position: { epoch: 'new', offset: 1 }, publications: [], complete: false, state: [] })
    expect([stage.lost, stage.applied, stage.feed.position]).toEqual([1, [], { epoch: 'new', offset: 1 }])
  })

  test('[U25] a page that calls itself complete and does not continue is not believed', () => {
    for (const publications of [[at(4), at(5)], [at(3), at(5)], [at(3), at(4)], []]) {
      const stage = Stage.openAt(2)
      stage.receive(5)
      stage.answer({ position: { epoch, offset: 5 }, publications, complete: true, state: [] })
      expect([stage.lost, stage.applied]).toEqual([1, []])
    }
  })

  test('[U26] a question that fails is asked again at growing distances until it is answered', () => {
    const stage = Stage.openAt(2)
    stage.receive(4)
    for (let left = 6; left > 0; left--) {
      stage.fail()
      stage.clock.advance(5000)
    }
    expect(stage.queries.length).toBe(8)
    stage.answer(pageTo(4, 2))
    expect(stage.applied).toEqual([3, 4])
  })

  test('[U26] a history that never shows what must have been is not asked at once for ever', () => {
    const stage = Stage.openAt(2)
    stage.receive(9)
    for (let left = 1000; left > 0; left--) stage.answer(pageTo(2, 2))
    expect(stage.queries.length).toBeLessThan(10)
  })

  test('[U26] a loss at the end of the channel shows when it is asked for', () => {
    const stage = Stage.openAt(2)
    stage.feed.verify()
    stage.feed.verify()
    expect(stage.queries.length).toBe(2)
    stage.answer(pageTo(4, 2))
    expect(stage.applied).toEqual([3, 4])
  })

  test('[U26] what is held is bounded, and what the bound cost is healed afterwards', () => {
    const stage = Stage.openAt(0, 5)
    stage.receive(2, ...range(3, 20).map(({ offset }) => offset))
    stage.answer(pageTo(2, 0))
    expect(stage.applied).toEqual([1, 2, 3, 4, 5, 6])
    stage.receive(21)
    expect(stage.queries.length).toBe(3)
  })

  test('[U26] the state of what has no place is put right with every answer', () => {
    const stage = Stage.openAt(2)
    const state = [new Publication({ data: 'newest', key: 'a', lane: 'stats' })]
    stage.feed.verify()
    stage.answer({ ...pageTo(2, 2), state })
    expect(stage.restated.at(-1)).toEqual(state)
  })

  test('[U26] a channel that cannot be opened is not left subscribed, and a closed one takes nothing more', () => {
    const failed = new Stage()
    failed.fail()
    expect(failed.subscribed).toBe(0)
    const stage = Stage.openAt(2)
    stage.receive(4)
    stage.feed.close()
    stage.answer(pageTo(4, 2))
    stage.receive(3)
    expect(stage.applied).toEqual([])
  })
})
