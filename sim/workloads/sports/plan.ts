import { between, type Random } from '../../../src/kit/index.ts'
import { pick } from '../../core/chance.ts'
import type { Plan } from '../../core/workload.ts'

/** `calm`: nothing goes wrong. `rough`: lines and readers. `stormy`: the server and its disk as well. */
export type SportsClimate = 'calm' | 'rough' | 'stormy'

export interface SportsPlan extends Plan {
  readonly climate: SportsClimate
  /** Ids of the games that are on. */
  readonly games: readonly string[]
  readonly websockets: number
  readonly streams: number
  /** Between two batches of a feed, on average. */
  readonly feedMs: number
  /** A share of batches whose answer is lost. */
  readonly lostShare: number
  /** Between two faults, on average; undefined for none. */
  readonly faultMs: number | undefined
}

const calmMs = 1500
/** Longer than pings, backoffs, the delay of those who are behind, and the lanes of figures and commentary. */
const restMs = 16_000

export function planOf(random: Random): SportsPlan {
  const climate = pick(random, ['calm', 'rough', 'rough', 'stormy', 'stormy'] as const)
  const isCalm = climate === 'calm'
  return {
    climate,
    games: ['one', 'two', 'three'].slice(0, between(random, 1, 3)),
    websockets: between(random, 2, 4),
    streams: between(random, 2, 4),
    feedMs: between(random, 80, 400),
    lostShare: isCalm ? 0 : random.next() * 0.2,
    faultMs: isCalm ? undefined : between(random, 300, 1500),
    busyMs: between(random, 8, 14) * 1000,
    calmMs,
    restMs,
  }
}
