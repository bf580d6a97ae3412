export { MemoryBroker, type MemoryBrokerOptions } from './memory.ts'
export { leaseMs, MemoryPresence, type MemoryPresenceOptions } from './memory-presence.ts'
