import type { Queries, Sql } from '../../../service.ts'

/** Places after `from`, up to `to`. */
export interface PlaceRange {
  readonly from: number
  readonly to: number
}

/**
 * Gives places in the order of all that comes into inboxes. Its row is held from the begin of a transaction to its end, on every node alike, so that
 * each transaction takes a stretch that begins where the one before it ended: whoever has seen one has seen all before it.
 */
export interface PlaceClock {
  /** The newest that was given. */
  readonly place: number
  readonly stretch: PlaceRange
  next(): number
  /** Writes down what was given. */
  keep(): Promise<void>
}

/** Places that a transaction takes at once; more, where it needs more. Those that it has no use for stay empty. */
const takenAtOnce = 1024

/** Milliseconds for which a node may hold the clock and say nothing: then Postgres ends its transaction, before others give up waiting for it. */
const silentMs = 3000

const taking = {
  sqlite: 'update chat_clock set place = place + ?1 where id = 1 returning place',
  postgres: `update chat_clock set place = place + ?1 where id = 1
    returning place, set_config('idle_in_transaction_session_timeout', '${silentMs}', true) as silent_ms`,
}

export async function takeClock(tx: Queries, dialect: Sql['dialect']): Promise<PlaceClock> {
  const [row] = await tx.all<{ place: number }>(taking[dialect], takenAtOnce)
  let to = row?.place ?? takenAtOnce
  const from = to - takenAtOnce
  let place = from
  return {
    get place() {
      return place
    },
    get stretch() {
      return { from, to }
    },
    next: () => ++place,
    async keep() {
      if (place <= to) return
      to = place
      await tx.run('update chat_clock set place = ?1 where id = 1', to)
    },
  }
}

/** The newest place that was committed. */
export async function placeNow(queries: Queries): Promise<number> {
  const [row] = await queries.all<{ place: number }>('select place from chat_clock where id = 1')
  return row?.place ?? 0
}
