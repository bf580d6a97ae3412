import { delayMaxMs } from '../../protocol/index.ts'

/** A second longer than anyone may be behind, since nothing is asked for at the very moment. */
const keptMs = delayMaxMs + 1000

/** How something was right before it changed. */
export interface Changed<T> {
  /** Unix milliseconds. */
  readonly atMs: number
  readonly before: T
}

/** What something was like before each of its changes, as long as someone may be behind (sports S12): so that it can be had as it was then. */
export class Past<T extends object> {
  #changes: readonly Changed<T>[]

  /** @param changes oldest first */
  constructor(changes: readonly Changed<T>[] = []) {
    this.#changes = changes
  }

  add(atMs: number, before: T): void {
    // A clock that was set back must not make what happened before it look like the future.
    const known = this.#changes.map(change => (change.atMs > atMs ? { ...change, atMs } : change))
    this.#changes = [...known.filter(change => change.atMs > atMs - keptMs), { atMs, before }]
  }

  /** What was changed after a moment, the oldest change first. */
  since(untilMs: number): readonly T[] {
    return this.#changes.filter(({ atMs }) => atMs > untilMs).map(({ before }) => before)
  }
}

/** Changes from before this are of no use any more. */
export function pastBeginsAt(nowMs: number): number {
  return nowMs - keptMs
}
