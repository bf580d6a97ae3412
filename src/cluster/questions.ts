import type { Principal } from '../hub/index.ts'
import { FairQueue } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'

/** Questions of clients that a parent is asked at the same time over one link, and of these of one user. The rest wait, round robin by user. */
const underWayMax = 256
const underWayPerUserMax = 64
/** Questions that wait, and of these of one user. Beyond: error 111, and the client tries again. */
const waitingMax = 10_000
const waitingPerUserMax = 5_000

/** Questions to the parent on behalf of this node's clients: one user's thousand questions delay another's by one. */
export class ClientQuestions {
  readonly #queue = new FairQueue({
    unitsMax: underWayMax,
    unitsPerKeyMax: underWayPerUserMax,
    waitingMax,
    waitingPerKeyMax: waitingPerUserMax,
  })

  /** @throws CommandError 111 where too many wait */
  async ask<T>(principal: Principal, question: () => Promise<T>): Promise<T> {
    // In the caller's turn where it can be: who asks the same in it then finds the question.
    if (!this.#queue.take(principal)) await this.#wait(principal)
    try {
      return await question()
    } finally {
      this.#queue.leave(principal)
    }
  }
  async #wait(principal: Principal): Promise<void> {
    const turn = this.#queue.enter(principal)
    if (turn === undefined) throw new CommandError(errors.tooManyRequests)
    await turn
  }
}
