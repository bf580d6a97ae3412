import { FairQueue } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import type { Principal } from '../access/principal.ts'
import type { Rates } from '../access/rates.ts'
import type { Steps } from './steps.ts'

/** The largest weight of a command, in commands that do next to nothing. */
export const weightMax = 1_000
/** Units of one user under way: commands weigh one each, and one that weighs as much or more is alone. */
const unitsPerPrincipalMax = 16
/** Commands from here on are heavy: they take their steps in turn with everybody else's. */
const heavyWeight = unitsPerPrincipalMax
/** Commands of one user that wait for those before them, over all connections. Beyond: error 111. */
const waitingPerPrincipalMax = 4_096
/** The same of everybody, some hundred bytes each. */
const waitingMax = 100_000

/**
 * Commands of services that wait or run: a few of one user at a time, over all of the user's connections, and a heavy one alone. All of them
 * use the same store, where a thousand calls of one user would delay one call of another.
 */
export class ServiceCalls {
  readonly #queue = new FairQueue({
    unitsMax: Number.POSITIVE_INFINITY,
    unitsPerKeyMax: unitsPerPrincipalMax,
    waitingMax,
    waitingPerKeyMax: waitingPerPrincipalMax,
  })

  constructor(
    readonly rates: Rates,
    readonly steps: Steps,
  ) {}

  get underWay(): number {
    return this.#queue.underWay
  }

  /** Runs a command when it is its turn. @throws CommandError 111 where it weighs more than the rate has left, or too many wait */
  async run<T>(principal: Principal, weight: number, command: () => Promise<T> | T): Promise<T> {
    // One has been paid for by whoever took it from the wire.
    if (weight > 1 && !this.rates.spendFor(principal, weight - 1)) throw new CommandError(errors.tooManyRequests)
    const turn = this.#queue.enter(principal, weight)
    if (turn === undefined) throw new CommandError(errors.tooManyRequests)
    await turn
    try {
      if (weight >= heavyWeight) await this.steps.next(principal)
      return await command()
    } finally {
      this.#queue.leave(principal, weight)
    }
  }
}
