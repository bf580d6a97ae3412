export {
  Application,
  type ApplicationConfig,
  type ApplicationDeps,
  type ApplicationOptions,
  type ApplicationStore,
} from './application/application.ts'
export type { BrokerOpeners } from './application/brokers.ts'
export type { TokenOptions } from './application/in-process.ts'
export {
  type Config,
  ConfigError,
  type ConfigInput,
  configure,
  OptionSet,
  option,
  type ReportProblem,
  resolveConfig,
} from './config/index.ts'
export { type SignedRequest, sign, signatureHeader, verifySignature } from './hooks/index.ts'
export { createServer } from './host/create-server.ts'
export type { FanfareServer } from './host/fanfare-server.ts'
export type { FleetContext, FleetOpener, FleetOpeners, OpenFleet } from './host/fleets.ts'
export { openKept } from './host/kept-file.ts'
export { createLog, logFormat } from './host/log.ts'
export { DataInUseError } from './host/open-history.ts'
export type { Overrides } from './host/overrides.ts'
export { checkSecretsOfParent, readSecrets, secretsPath, withSecrets } from './host/secrets.ts'
export { StartError } from './host/start-error.ts'
export { openApi } from './http/api/open-api.ts'
export { explainToken } from './identity/explain-token.ts'
export { type ConnectionClaims, type SubscriptionClaims, signToken, TokenVerifier } from './identity/tokens.ts'
export type { Metric } from './ops/metric.ts'
export type { Server } from './server.ts'
export type { CommandOptions, Page, ServerCalls, ServerEvent } from './server-calls.ts'
export {
  defineService,
  type NavigationEntry,
  type Owned,
  type OwnedMethod,
  type OwnedOptions,
  type Ownership,
  type RateLimit,
  type Service,
  type ServiceHost,
  type ServiceStore,
} from './services/index.ts'
export { version } from './version.ts'
