import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Publication, type PublicationFields } from '../protocol/index.ts'
import type { Frame } from './frame.ts'
import { NewestSource } from './newest-source.ts'
import { TailSource } from './tail-source.ts'

function dataIn(frame: Frame | undefined): PublicationFields['data'][] {
  return (frame?.messages ?? []).map(message => JSON.parse(message).pub.data)
}

/** At each step either a publication comes or somebody looks. */
const steps = fc.array(fc.constantFrom('publish', 'look') as fc.Arbitrary<'publish' | 'look'>, { maxLength: 60 })

describe('NewestSource', () => {
  test('[U27] whoever looks gets the newest publication, once, and none before it', () => {
    fc.assert(
      fc.property(steps, history => {
        const source = new NewestSource('score:1', undefined)
        let seen = 0
        let newest = 0
        let last = 0
        for (const step of history) {
          if (step === 'publish') source.take(new Publication({ data: ++newest, offset: newest }))
          else {
            expect(dataIn(source.newsSince(seen))).toEqual(newest > last ? [newest] : [])
            seen = source.version
            last = newest
          }
        }
        expect(source.whole()).toBe(newest === 0 ? null : newest)
      }),
    )
  })

  test('[U27] a state that is the same is no news, and another one at the same place is', () => {
    const source = new NewestSource('score:1', undefined)
    source.take(new Publication({ data: 'old epoch', offset: 1 }))
    const { version } = source
    source.restate([new Publication({ data: 'old epoch', offset: 1 })])
    source.restate([])
    expect(source.version).toBe(version)
    source.restate([new Publication({ data: 'new epoch', offset: 1 })])
    expect(dataIn(source.newsSince(version))).toEqual(['new epoch'])
  })
})

describe('TailSource', () => {
  test('[U28] whoever looks gets what came since, in order, at most the last few, and memory holds no more', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (history, max) => {
        const source = new TailSource('game:1', max, undefined)
        let seen = 0
        let said = 0
        let last = 0
        for (const step of history) {
          if (step === 'publish') source.take(new Publication({ data: ++said, time: said }))
          else {
            const missed = Array.from({ length: said - last }, (_, index) => last + index + 1)
            expect(dataIn(source.newsSince(seen))).toEqual(missed.slice(-max))
            seen = source.version
            last = said
          }
          expect(source.snapshot().length).toBe(Math.min(said, max))
        }
      }),
    )
  })

  test('[U28] what a state brought is not said again when it arrives by itself', () => {
    const source = new TailSource('game:1', 5, undefined)
    const said = new Publication({ data: 'kick-off', time: 7 })
    source.restate([said])
    source.take(new Publication({ data: 'kick-off', time: 7 }))
    source.take(new Publication({ data: 'goal', time: 7 }))
    expect(source.whole()).toEqual(['kick-off', 'goal'])
  })

  test('[U28] news is encoded once for all who missed as much', () => {
    const source = new TailSource('game:1', 5, undefined)
    for (const time of [1, 2, 3]) source.take(new Publication({ data: time, time }))
    expect(source.newsSince(1)).toBe(source.newsSince(1))
    expect(dataIn(source.newsSince(1))).toEqual([2, 3])
  })
})
