import type { Position, Publication } from '../../protocol/index.ts'
import type { HistoryPage } from '../contracts/broker.ts'
import type { Delivery } from '../delivery/delivery.ts'

/** A publication, and when it happened. */
export interface Timed {
  readonly publication: Publication
  /** Unix milliseconds. */
  readonly atMs: number
}

/** How a channel stood at a moment, and what has come since, in order. */
export interface PartedPage {
  readonly position: Position
  /** Values that have not been replaced since. What they replaced is not known any more. */
  readonly state: readonly Publication[]
  readonly later: readonly Timed[]
}

/** Parts all that is kept of a channel at a moment, so that nothing that came later shows: neither in what it says nor in how much it is. */
export function partAt({ position, publications, state }: HistoryPage, untilMs: number, { places }: Delivery): PartedPage {
  let latestMs = 0
  // A clock that was set back does not change the order.
  const placed = publications.map(publication => {
    latestMs = Math.max(latestMs, publication.time)
    return { publication, atMs: latestMs }
  })
  const values = state.map(publication => ({ publication, atMs: publication.time }))
  const later = [...placed, ...values].filter(({ atMs }) => atMs > untilMs).toSorted((a, b) => a.atMs - b.atMs)
  const offset = offsetBefore(placed.find(({ atMs }) => atMs > untilMs) ?? values.find(({ atMs }) => atMs > untilMs && places === 'all'))
  return {
    position: { epoch: position.epoch, offset: offset ?? position.offset },
    state: values.filter(({ atMs }) => atMs <= untilMs).map(({ publication }) => publication),
    later,
  }
}

/** A value without a place of its own hides how many came before it, so that none are said to have. */
function offsetBefore(first: Timed | undefined): number | undefined {
  return first === undefined ? undefined : first.publication.after
}
