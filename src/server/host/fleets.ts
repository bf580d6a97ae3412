import type { FleetPlace } from '../../cluster/index.ts'
import type { Log } from '../../hub/index.ts'
import type { Clock, Random } from '../../kit/index.ts'
import { type Config, schemeOf } from '../config/index.ts'
import type { Metric } from '../ops/metric.ts'
import type { ServiceRows } from './service-rows.ts'

/** The means to open what the nodes of a fleet share. */
export interface FleetContext {
  readonly config: Config
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The rows that the nodes share. */
  readonly rows: ServiceRows
}

/** What the nodes of a fleet share, as one node has it open. */
export interface OpenFleet {
  readonly place: Omit<FleetPlace, 'address'>
  /** Figures of what it is opened with. */
  readonly metrics?: readonly Metric[]
  close(): Promise<void>
}

/** @throws StartError with the option that names what cannot be opened */
export type FleetOpener = (context: FleetContext) => Promise<OpenFleet>

/** By the scheme of the URL that `broker` gives. */
export type FleetOpeners = Readonly<Record<string, FleetOpener>>

/** Loaded late: whoever needs no Kafka does without its client. */
const kafka: FleetOpener = async context => (await import('./kafka-fleet.ts')).openKafkaFleet(context)

/** Those that ship. */
export const fleets = { kafka, kafkas: kafka } satisfies FleetOpeners

/** Opens what this node shares with others of the same standing; undefined for one that has none. A relay shares its parent's. */
export async function openFleet(context: FleetContext, others: FleetOpeners): Promise<OpenFleet | undefined> {
  const { broker, upstreams } = context.config
  const openers: FleetOpeners = { ...fleets, ...others }
  const open = openers[schemeOf(broker)]
  return upstreams.length > 0 || open === undefined ? undefined : await open(context)
}
