export { type Config, ConfigError, type ConfigInput, configure, resolveConfig } from './config/index.ts'
export { createServer, type FanfareServer, type Overrides } from './create-server.ts'
export type { Server, ServerEvent, Service } from './server.ts'
export { version } from './version.ts'
