/** What notes come to. `retried` counts tries, the others notes. */
export type PushResult = 'delivered' | 'gone' | 'retried' | 'failed' | 'expired' | 'dropped'

/** How often each came about. */
export class PushTally {
  readonly #counts = new Map<PushResult, number>()

  add(result: PushResult): void {
    this.#counts.set(result, this.count(result) + 1)
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }

  count(result: PushResult): number {
    return this.#counts.get(result) ?? 0
  }
}
