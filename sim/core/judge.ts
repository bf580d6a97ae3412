/** A promise that was broken, by whom and when. */
class Violation extends Error {
  override readonly name = 'Violation'
}

/** Takes note of the first promise that is broken; everything after it may be its consequence. */
export class Judge {
  #verdict: Violation | undefined

  constructor(readonly when: () => string) {}

  get verdict(): Violation | undefined {
    return this.#verdict
  }

  hold(holds: boolean, promise: string): void {
    if (!holds) this.break(promise)
  }

  break(what: string): void {
    this.#verdict ??= new Violation(`${this.when()} ${what}`)
  }
}
