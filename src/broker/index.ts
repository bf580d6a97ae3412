export { MemoryBroker, type MemoryBrokerOptions } from './memory.ts'
export { MemoryPresence, type MemoryPresenceOptions } from './memory-presence.ts'
export { ProvidedHistories } from './provided-histories.ts'
