export { type Option, OptionSet } from './catalogue.ts'
export { insteadOf } from './centrifugo-options.ts'
export {
  type Config,
  type HookTarget,
  type KafkaConfig,
  type KafkaLogin,
  type KafkaMapping,
  type KafkaTls,
  type Store,
  storeTarget,
  type TokenSource,
} from './config.ts'
export { fleetSchemes, schemeOf } from './fleet-rules.ts'
export { fileVariable } from './layers.ts'
export { nearest, nearestPath } from './nearest.ts'
export { Networks, unmapped } from './networks.ts'
export { option } from './option.ts'
export { ConfigError, type ConfigSources, configure, coreOptions, type Resolution, resolveConfig } from './resolve.ts'
export { type HookName, isAllowedHost } from './rules.ts'
export type { ConfigInput } from './schema.ts'
export { defaultsOf, type ReportProblem, type ServiceOptions } from './service-options.ts'
