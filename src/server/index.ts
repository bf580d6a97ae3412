export type { BrokerContext, BrokerOpener, BrokerOpeners } from './brokers.ts'
export {
  type ChatBounds,
  type Config,
  ConfigError,
  type ConfigInput,
  chatDefaults,
  configure,
  type FileBounds,
  type FileConfig,
  fileDefaults,
  type PushConfig,
  resolveConfig,
  type Store,
  storeTarget,
} from './config/index.ts'
export { createServer, type FanfareServer, type Overrides, type ServiceFactory } from './create-server.ts'
export { explainToken, type TokenExplanation, type TokenKind } from './explain-token.ts'
export { type SignedRequest, sign, signatureHeader, verifySignature } from './hooks/index.ts'
export { type Kept, openKept } from './kept-file.ts'
export { createLog, logFormat } from './log.ts'
export type { Metric } from './metrics.ts'
export { DataInUseError } from './open-history.ts'
export { checkSecretsOfParent, readSecrets, secretsPath, withSecrets } from './secrets.ts'
export type { CommandOptions, Server, ServerEvent, Service } from './server.ts'
export { type ConnectionClaims, type SubscriptionClaims, signToken, TokenVerifier } from './tokens.ts'
export type { Parent } from './tree.ts'
export { version } from './version.ts'
