export { AnnouncedClients } from './announced-clients.ts'
export { defaultLogLimits, type LogLimits } from './limits.ts'
export { LogBroker, type LogBrokerOptions } from './log-broker.ts'
export { LogLine } from './log-line.ts'
export { MemoryLog, type MemoryLogOptions } from './memory-log.ts'
export {
  bytesOf,
  type LogBounds,
  type LogEntry,
  type LogReader,
  type LogReading,
  type LogRecord,
  type LogSlice,
  type NamespaceLog,
  partitionOf,
  type SharedLog,
  type SharedLogs,
  type SliceLimits,
} from './shared-log.ts'
export { fleetTopics, type NamespaceTopics, overlap, topicsOf } from './topic-name.ts'
