import { z } from 'zod'
import { namespaceBounds } from '../limits.ts'
import { type Complain, flag, type Retention, type Spelling } from './delivery.ts'

/** How long publications or values are kept. */
export const ttl = z.number().min(0).max(namespaceBounds.ttlMaxMs)
export const dayMs = 86_400_000
const monthMs = 30 * dayMs

/** The options of namespaces with a history, the same in each delivery, so that they are checked alike. */
export function historyOptions(otherwise: { readonly size: number; readonly ttlMs: number }) {
  return {
    historySize: z.number().int().min(0).max(namespaceBounds.historySizeMax).default(otherwise.size),
    historyTtlMs: ttl.default(otherwise.ttlMs),
    /** How long epoch and offset outlive the publications of a quiet channel. */
    historyMetaTtlMs: ttl.default(monthMs),
    historyStore: z.enum(['memory', 'disk']).default('memory'),
    forceRecovery: flag,
    forcePositioning: flag,
  }
}

type HistoryOptions = z.output<z.ZodObject<ReturnType<typeof historyOptions>>>

export function keepsHistory({ historySize, historyTtlMs }: HistoryOptions): boolean {
  return historySize > 0 && historyTtlMs > 0
}

export function checkHistory(options: HistoryOptions, complain: Complain, spelling: Spelling): void {
  if (keepsHistory(options)) return
  const needs = `needs a history: delivery "stream" with ${spelling.option('historySize')} and ${spelling.option('historyTtlMs')}`
  if (options.forceRecovery) complain('forceRecovery', needs)
  if (options.forcePositioning) complain('forcePositioning', needs)
  if (options.historyStore === 'disk') complain('historyStore', `"disk" ${needs}`)
}

export function retentionOf({ historySize, historyTtlMs, historyMetaTtlMs, historyStore }: HistoryOptions): Retention {
  return { size: historySize, ttlMs: historyTtlMs, quietMs: Math.max(historyMetaTtlMs, historyTtlMs), store: historyStore }
}

export function forcesOf({ forceRecovery, forcePositioning }: HistoryOptions) {
  return { recovery: forceRecovery, positioning: forcePositioning }
}
