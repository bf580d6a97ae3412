import { between, type Random } from '../../src/kit/index.ts'
import { pick } from './chance.ts'
import type { SimClock } from './clock.ts'
import type { Tally } from './tally.ts'

/** Something that goes wrong. */
export interface Fault {
  readonly name: string
  readonly strike: () => void
}

export interface FaultInjectorContext {
  readonly time: SimClock
  readonly random: Random
  readonly tally: Tally
  /** Between two faults, on average; undefined for none. */
  readonly faultMs: number | undefined
  trace(line: () => string): void
}

/** Has things go wrong at times that the seed chose. */
export class FaultInjector {
  #stopped = false

  constructor(
    readonly context: FaultInjectorContext,
    readonly faults: readonly Fault[],
  ) {
    this.#plan()
  }

  /** No new trouble. */
  stop(): void {
    this.#stopped = true
  }

  #plan(): void {
    const { time, random, faultMs, tally, trace } = this.context
    if (faultMs === undefined) return
    time.after(between(random, 1, 2 * faultMs), () => {
      if (this.#stopped) return
      const { name, strike } = pick(random, this.faults)
      tally.count(`fault: ${name}`)
      tally.count('faults')
      trace(() => `fault: ${name}`)
      strike()
      this.#plan()
    })
  }
}
