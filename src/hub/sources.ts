import type { Metronomes } from './metronome.ts'
import type { Lane, Namespace } from './namespace.ts'
import { NewestSource } from './newest-source.ts'
import type { Source } from './source.ts'
import { TableSource } from './table-source.ts'
import { TailSource } from './tail-source.ts'

/** The sources behind a channel, as its delivery asks: none for streams, one for the newest value, one for each low lane. */
export function sourcesOf(
  channel: string,
  { delivery, intervalMs, lanes }: Namespace,
  metronomes: Pick<Metronomes, 'of'>,
): readonly Source[] {
  switch (delivery) {
    case 'stream':
    case 'ephemeral':
      return []
    case 'latest':
      return [new NewestSource(channel, undefined)]
    case 'conflated':
      return [new TableSource(channel, metronomes.of(intervalMs), true)]
    case 'lanes':
      return lanes.slice(1).map(lane => laneSource(channel, lane, metronomes))
  }
}

function laneSource(channel: string, { keep, intervalMs, max }: Lane, metronomes: Pick<Metronomes, 'of'>): Source {
  return keep === 'tail'
    ? new TailSource(channel, max, metronomes.of(intervalMs))
    : new TableSource(channel, metronomes.of(intervalMs), false)
}
