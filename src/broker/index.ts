export {
  AnnouncedClients,
  bytesOf,
  defaultLogLimits,
  fleetTopics,
  type LogBounds,
  LogBroker,
  type LogBrokerOptions,
  type LogEntry,
  type LogLimits,
  LogLine,
  type LogReader,
  type LogReading,
  type LogRecord,
  type LogSlice,
  MemoryLog,
  type MemoryLogOptions,
  type NamespaceLog,
  type NamespaceTopics,
  overlap,
  partitionOf,
  type SharedLog,
  type SharedLogs,
  type SliceLimits,
  topicsOf,
} from './log/index.ts'
export { MemoryBroker, type MemoryBrokerOptions } from './memory.ts'
export { MemoryPresence, type MemoryPresenceOptions } from './memory-presence.ts'
export { ProvidedHistories } from './provided-histories.ts'
