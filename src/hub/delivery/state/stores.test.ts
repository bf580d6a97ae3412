import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Publication, type PublicationFields } from '../../../protocol/index.ts'
import type { Frame } from '../../fanout/frame.ts'
import { BoundedTail } from './bounded-tail.ts'
import { LatestValue } from './latest-value.ts'

function dataIn(frame: Frame | undefined): PublicationFields['data'][] {
  return (frame?.messages ?? []).map(message => JSON.parse(message).pub.data)
}

/** At each step either a publication comes or somebody looks. */
const steps = fc.array(fc.constantFrom('publish', 'look') as fc.Arbitrary<'publish' | 'look'>, { maxLength: 60 })

describe('LatestValue', () => {
  test('[U27] whoever looks gets the newest publication, once, and none before it', () => {
    fc.assert(
      fc.property(steps, history => {
        const store = new LatestValue('score:1', undefined)
        let seen = 0
        let newest = 0
        let last = 0
        for (const step of history) {
          if (step === 'publish') store.take(new Publication({ data: ++newest, offset: newest }))
          else {
            expect(dataIn(store.newsSince(seen))).toEqual(newest > last ? [newest] : [])
            seen = store.version
            last = newest
          }
        }
        expect(store.whole()).toBe(newest === 0 ? null : newest)
      }),
    )
  })

  test('[U27] a state that is the same is no news, and another one at the same place is', () => {
    const store = new LatestValue('score:1', undefined)
    store.take(new Publication({ data: 'old epoch', offset: 1 }))
    const { version } = store
    store.replaceState([new Publication({ data: 'old epoch', offset: 1 })])
    store.replaceState([])
    expect(store.version).toBe(version)
    store.replaceState([new Publication({ data: 'new epoch', offset: 1 })])
    expect(dataIn(store.newsSince(version))).toEqual(['new epoch'])
  })
})

describe('BoundedTail', () => {
  test('[U28] whoever looks gets what came since, in order, at most the last few, and memory holds no more', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (history, max) => {
        const store = new BoundedTail('game:1', max, undefined)
        let seen = 0
        let said = 0
        let last = 0
        for (const step of history) {
          if (step === 'publish') store.take(new Publication({ data: ++said, time: said }))
          else {
            const missed = Array.from({ length: said - last }, (_, index) => last + index + 1)
            expect(dataIn(store.newsSince(seen))).toEqual(missed.slice(-max))
            seen = store.version
            last = said
          }
          expect(store.snapshot().length).toBe(Math.min(said, max))
        }
      }),
    )
  })

  test('[U28] what a state brought is not said again when it arrives by itself', () => {
    const store = new BoundedTail('game:1', 5, undefined)
    const said = new Publication({ data: 'kick-off', time: 7 })
    store.replaceState([said])
    store.take(new Publication({ data: 'kick-off', time: 7 }))
    store.take(new Publication({ data: 'goal', time: 7 }))
    expect(store.whole()).toEqual(['kick-off', 'goal'])
  })

  test('[U28] news is encoded once for all who missed as much', () => {
    const store = new BoundedTail('game:1', 5, undefined)
    for (const time of [1, 2, 3]) store.take(new Publication({ data: time, time }))
    expect(store.newsSince(1)).toBe(store.newsSince(1))
    expect(dataIn(store.newsSince(1))).toEqual([2, 3])
  })
})
