import { type Clock, every, type Timer } from '../../kit/index.ts'

/** An item in the lists of a heartbeat. Its phase never changes. */
export interface Beating {
  readonly beatPhase: number
  beatIndex: number
}

/** How often a heartbeat looks at one of its lists. */
const stepMs = 250

/**
 * Calls every item once per interval, spread evenly: the items stand in as many lists as the interval has steps, and one list is due at
 * each step. An entry costs eight bytes, where a timer each would cost a hundred. A second heartbeat may share the lists of a first and run
 * `delayMs` behind it, to ask what became of what the first one did.
 */
export class Heartbeat<T extends Beating> {
  readonly #lists: T[][]
  readonly #timer: Timer
  readonly #delaySteps: number
  #step: number

  constructor(
    clock: Clock,
    intervalMs: number,
    delayMs: number,
    readonly beat: (item: T) => void,
    shared?: Heartbeat<T>,
  ) {
    const steps = Math.max(1, Math.round(intervalMs / stepMs))
    this.#lists = shared?.lists ?? Array.from({ length: steps }, () => [])
    this.#delaySteps = Math.round(delayMs / stepMs)
    this.#step = -this.#delaySteps
    this.#timer = every(clock, stepMs, () => this.#next())
  }

  get lists(): T[][] {
    return this.#lists
  }

  add(item: T): void {
    const list = this.#lists[item.beatPhase % this.#lists.length]
    if (list !== undefined) item.beatIndex = list.push(item) - 1
  }

  remove(item: T): void {
    const list = this.#lists[item.beatPhase % this.#lists.length]
    if (list === undefined || list[item.beatIndex] !== item) return
    const last = list.pop()
    if (last !== undefined && last !== item) {
      list[item.beatIndex] = last
      last.beatIndex = item.beatIndex
    }
    item.beatIndex = -1
  }

  close(): void {
    this.#timer.cancel()
  }

  #next(): void {
    const due = this.#step++
    if (due < 0) return
    // A copy, since a beat may remove its item.
    for (const item of [...(this.#lists[due % this.#lists.length] ?? [])]) this.beat(item)
  }
}
