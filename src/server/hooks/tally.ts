import type { HookName } from '../config/index.ts'

/** Questions are answered, failed, retried or refused; notices delivered, retried or dropped. */
export type HookOutcome = 'answered' | 'failed' | 'refused' | 'retried' | 'delivered' | 'dropped'

/** How often each hook had which outcome. */
export class HookTally {
  readonly #counts = new Map<HookName, Map<HookOutcome, number>>()

  add(name: HookName, outcome: HookOutcome): void {
    const ofHook = this.#counts.get(name) ?? new Map<HookOutcome, number>()
    this.#counts.set(name, ofHook)
    ofHook.set(outcome, (ofHook.get(outcome) ?? 0) + 1)
  }

  count(name: HookName, outcome: HookOutcome): number {
    return this.#counts.get(name)?.get(outcome) ?? 0
  }

  *entries(): Iterable<{ readonly hook: HookName; readonly outcome: HookOutcome; readonly count: number }> {
    for (const [hook, outcomes] of this.#counts) for (const [outcome, count] of outcomes) yield { hook, outcome, count }
  }
}
