/**
 * Brings something up to date for many at once: whoever asks while a round is under way waits for the next one, as the present one may have
 * looked before. So there is at most one round at a time, and nobody is told what was true before they asked.
 */
export class Rounds {
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(readonly round: () => Promise<void>) {}

  /** Resolves after a round that began later than this call. @throws what the round throws */
  ask(): Promise<void> {
    if (this.#next !== undefined) return this.#next
    if (this.#running === undefined) return this.#begin()
    const next = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#begin()
      })
    this.#next = next
    return next
  }

  #begin(): Promise<void> {
    const running = this.round().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }
}
