import { type Clock, FairQueue } from '../../kit/index.ts'
import type { Principal } from '../access/principal.ts'

/** Steps of heavy work, of about a millisecond each, in one turn of the event loop. A neighbour's command waits for as many at most. */
const stepsPerTurnMax = 4
/** Steps that wait, as many as there can be heavy commands. Beyond: a step is taken at once, since what has begun must come to its end. */
const waitingMax = 100_000

/**
 * The share of the event loop that heavy work has: a bounded number of steps in a turn, round robin between users and addresses. What answers many rows takes its steps here, so that everybody else's commands are heard between them.
 */
export class Steps {
  readonly #queue = new FairQueue({ unitsMax: stepsPerTurnMax, unitsPerKeyMax: stepsPerTurnMax, waitingMax, waitingPerKeyMax: waitingMax })

  constructor(readonly clock: Clock) {}

  get waiting(): number {
    return this.#queue.waiting
  }

  /** Resolves when the next step may be taken: at once where the turn has room for it. */
  async next(principal: Principal): Promise<void> {
    const turn = this.#queue.enter(principal)
    if (turn === undefined) return
    await turn
    this.clock.soon(() => this.#queue.leave(principal))
  }
}
