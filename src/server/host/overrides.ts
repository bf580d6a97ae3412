import type { Parent } from '../../cluster/index.ts'
import type { Log } from '../../hub/index.ts'
import type { Clock, Random } from '../../kit/index.ts'
import type { BrokerOpeners } from '../application/brokers.ts'
import type { Config } from '../config/index.ts'
import type { Service } from '../services/index.ts'
import type { FleetOpeners } from './fleets.ts'
import type { Shared } from './open-shared.ts'
import type { ServiceRows } from './service-rows.ts'

/** The surroundings of a server: the real ones unless said otherwise. */
export interface Overrides<S extends readonly Service[] = readonly Service[]> {
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
  /** Services that there are; `services` in the configuration says which of them run, all unless given. They start before the first client is let in. */
  readonly services?: S
  /** False to let no client in before `listen()`, so that a program can register its commands and authorizers first. */
  readonly listen?: boolean
  /** Makes it a relay of another node. */
  readonly parent?: Parent
  /** Brokers beside those that ship, by the scheme of their URL: `{ nats: open }` for `broker: 'nats://…'`. */
  readonly brokers?: BrokerOpeners
  /** The same of those that several equal nodes share: `{ valkey: open }` gives the logs and leases of `broker: 'valkey://…'`. */
  readonly fleets?: FleetOpeners
}

/** The nodes that a relay hangs on, by its configuration. */
export function parentOf({ upstreams, node, region }: Config): Parent | undefined {
  return upstreams.length === 0 ? undefined : { upstreams, secret: node.secret ?? '', role: 'relay', region }
}

/** The options of a new server. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly parent: Parent | undefined
  readonly brokers: BrokerOpeners
  readonly rows: ServiceRows
  readonly shared: Shared | undefined
}
