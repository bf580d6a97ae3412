export type { AccessRequest, Authorizer, Grant, OwnCodeOptions } from './access/access.ts'
export { type Identity, permits, type ServerSubscription, type SubscriptionGrant, type Verified, type Verifier } from './access/identity.ts'
export { type Principal, principalOf } from './access/principal.ts'
export { isOver, keyOf, type NumberedRevocation, type Revocation, Revocations, type TokenMark } from './access/revocations.ts'
export { type LimitReport, limitReportMs, SharedLimits } from './access/shared-limits.ts'
export type { Channel } from './channel/channel.ts'
export { endedMeanwhile } from './channel/pending-grants.ts'
export { openSubscription, type PendingSubscription } from './channel/pending-subscription.ts'
export type { PersonalChannel } from './channel/personal-channel.ts'
export { PresenceList } from './channel/presence-list.ts'
export { checkPublicationSize } from './channel/publication-size.ts'
export type {
  Broker,
  BrokerMessage,
  BrokerSink,
  Control,
  Exchange,
  HistoryPage,
  HistoryQuery,
  PublishOptions,
  SessionControl,
  SubscribeControl,
} from './contracts/broker.ts'
export { subscribeAndRead } from './contracts/broker.ts'
export type { HistoryEntry, HistoryLog, StoredStream } from './contracts/history-log.ts'
export type { HistoryProvider } from './contracts/history-provider.ts'
export type { AskingHooks, HookAnswer, HookClient, LifecycleEvent } from './contracts/hooks.ts'
export { type Log, silentLog } from './contracts/log.ts'
export { isOlder, type Presence, type PresenceStats, type PresenceVersion, presenceLeaseMs } from './contracts/presence.ts'
export type { Bytes, Socket, SocketGroup } from './contracts/socket.ts'
export {
  defineNamespace,
  deliveries,
  NamespaceError,
  type NamespaceInput,
  namespaceFrom,
  namespaceProblems,
  namespacesOf,
  readNamespace,
} from './delivery/define.ts'
export { type Delivery, deliveryKind, plain, type Spelling } from './delivery/delivery.ts'
export { type Namespace, type NamespaceFields, Namespaces, namespaceRules } from './delivery/namespace.ts'
export { BoundedTail } from './delivery/state/bounded-tail.ts'
export type { StateRow, StateStore } from './delivery/state/state-store.ts'
export { unpaced } from './delivery/state/unpaced.ts'
export { Frame, pushFrame } from './fanout/frame.ts'
export { type Holder, UnsentBytes } from './fanout/unsent-bytes.ts'
export { protobufWire, sseWire, type Wire, websocketWire } from './fanout/wire.ts'
export { Feed, type FeedTarget } from './feed/feed.ts'
export type { Following } from './feed/following.ts'
export { History, hasPlace, publicationOf } from './feed/history.ts'
export { partAt } from './feed/parted-page.ts'
export { bytesPerCharacter, defaultLimits, type Limits, namespaceBounds, positionBytes, type Rate } from './limits.ts'
export { Node } from './node.ts'
export { callsMax } from './session/call-line.ts'
export { type CommandContext, type CommandMethod, type OwnedKey, payerOf, type RunningContext } from './session/command-method.ts'
export { completeAll, type Identified, identify } from './session/commands/connect.ts'
export { type ConnectHandler, inTime, type ServerSideSubscription, type ServerSideSubscriptions } from './session/connect-handlers.ts'
export { Heartbeat } from './session/heartbeat.ts'
export { full } from './session/room.ts'
export { weightMax } from './session/service-calls.ts'
export { Session } from './session/session.ts'
export { type PushedPublication, pushTo, type SessionPush } from './session/session-push.ts'
