import { z } from 'zod'
import { namespaceBounds } from '../limits.ts'
import { deliveryKind, plain } from './delivery.ts'
import { dayMs, ttl } from './history-options.ts'
import { KeyedState } from './state/keyed-state.ts'

/** Per key the newest value, at most one batch per interval, changed fields only. A slow client costs one entry per key, however slow it is. */
export const conflated = deliveryKind({
  options: {
    /** How often a channel sends at most. */
    intervalMs: z.number().min(namespaceBounds.intervalMinMs).max(namespaceBounds.intervalMaxMs).default(100),
    /** How long a quiet channel keeps its values. */
    historyTtlMs: ttl.default(dayMs),
  },
  create: ({ intervalMs, historyTtlMs }) => ({
    ...plain,
    name: 'conflated',
    places: 'all',
    history: { ...plain.history, quietMs: historyTtlMs },
    laneOf: () => 0,
    states: (channel, pacers) => [new KeyedState(channel, pacers.of(intervalMs), true)],
    snapshot: ([values]) => values?.whole(),
    hasRoom: ([values], key, keysMax) => values?.hasRoomFor(key, keysMax) ?? true,
  }),
})
