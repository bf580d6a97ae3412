import { z } from 'zod'
import { deliveryKind, flag, plain } from './delivery.ts'
import { checkHistory, forcesOf, historyOptions, keepsHistory, retentionOf } from './history-options.ts'

const exampleTtlMs = 600_000

/** Every publication, in order. With a history it is recoverable from a position and never has a silent gap; a slow client is closed, to come back and recover. */
export const stream = deliveryKind({
  options: {
    ...historyOptions({ size: 0, ttlMs: 0 }),
    allowTagsFilter: flag,
    allowedDeltaTypes: z.array(z.enum(['fossil'])).default([]),
    /** A delta between any two publications; otherwise where the publish call says `delta: true`. */
    deltaPublish: flag,
  },
  check(options, complain, spelling) {
    const { historySize, historyTtlMs, deltaPublish, allowedDeltaTypes } = options
    if (historySize > 0 && historyTtlMs === 0)
      complain('historySize', `needs ${spelling.option('historyTtlMs')} beside it, like ${spelling.duration(exampleTtlMs)}`)
    if (historySize === 0 && historyTtlMs > 0) complain('historyTtlMs', `needs ${spelling.option('historySize')} beside it`)
    checkHistory(options, complain, spelling)
    if (deltaPublish && allowedDeltaTypes.length === 0) complain('deltaPublish', `needs ${spelling.option('allowedDeltaTypes')} ["fossil"]`)
  },
  create(options) {
    const { allowTagsFilter, allowedDeltaTypes, deltaPublish } = options
    const isKept = keepsHistory(options)
    return {
      ...plain,
      name: 'stream',
      recovers: isKept ? 'all' : 'nothing',
      onGap: 'restart',
      places: isKept ? 'all' : 'none',
      history: retentionOf(options),
      forces: forcesOf(options),
      tagsFilter: allowTagsFilter,
      delta: allowedDeltaTypes.length === 0 ? 'never' : deltaPublish ? 'always' : 'asked',
    }
  },
})
