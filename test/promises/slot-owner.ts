import { Leases, leaseFence, movedError, PostgresLeaseStore, SlotRouter, type SlotTerm } from '../../src/cluster/index.ts'
import { systemClock } from '../../src/kit/index.ts'
import { CommandError } from '../../src/protocol/index.ts'
import { openSql } from '../../src/store/index.ts'
import type { Asked, Told } from './slot-contest.ts'

/**
 * A node as far as owning slots goes, in a process of its own: it acknowledges writes about keys that it owns, once they are in Postgres under
 * its term. Ends by SIGTERM: it gives its slots to others first.
 */
const [node = '', url = '', ttl = ''] = process.argv.slice(2)
const ttlMs = Number(ttl)
const sql = await openSql(url)
const store = new PostgresLeaseStore({ url, clock: systemClock, ttlMs })
const leases = new Leases(
  { clock: systemClock, store, member: { node, address: `ws://${node}` }, ttlMs },
  { gained: () => undefined, lost: () => undefined, moved: () => undefined, failed: () => undefined },
)
const router = new SlotRouter(leases, node)

async function write(key: string, n: number, { slot, term }: SlotTerm): Promise<SlotTerm> {
  await sql.transaction(async tx => {
    if (!(await leaseFence.holds(tx, { slot, term }))) throw new CommandError(movedError)
    await tx.run('insert into entry (slot, term, writer, name, n) values (?1, ?2, ?3, ?4, ?5)', slot, term, node, key, n)
  })
  return { slot, term }
}

function tell(told: Told): void {
  process.send?.(told)
}

process.on('message', ({ id, key, n }: Asked) => {
  router
    .serve(key, owned => write(key, n, owned))
    .then(
      ({ slot, term }) => tell({ id, slot, term }),
      (error: unknown) => tell({ id, error: error instanceof Error ? error.message : String(error) }),
    )
})

process.on('SIGTERM', () => {
  void leases
    .drain()
    .then(() => leases.close())
    .then(() => process.exit(0))
})

await leases.begin().catch(() => undefined)
tell({ id: 0 })
