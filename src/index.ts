import { type Config, type ConfigInput, type Overrides, createServer as open, type Server, type Service } from './server/index.ts'

export type {
  AccessRequest,
  Authorizer,
  CommandContext,
  ConnectHandler,
  Grant,
  HistoryPage,
  HistoryProvider,
  HistoryQuery,
  LifecycleEvent,
  Namespace,
  NamespaceInput,
  OwnCodeOptions,
  PresenceStats,
  PublishOptions,
  PushedPublication,
  ServerSideSubscription,
  ServerSideSubscriptions,
  SubscribeControl,
} from './hub/index.ts'
export { defineNamespace, NamespaceError } from './hub/index.ts'
export { type Answer, type Json, type Jsonable, json } from './kit/index.ts'
export { CommandError, errors, type Position } from './protocol/index.ts'
export {
  type CommandOptions,
  type Config,
  ConfigError,
  type ConfigInput,
  type Overrides,
  type Server,
  type ServerEvent,
  type Service,
  type SignedRequest,
  type TokenOptions,
  verifySignature,
} from './server/index.ts'

/**
 * Starts a server that listens when the promise resolves.
 * @param config with the names of the documentation
 * @throws ConfigError with every problem, each as `path: reason`
 */
export const createServer: <const S extends readonly Service[] = readonly []>(
  config?: ConfigInput<S[number]> | Config,
  overrides?: Overrides<S>,
) => Promise<Server> = open
