import { RingBuffer } from '../../kit/index.ts'
import { delayMaxMs } from '../../protocol/index.ts'

/** A second longer than a viewer may be behind, since requests take time. */
const keptMs = delayMaxMs + 1000

/** The state right before a change. */
export interface UndoEntry<T> {
  /** Unix milliseconds. */
  readonly atMs: number
  readonly before: T
}

/** The states before each change, kept for as long as a viewer may be behind (sports S12), so that an earlier state can be restored. */
export class UndoLog<T extends object> {
  readonly #changes = new RingBuffer<UndoEntry<T>>()

  /** @param changes oldest first */
  constructor(changes: readonly UndoEntry<T>[] = []) {
    for (const { atMs, before } of changes) this.add(atMs, before)
  }

  add(atMs: number, before: T): void {
    const newest = this.#changes.at(this.#changes.size - 1)
    if (newest !== undefined && newest.atMs > atMs) this.#setBack(atMs)
    this.#changes.push({ atMs, before })
    for (let oldest = this.#changes.at(0); oldest !== undefined && oldest.atMs <= atMs - keptMs; oldest = this.#changes.at(0))
      this.#changes.shift()
  }

  /** Adds what another node's clock has timed: where that is behind what is known already, it counts as just as late. */
  addLate(atMs: number, before: T): void {
    this.add(Math.max(atMs, this.#changes.at(this.#changes.size - 1)?.atMs ?? atMs), before)
  }

  /** The states before all changes after a time, oldest change first. */
  since(untilMs: number): readonly T[] {
    let first = this.#changes.size
    while ((this.#changes.at(first - 1)?.atMs ?? untilMs) > untilMs) first--
    return this.#changes.slice(first).map(({ before }) => before)
  }

  /** If the clock is set back, earlier changes must not seem to lie in the future. */
  #setBack(atMs: number): void {
    const changes = this.#changes.slice(0)
    this.#changes.clear()
    for (const change of changes) this.#changes.push(change.atMs > atMs ? { ...change, atMs } : change)
  }
}

/** Changes before this time are no longer needed. */
export function undoLogStartsAt(nowMs: number): number {
  return nowMs - keptMs
}
