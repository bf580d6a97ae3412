export type {
  AccessRequest,
  Authorizer,
  CommandContext,
  Grant,
  GreetedSubscription,
  Greeter,
  Greeting,
  HistoryPage,
  HistoryProvider,
  HistoryQuery,
  LifecycleEvent,
  Namespace,
  NamespaceInput,
  OwnCodeOptions,
  PublishOptions,
  PushedPublication,
} from './hub/index.ts'
export { defineNamespace, NamespaceError } from './hub/index.ts'
export type { Json } from './kit/index.ts'
export { CommandError, errors, type Position } from './protocol/index.ts'
export {
  type Config,
  ConfigError,
  type ConfigInput,
  createServer,
  type Server,
  type Service,
  type SignedRequest,
  verifySignature,
} from './server/index.ts'
