/** Answers of one kind, one at a time: all who ask while one is on its way share the next, which was asked after they did. */
export class Coalesced<T> {
  #running: Promise<unknown> | undefined
  #next: Promise<T> | undefined

  constructor(readonly work: () => Promise<T>) {}

  get isIdle(): boolean {
    return this.#running === undefined && this.#next === undefined
  }

  ask(): Promise<T> {
    if (this.#next !== undefined) return this.#next
    if (this.#running === undefined) return this.#begin()
    this.#next = this.#running.then(() => {
      this.#next = undefined
      return this.#begin()
    })
    return this.#next
  }

  #begin(): Promise<T> {
    const answer = this.work()
    const running: Promise<void> = answer.then(
      () => this.#ended(running),
      () => this.#ended(running),
    )
    this.#running = running
    return answer
  }

  #ended(running: Promise<unknown>): void {
    if (this.#running === running) this.#running = undefined
  }
}
