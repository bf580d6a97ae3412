import {
  type Connector,
  Fleet,
  type FleetPlace,
  type Parent,
  Single,
  type Topology,
  type TopologyOptions,
  Tree,
} from '../../cluster/index.ts'
import type { HistoryLog } from '../../hub/index.ts'
import { type Config, ConfigError, schemeOf } from '../config/index.ts'
import { sameSecret } from '../identity/same-secret.ts'
import { type BrokerOpeners, brokers } from './brokers.ts'

export interface PlaceOptions extends Omit<TopologyOptions, 'limits' | 'secret' | 'isSecret'> {
  readonly config: Pick<Config, 'broker' | 'limits' | 'node'>
  /** The node that it hangs on; absent on the central node. */
  readonly parent: Parent | undefined
  /** What it shares with nodes of the same standing; absent for one that has none. */
  readonly fleet: FleetPlace | undefined
  /** Brokers beside those that ship, by scheme. */
  readonly brokers: BrokerOpeners
  /** Where namespaces with `history_store: disk` keep their histories. */
  readonly history: HistoryLog | undefined
  readonly connect: Connector
}

/** The place of a node among others, as it is configured. @throws ConfigError for a broker whose scheme nobody knows */
export function openTopology({ config, parent, fleet, brokers: others, history, connect, ...place }: PlaceOptions): Topology {
  const { secret } = config.node
  const isSecret = (given: string) => secret !== undefined && sameSecret(given, secret)
  const options = { ...place, limits: config.limits, secret, isSecret }
  if (parent !== undefined) return new Tree({ ...options, parent, connect })
  if (fleet !== undefined) return new Fleet({ ...options, ...fleet, connect })
  const openers: BrokerOpeners = { ...brokers, ...others }
  const open = openers[schemeOf(config.broker)]
  if (open === undefined) throw new ConfigError([`broker: nothing opens ${JSON.stringify(config.broker)}`])
  const { clock, random, namespaces, limits } = options
  const log = history === undefined ? {} : { log: history }
  return new Single({ ...options, openBroker: sink => open({ url: config.broker, clock, random, namespaces, limits, ...log }, sink) })
}
