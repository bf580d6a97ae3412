import type { RevocationRows } from '../application/kept-revocations.ts'
import { type FleetContext, type FleetOpeners, type OpenFleet, openFleet } from './fleets.ts'
import { revocationTables, SharedRevocations } from './shared-revocations.ts'

/** What a node shares with others of the same standing. */
export interface Shared {
  readonly fleet: OpenFleet
  /** Where they share rows: otherwise each has its own, and what is new is told by messages to all. */
  readonly revocations: RevocationRows | undefined
}

/** Undefined for a node that shares nothing. What was opened is closed where it fails. @throws StartError, SqlError */
export async function openShared(context: FleetContext, openers: FleetOpeners): Promise<Shared | undefined> {
  let fleet: OpenFleet | undefined
  try {
    fleet = await openFleet(context, openers)
    return fleet && { fleet, revocations: await openRevocations(context) }
  } catch (error) {
    await fleet?.close()
    await context.rows.close()
    throw error
  }
}

async function openRevocations({ config, log, rows }: FleetContext): Promise<RevocationRows | undefined> {
  return config.store.kind === 'postgres' ? await SharedRevocations.open(await rows.openFor(revocationTables), log) : undefined
}
