export type { Child } from './child.ts'
export { Children, type ChildrenContext } from './children.ts'
export { type Connector, connectByWebSocket } from './connector.ts'
export { ControlLog } from './control-log.ts'
export { Fleet, type FleetOptions, type FleetPlace } from './fleet.ts'
export { type HostFigures, HostStats } from './host-stats.ts'
export type { Link, LinkSocket } from './link.ts'
export type { LinkEnd, LinkListener } from './link-listener.ts'
export { type OwnedCall, OwnedCalls, type OwnershipListener } from './owned-calls.ts'
export {
  type ClusterMember,
  type Fence,
  type Lease,
  type LeaseStore,
  Leases,
  type LeasesEvents,
  type LivingMember,
  leaseFence,
  loadMax,
  MemoryLeaseStore,
  movedError,
  type Owner,
  type Placement,
  PostgresLeaseStore,
  type PostgresLeaseStoreOptions,
  placementMigrations,
  placeSlots,
  type Routes,
  type RowFence,
  SlotRouter,
  type SlotTerm,
  slotCount,
  slotOf,
  ttlDefaultMs,
  type Watching,
} from './placement/index.ts'
export { linkCloses, protocol, type TakenWatch, type WatchChange, type Welcome } from './protocol.ts'
export { reachNode } from './reach-node.ts'
export { Relay, type RelayContext } from './relay.ts'
export { RelayBroker } from './relay-broker.ts'
export { RelayPresence } from './relay-presence.ts'
export type { NodeCounts, NodeReport, NodeRole } from './report.ts'
export { Single, type SingleOptions } from './single.ts'
export { type Respondent, survey } from './survey.ts'
export { type FleetFigures, type FleetMember, Topology, type Trouble } from './topology.ts'
export { notReady, type OpenExchange, type Route, type TopologyHost, type TopologyOptions } from './topology-host.ts'
export { type Parent, Tree, type TreeOptions } from './tree.ts'
export { upgradeLink } from './upgrade-link.ts'
export { patienceMs, Uplink } from './uplink.ts'
export { UpstreamBroker } from './upstream-broker.ts'
