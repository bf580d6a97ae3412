/** Somebody who writes until told to stop. */
export abstract class Writer {
  protected isStopped = false
  #done: Promise<void> = Promise.resolve()

  start(): void {
    this.#done = this.run()
  }

  /** Resolves when all that was written has had its answer. */
  async stop(): Promise<void> {
    this.isStopped = true
    await this.#done
  }

  /** Goes on while `isStopped` is false. */
  protected abstract run(): Promise<void>
}
