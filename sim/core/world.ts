import { type Random, seededRandom } from '../../src/kit/index.ts'
import { onBorrowedTime } from './borrowed-time.ts'
import { forkOf } from './chance.ts'
import { SimClock } from './clock.ts'
import { Judge } from './judge.ts'
import { Tally } from './tally.ts'

/** Is told everything that happens. */
export type Trace = (line: string) => void

/** How often the verdict is asked for. */
const stepMs = 250

/** Time, chance, the verdict and the tally of one run. */
export class World {
  readonly time = new SimClock()
  readonly tally = new Tally()
  readonly random: Random
  readonly judge: Judge
  readonly #began: number
  /** For code that takes no clock and no chance. */
  readonly #chance: Random

  constructor(
    readonly seed: number,
    readonly traced: Trace | undefined,
  ) {
    this.random = seededRandom(seed)
    this.#chance = seededRandom(~seed)
    this.#began = this.time.now()
    this.judge = new Judge(() => this.#stamp())
  }

  /** Moves time on until a promise is broken; whether none was. */
  advance(ms: number): boolean {
    const end = this.time.now() + ms
    while (this.time.now() < end && this.judge.verdict === undefined) this.time.advance(stepMs)
    return this.judge.verdict === undefined
  }

  /** What a promise comes to that needs no time. */
  settled<T>(promise: Promise<T>): T {
    let done: { readonly value: T } | undefined
    let failed: unknown
    promise.then(
      value => {
        done = { value }
      },
      (error: unknown) => {
        failed = error
      },
    )
    this.time.settle()
    if (done === undefined) throw failed ?? new Error('what should be there at once needs time')
    return done.value
  }

  /** Runs a part of the story. @returns the first promise that was broken */
  attempt(play: () => void): Error | undefined {
    try {
      const failed = (error: unknown) => this.judge.break(`a client fails: ${error instanceof Error ? error.stack : error}`)
      onBorrowedTime(this.time, this.#chance, failed, play)
      return this.judge.verdict
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  fork(): Random {
    return forkOf(this.random)
  }

  trace(line: () => string): void {
    this.traced?.(`${this.#stamp()} ${line()}`)
  }

  #stamp(): string {
    return `${((this.time.now() - this.#began) / 1000).toFixed(3)} s:`
  }
}
