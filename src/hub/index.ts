export { Access, type AccessRequest, type Action, type Authorizer, type Grant, type OwnCodeOptions } from './access.ts'
export { type Admission, admit, type SubscribeRequest } from './admission.ts'
export type {
  Broker,
  BrokerSink,
  Control,
  Delivery as ChannelDelivery,
  Exchange,
  HistoryPage,
  HistoryQuery,
  PublishOptions,
  SessionControl,
  SubscribeControl,
} from './broker.ts'
export { weightMax } from './calls.ts'
export type { Channel } from './channel.ts'
export { completeAll, type Identified, identify } from './commands/connect.ts'
export { Counters } from './counters.ts'
export { Feed, type FeedContext, type FeedTarget } from './feed.ts'
export type { Following } from './following.ts'
export { Frame, pushFrame } from './frame.ts'
export { type GreetedSubscription, type Greeter, Greeters, type Greeting, inTime } from './greeting.ts'
export { Heartbeat } from './heartbeat.ts'
export { History } from './history.ts'
export type { HistoryLog, LogEntry, StoredStream } from './history-log.ts'
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
export type { HistoryKeeper } from './keeper.ts'
export { bytesPerCharacter, defaultLimits, type Limits, positionBytes, type Rate } from './limits.ts'
export { type Log, silentLog } from './log.ts'
export { Metronomes } from './metronome.ts'
export { type Delivery, defaultLanes, hasHistory, type Lane, type Namespace, Namespaces, namespaceDefaults } from './namespace.ts'
export { NewestSource } from './newest-source.ts'
export { type CommandContext, type CommandMethod, Node, type NodeOptions, payerOf, type RunningContext } from './node.ts'
export { partAt } from './parted-page.ts'
export { endedMeanwhile } from './pending-subscriptions.ts'
export type { PersonalChannel } from './personal-channel.ts'
export { isOlder, type Presence, type PresenceStats, presenceLeaseMs, type Turns } from './presence.ts'
export { type Principal, principalOf } from './principal.ts'
export { isOver, keyOf, type NumberedRevocation, type Revocation, Revocations, type TokenMark } from './revocations.ts'
export { full } from './room.ts'
export { Session } from './session.ts'
export { type PushedPublication, pushTo, type SessionPush } from './session-push.ts'
export { messageFrame } from './sessions.ts'
export type { Bytes, Socket, SocketGroup } from './socket.ts'
export type { Source } from './source.ts'
export { sourcesOf } from './sources.ts'
export { TableSource } from './table-source.ts'
export type { Holder } from './unsent-bytes.ts'
export { protobufWire, sseWire, type Wire, websocketWire } from './wire.ts'
