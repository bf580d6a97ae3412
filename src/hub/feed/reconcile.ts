import type { Position, Publication } from '../../protocol/index.ts'
import type { HistoryPage } from '../contracts/broker.ts'

/**
 * Joins what history says with what came in live while it was being read, as everything after `since`, in order, each once.
 * All or nothing: undefined when any publication between `since` and the newest known place is missing, or the epoch is another.
 * An empty epoch in `since` means "whichever": the client has seen nothing yet.
 */
export function reconcile(since: Position, page: HistoryPage, queued: readonly Publication[], live: Position): Publication[] | undefined {
  const { epoch } = page.position
  if (!page.complete || (since.epoch !== '' && since.epoch !== epoch) || live.epoch !== epoch) return undefined
  const missed: Publication[] = []
  let at = since.offset
  for (const publication of [...page.publications, ...queued]) {
    if (publication.offset <= at) continue
    if (publication.after > at) return undefined
    missed.push(publication)
    at = publication.offset
  }
  const top = Math.max(page.position.offset, live.offset)
  // A client that claims to be ahead of the history has a position from another life of it.
  return at === top ? missed : undefined
}
