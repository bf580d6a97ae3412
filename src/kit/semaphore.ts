import { RingBuffer } from './ring-buffer.ts'

/** Lets a bounded number through at a time; the others wait in the order in which they came. See FairQueue for several keys. */
export class Semaphore {
  readonly #waiting = new RingBuffer<() => void>()
  #held = 0

  constructor(readonly max: number) {}

  /** Runs a task when it is its turn. What it throws is thrown here. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#held < this.max) this.#held++
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#held--
      else next()
    }
  }
}
