import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Publication } from '../../protocol/index.ts'
import { reconcile } from './reconcile.ts'

const epoch = 'e'
const at = (offset: number) => new Publication({ data: offset, offset })
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => at(from + index))
const offsets = (publications: readonly Publication[] | undefined) => publications?.map(({ offset }) => offset)

/** A channel whose client saw up to `since`; history was read up to `read`, and by the end `live` had come in. */
const race = fc
  .tuple(fc.nat(20), fc.nat(10), fc.nat(10), fc.nat(10), fc.nat(5))
  .map(([since, missed, during, overlap, kept]) => ({ since, read: since + missed, live: since + missed + during, overlap, kept }))

describe('reconcile', () => {
  test('[U23] history and what came in while it was read join to everything missed, in order, each once, however they overlap', () => {
    fc.assert(
      fc.property(race, ({ since, read, live, overlap }) => {
        const page = { position: { epoch, offset: read }, publications: range(since + 1, read), complete: true, state: [] }
        const queued = range(Math.max(1, read - overlap), live)
        const missed = reconcile({ epoch, offset: since }, page, queued, { epoch, offset: live })
        expect(offsets(missed)).toEqual(offsets(range(since + 1, live)))
      }),
    )
  })

  test('[U23] it is all or nothing: any publication that is missing makes it nothing', () => {
    fc.assert(
      fc.property(race, fc.nat(), ({ since, read, live }, which) => {
        if (live === since) return
        const lost = since + 1 + (which % (live - since))
        const page = {
          position: { epoch, offset: read },
          publications: range(since + 1, read).filter(({ offset }) => offset !== lost),
          complete: true,
          state: [],
        }
        const queued = range(read + 1, live).filter(({ offset }) => offset !== lost)
        expect(reconcile({ epoch, offset: since }, page, queued, { epoch, offset: live })).toBeUndefined()
      }),
    )
  })

  test('[U23] a part of the history, another epoch or a position ahead of it recover nothing; an empty epoch means whichever', () => {
    const page = { position: { epoch, offset: 3 }, publications: range(2, 3), complete: true, state: [] }
    const live = { epoch, offset: 3 }
    expect(offsets(reconcile({ epoch: '', offset: 1 }, page, [], live))).toEqual([2, 3])
    expect(reconcile({ epoch: 'old', offset: 1 }, page, [], live)).toBeUndefined()
    expect(reconcile({ epoch, offset: 1 }, { ...page, complete: false }, [], live)).toBeUndefined()
    expect(reconcile({ epoch, offset: 1 }, page, [], { epoch: 'new', offset: 3 })).toBeUndefined()
    expect(reconcile({ epoch, offset: 9 }, { ...page, publications: [] }, [], live)).toBeUndefined()
  })
})
