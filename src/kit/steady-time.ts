import type { Clock } from './clock.ts'

/** Time for counting how long something takes: that of a clock, but it never goes back when the clock is set back. */
export class SteadyTime {
  #latest: number
  /** By how much the clock was set back in all. */
  #backMs = 0

  constructor(readonly clock: Clock) {
    this.#latest = clock.now()
  }

  now(): number {
    const now = this.clock.now()
    this.#backMs += Math.max(0, this.#latest - now)
    this.#latest = now
    return now + this.#backMs
  }
}
