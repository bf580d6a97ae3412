import type { Clock } from './clock.ts'

/** Lets one log line of each key through in a while, so that an outage does not flood the log. */
export class LogThrottle {
  readonly #byKey = new Map<string, { readonly quietUntil: number; suppressed: number }>()

  /** @param keysMax keys that are told apart. Beyond: the oldest is let through again */
  constructor(
    readonly clock: Clock,
    readonly quietMs: number,
    readonly keysMax = 256,
  ) {}

  /** How many lines of the key were held back since the last one, if this one is let through; undefined if it is held back. */
  pass(key: string): number | undefined {
    const now = this.clock.now()
    const before = this.#byKey.get(key)
    if (before !== undefined && now < before.quietUntil) {
      before.suppressed++
      return undefined
    }
    this.#byKey.delete(key)
    this.#byKey.set(key, { quietUntil: now + this.quietMs, suppressed: 0 })
    const [oldest] = this.#byKey.keys()
    if (oldest !== undefined && this.#byKey.size > this.keysMax) this.#byKey.delete(oldest)
    return before?.suppressed ?? 0
  }
}
