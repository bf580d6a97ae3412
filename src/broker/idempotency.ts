import { type Clock, TimingWheel } from '../kit/index.ts'

/** How long a key is remembered. Centrifugo's default. */
const rememberMs = 5 * 60_000
/** Keys beyond this many push out the oldest: a publisher that makes up keys must not fill memory. */
const keysMax = 500_000

/** Does what has a key once, and answers later calls with the first outcome. A failure is forgotten, so that it can be tried again. */
export class Idempotency {
  readonly #outcomes = new Map<string, Promise<unknown>>()
  readonly #expiry: TimingWheel<string>

  constructor(clock: Clock) {
    this.#expiry = new TimingWheel(clock, 1000, 512, key => this.#outcomes.delete(key))
  }

  once<T>(key: string, run: () => Promise<T>): Promise<T> {
    const known = this.#outcomes.get(key)
    if (known !== undefined) return known as Promise<T>
    const outcome = run()
    this.#outcomes.set(key, outcome)
    this.#expiry.set(key, rememberMs)
    outcome.catch(() => this.#drop(key))
    const [oldest] = this.#outcomes.keys()
    if (this.#outcomes.size > keysMax && oldest !== undefined) this.#drop(oldest)
    return outcome
  }

  close(): void {
    this.#expiry.close()
    this.#outcomes.clear()
  }

  #drop(key: string): void {
    this.#outcomes.delete(key)
    this.#expiry.delete(key)
  }
}
