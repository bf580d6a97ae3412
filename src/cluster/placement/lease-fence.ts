import type { RowFence } from './row-fence.ts'

/** How long a transaction may say nothing while it keeps others from taking a slot: its node may be stopped, or out of reach. */
const silentMs = 1000

const locking = `select set_config('idle_in_transaction_session_timeout', '${silentMs}', true) as silent_ms
  from cluster_lease where slot = ?1 and term = ?2 for share`

/**
 * The fence of leases in Postgres, for rows in the same database. It locks: behind a look alone, a take-over passes between the look and the
 * commit. Whoever takes a slot waits for the transactions that hold it, and reads what they left in a later statement: in the one that takes
 * the slot it would be missed.
 */
export const leaseFence: RowFence = {
  holds: async (queries, { slot, term }) => (await queries.all(locking, slot, term)).length > 0,
}
