/**
 * Idempotency keys of the records read so far, so that what is published again counts once. It depends on nothing but the log, so every node
 * ignores the same records.
 */
export class SeenKeys<T> {
  readonly #outcomes = new Map<string, { readonly time: number; readonly outcome: T }>()

  constructor(
    /** By the time of the log. */
    readonly rememberMs: number,
    readonly keysMax: number,
  ) {}

  /** The outcome of the record with this key, if it is remembered. */
  of(key: string, time: number): T | undefined {
    const known = this.#outcomes.get(key)
    return known !== undefined && known.time + this.rememberMs > time ? known.outcome : undefined
  }

  note(key: string, time: number, outcome: T): void {
    this.#outcomes.delete(key)
    this.#outcomes.set(key, { time, outcome })
    for (const [oldest, { time: at }] of this.#outcomes) {
      if (at + this.rememberMs > time && this.#outcomes.size <= this.keysMax) return
      this.#outcomes.delete(oldest)
    }
  }

  clear(): void {
    this.#outcomes.clear()
  }
}
