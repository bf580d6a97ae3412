import type { Clock } from '../kit/index.ts'
import { SqlError } from './sql-error.ts'

/** Says why a call is given up. What it asked for may happen all the same, later. */
export class Unanswered extends SqlError {
  constructor(ms: number) {
    super('unavailable', `postgres has not answered for ${ms} ms`)
  }
}

/**
 * How long Postgres is waited for. One that hangs, or a network that swallows all, says nothing at all, and no time-out of its own ends that. Once it has
 * kept silent for so long the next calls wait less, until it answers again: whoever asks is told at once that this is not the moment.
 */
export class Patience {
  #isSilent = false

  constructor(
    readonly clock: Clock,
    readonly limits: { readonly answerMs: number; readonly silentMs: number },
  ) {}

  /** @throws Unanswered */
  async answered<T>(call: Promise<T>): Promise<T> {
    const { answerMs, silentMs } = this.limits
    const ms = this.#isSilent ? silentMs : answerMs
    const late = Promise.withResolvers<never>()
    const timer = this.clock.after(ms, () => {
      this.#isSilent = true
      late.reject(new Unanswered(ms))
    })
    try {
      const answer = await Promise.race([call, late.promise])
      this.#isSilent = false
      return answer
    } catch (error) {
      // A refusal is an answer as well.
      if (!(error instanceof Unanswered)) this.#isSilent = false
      throw error
    } finally {
      timer.cancel()
    }
  }
}
