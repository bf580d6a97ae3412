import type { Lane, Namespace } from './namespace.ts'
import { BoundedTail } from './state/bounded-tail.ts'
import { KeyedState } from './state/keyed-state.ts'
import { LatestValue } from './state/latest-value.ts'
import type { Pacers } from './state/pacer.ts'
import type { StateStore } from './state/state-store.ts'

/** The states behind a channel, as its delivery asks: none for streams, one for the newest value, one for each low lane. */
export function statesOf(channel: string, { delivery, intervalMs, lanes }: Namespace, pacers: Pick<Pacers, 'of'>): readonly StateStore[] {
  switch (delivery) {
    case 'stream':
    case 'ephemeral':
      return []
    case 'latest':
      return [new LatestValue(channel, undefined)]
    case 'conflated':
      return [new KeyedState(channel, pacers.of(intervalMs), true)]
    case 'lanes':
      return lanes.slice(1).map(lane => laneSource(channel, lane, pacers))
  }
}

function laneSource(channel: string, { keep, intervalMs, max }: Lane, pacers: Pick<Pacers, 'of'>): StateStore {
  return keep === 'tail' ? new BoundedTail(channel, max, pacers.of(intervalMs)) : new KeyedState(channel, pacers.of(intervalMs), false)
}
