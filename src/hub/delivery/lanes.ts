import { z } from 'zod'
import { namespaceBounds } from '../limits.ts'
import { type Complain, deliveryKind, plain, type Spelling } from './delivery.ts'
import { checkHistory, dayMs, forcesOf, historyOptions, keepsHistory, retentionOf } from './history-options.ts'
import { BoundedTail } from './state/bounded-tail.ts'
import { KeyedState } from './state/keyed-state.ts'
import type { Pacers } from './state/pacer.ts'
import type { StateStore } from './state/state-store.ts'

const laneSchema = z.strictObject({
  name: z.string().regex(namespaceBounds.name),
  /** 0 for at once. */
  intervalMs: z.number().min(0).max(namespaceBounds.intervalMaxMs).default(0),
  /** `all`: a stream with history. `newest`: the newest value per key. `tail`: the last `max` publications, the oldest dropped first. */
  keep: z.enum(['all', 'newest', 'tail']).default('newest'),
  /** How many keys (`newest`) or publications (`tail`) are kept. */
  max: z.number().int().min(0).max(namespaceBounds.laneMax).default(1000),
})

/** One lane of a `lanes` channel. The first lane is the urgent one: at once, in order, never dropped. */
export type Lane = Readonly<z.output<typeof laneSchema>>

/** The lanes of a channel that names none (sports S10). */
const usualLanes: Lane[] = [
  { name: 'urgent', intervalMs: 0, keep: 'all', max: 0 },
  { name: 'stats', intervalMs: 1000, keep: 'newest', max: 1000 },
  { name: 'text', intervalMs: 2000, keep: 'tail', max: 100 },
]

/** Urgent publications at once and in order, recoverable like a stream; the rest batched by lane, where a full lane never delays the urgent one. */
export const lanes = deliveryKind({
  options: {
    ...historyOptions({ size: 1000, ttlMs: dayMs }),
    lanes: z.array(laneSchema).min(1, 'expected at least one lane').max(namespaceBounds.lanesMax).default(usualLanes),
  },
  check(options, complain, spelling) {
    checkHistory(options, complain, spelling)
    checkLanes(options.lanes, complain, spelling)
  },
  create(options) {
    const names = options.lanes.map(({ name }) => name)
    const [, ...low] = options.lanes
    return {
      ...plain,
      name: 'lanes',
      recovers: keepsHistory(options) ? 'all' : 'nothing',
      onGap: 'restart',
      places: 'urgent',
      history: retentionOf(options),
      forces: forcesOf(options),
      lanes: names,
      laneOf({ lane }) {
        if (lane === undefined) return undefined
        const index = names.indexOf(lane)
        return index <= 0 ? undefined : index - 1
      },
      states: (channel, pacers) => low.map(lane => stateOf(channel, lane, pacers)),
      snapshot: states => Object.fromEntries(states.map((state, index) => [names[index + 1] ?? '', state.whole()])),
    }
  },
})

function stateOf(channel: string, { keep, intervalMs, max }: Lane, pacers: Pick<Pacers, 'of'>): StateStore {
  return keep === 'tail' ? new BoundedTail(channel, max, pacers.of(intervalMs)) : new KeyedState(channel, pacers.of(intervalMs), false)
}

function checkLanes(all: readonly Lane[], complain: Complain, { duration }: Spelling): void {
  for (const [index, lane] of all.entries()) {
    const at = (name: string) => `lanes[${index}].${name}`
    if (all.findIndex(other => other.name === lane.name) < index) complain(at('name'), `"${lane.name}" is there already`)
    if (index === 0) {
      if (lane.intervalMs !== 0) complain(at('intervalMs'), `the first lane is the urgent one: must be ${duration(0)}`)
      if (lane.keep !== 'all') complain(at('keep'), 'the first lane is the urgent one: must be "all"')
      continue
    }
    if (lane.keep === 'all') complain(at('keep'), 'only the first lane keeps "all"')
    if (lane.intervalMs < namespaceBounds.intervalMinMs)
      complain(at('intervalMs'), `must be at least ${duration(namespaceBounds.intervalMinMs)}: only the first lane sends at once`)
    if (lane.max === 0) complain(at('max'), 'must be at least 1')
  }
}
