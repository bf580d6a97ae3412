import type { Counters } from '../counters.ts'
import type { Limits } from '../limits.ts'
import type { Tick } from './tick.ts'

/** The part of a node that an outbox needs; one object for all sessions. */
export interface OutboxContext {
  readonly tick: Tick
  readonly limits: Limits
  readonly counters: Counters
  now(): number
}
