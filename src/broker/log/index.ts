export { LogBroker, type LogBrokerOptions } from './log-broker.ts'
export { LogPresence, type LogPresenceOptions } from './log-presence.ts'
export { LogLine, MemoryLog, type MemoryLogOptions } from './memory-log.ts'
export {
  type LogBounds,
  type LogEntry,
  type LogReader,
  type LogReading,
  type LogRecord,
  partitionOf,
  type SharedLog,
  type SharedLogs,
} from './shared-log.ts'
