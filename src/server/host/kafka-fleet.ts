import type { FleetContext, OpenFleet } from './fleets.ts'
import { StartError } from './start-error.ts'

/** Logs in Kafka, leases in Postgres. @throws StartError */
export async function openKafkaFleet({ config }: FleetContext): Promise<OpenFleet> {
  throw new StartError('broker', `${config.broker} cannot be opened yet`)
}
