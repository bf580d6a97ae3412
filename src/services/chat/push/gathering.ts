import type { Clock, Timer } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'

/** Gathers what is to be written down, so that a thousand of them are one call: after a moment, or when there are enough. */
export class Gathering<T> {
  readonly #items = new Map<string, T>()
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()

  /** @param write must not reject: what becomes of a failure is decided there. */
  constructor(
    readonly clock: Clock,
    readonly write: (items: readonly T[]) => Promise<void>,
  ) {}

  /** Items of the same key replace each other. */
  add(key: string, item: T): void {
    this.#items.set(key, item)
    if (this.#items.size >= pushLimits.gatheredMax) this.#flush()
    else this.#timer ??= this.clock.after(pushLimits.gatherMs, () => this.#flush())
  }

  /** Writes what is there, and waits for what is being written. */
  flush(): Promise<void> {
    this.#flush()
    return this.#writing
  }

  /** One after the other, so that the newest is written last. */
  #flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#items.size === 0) return
    const items = [...this.#items.values()]
    this.#items.clear()
    this.#writing = this.#writing.then(() => this.write(items))
  }
}
