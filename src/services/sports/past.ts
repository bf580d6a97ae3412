import { RingBuffer } from '../../kit/index.ts'
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
  readonly #changes = new RingBuffer<Changed<T>>()

  /** @param changes oldest first */
  constructor(changes: readonly Changed<T>[] = []) {
    for (const { atMs, before } of changes) this.add(atMs, before)
  }

  add(atMs: number, before: T): void {
    const newest = this.#changes.at(this.#changes.size - 1)
    if (newest !== undefined && newest.atMs > atMs) this.#setBack(atMs)
    this.#changes.push({ atMs, before })
    for (let oldest = this.#changes.at(0); oldest !== undefined && oldest.atMs <= atMs - keptMs; oldest = this.#changes.at(0))
      this.#changes.shift()
  }

  /** What was changed after a moment, the oldest change first. */
  since(untilMs: number): readonly T[] {
    let first = this.#changes.size
    while ((this.#changes.at(first - 1)?.atMs ?? untilMs) > untilMs) first--
    return this.#changes.slice(first).map(({ before }) => before)
  }

  /** A clock that was set back must not make what happened before it look like the future. */
  #setBack(atMs: number): void {
    const changes = this.#changes.slice(0)
    this.#changes.clear()
    for (const change of changes) this.#changes.push(change.atMs > atMs ? { ...change, atMs } : change)
  }
}

/** Changes from before this are of no use any more. */
export function pastBeginsAt(nowMs: number): number {
  return nowMs - keptMs
}
