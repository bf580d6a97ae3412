import { delayMaxMs } from '../../protocol/index.ts'
import { defineNamespace } from '../../service.ts'

/** Key events are kept for two hours, at most 512 of them: enough for a match that goes to penalties, and for a page that slept through it (sports S14). */
export const sportsNamespace = defineNamespace({
  name: 'sports',
  delivery: 'lanes',
  historySize: 512,
  historyTtlMs: 2 * 60 * 60_000,
  historyStore: 'disk',
  delayMaxMs,
  forceRecovery: true,
})
