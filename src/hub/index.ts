export { Access, type AccessRequest, type Action, type Authorizer, type Grant, type OwnCodeOptions } from './access.ts'
export { type Admission, admit, type SubscribeRequest } from './admission.ts'
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
} from './broker.ts'
export { subscribeAndRead } from './broker.ts'
export { callsMax } from './call-line.ts'
export { weightMax } from './calls.ts'
export type { Channel } from './channel.ts'
export { completeAll, type Identified, identify } from './commands/connect.ts'
export { Counters } from './counters.ts'
export {
  type DeliveryName,
  defineNamespace,
  deliveries,
  type InputFor,
  NamespaceError,
  type NamespaceInput,
  type NamespaceProblem,
  namespaceFrom,
  namespaceProblems,
  namespacesOf,
  readNamespace,
} from './delivery/define.ts'
export { type Delivery, deliveryKind, plain, type Spelling } from './delivery/delivery.ts'
export { Feed, type FeedContext, type FeedTarget } from './feed.ts'
export type { Following } from './following.ts'
export { Frame, pushFrame } from './frame.ts'
export { type GreetedSubscription, type Greeter, Greeters, type Greeting, inTime } from './greeting.ts'
export { Heartbeat } from './heartbeat.ts'
export { History } from './history.ts'
export type { HistoryLog, LogEntry, StoredStream } from './history-log.ts'
export type { HistoryProvider } from './history-provider.ts'
export type {
  AskingClient,
  AskingHooks,
  HookAnswer,
  HookClient,
  LifecycleEvent,
  LifecycleListener,
  PublishHookResult,
  SubscribeHookResult,
} from './hooks.ts'
export {
  type Capability,
  type Identity,
  type Permission,
  permits,
  type ServerSubscription,
  type SubscriptionGrant,
  type Verified,
  type Verifier,
} from './identity.ts'
export { bytesPerCharacter, defaultLimits, type Limits, namespaceBounds, positionBytes, type Rate } from './limits.ts'
export { type Log, silentLog } from './log.ts'
export { type Namespace, type NamespaceFields, type NamespaceRules, Namespaces, namespaceRules } from './namespace.ts'
export { type CommandContext, type CommandMethod, Node, type NodeOptions, payerOf, type RunningContext } from './node.ts'
export { partAt } from './parted-page.ts'
export { endedMeanwhile } from './pending-subscriptions.ts'
export type { PersonalChannel } from './personal-channel.ts'
export { isOlder, type Presence, type PresenceStats, presenceLeaseMs, type Turns } from './presence.ts'
export { PresenceList } from './presence-list.ts'
export { type Principal, principalOf } from './principal.ts'
export { checkPublicationSize } from './publication-size.ts'
export { isOver, keyOf, type NumberedRevocation, type Revocation, Revocations, type TokenMark } from './revocations.ts'
export { full } from './room.ts'
export { Session } from './session.ts'
export { type PushedPublication, pushTo, type SessionPush } from './session-push.ts'
export { messageFrame } from './sessions.ts'
export type { Bytes, Socket, SocketGroup } from './socket.ts'
export { BoundedTail } from './state/bounded-tail.ts'
export { KeyedState } from './state/keyed-state.ts'
export { LatestValue } from './state/latest-value.ts'
export { Pacers } from './state/pacer.ts'
export type { StateStore } from './state/state-store.ts'
export { type Holder, UnsentBytes } from './unsent-bytes.ts'
export { protobufWire, sseWire, type Wire, websocketWire } from './wire.ts'
