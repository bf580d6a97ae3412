import type { Random } from './random.ts'

export interface BackoffOptions {
  readonly baseMs: number
  readonly capMs: number
}

/**
 * How long to wait before attempt `attempt` (0 for the first retry): a random time in [0, min(cap, base x 2^attempt)].
 * Full jitter spreads a herd best: see "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs(attempt: number, random: Random, { baseMs, capMs }: BackoffOptions): number {
  return Math.floor(random.next() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)))
}
