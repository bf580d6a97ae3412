import { deliveryKind, plain } from './delivery.ts'
import { dayMs, ttl } from './history-options.ts'
import { LatestValue } from './state/latest-value.ts'

/** The newest publication. A newcomer gets it at once; a slow client gets the newest when it has room, and none before it. */
export const latest = deliveryKind({
  options: {
    /** How long a quiet channel keeps its value. */
    historyTtlMs: ttl.default(dayMs),
  },
  create: ({ historyTtlMs }) => ({
    ...plain,
    name: 'latest',
    recovers: 'newest',
    places: 'all',
    history: { ...plain.history, quietMs: historyTtlMs },
    laneOf: () => 0,
    states: channel => [new LatestValue(channel, undefined)],
  }),
})
