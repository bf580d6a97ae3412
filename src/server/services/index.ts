export type { Owned, OwnedMethod, OwnedOptions, Ownership } from './owned.ts'
export type { ServiceConfig } from './running-service.ts'
export { type NavigationEntry, RunningServices, type ServiceRowsOpener } from './running-services.ts'
export { defineService, type RateLimit, type Service, type ServiceHost, type ServiceStore } from './service.ts'
