import type { Clock, Timer } from '../../../src/kit/index.ts'

/** How far apart its turns are, in milliseconds of the machine, and how much of that time counts however long a turn was. */
const turnMs = 1
const turnMaxMs = 2

interface Entry {
  readonly at: number
  readonly run: () => void
}

/**
 * A clock for real sockets in one process. It follows the machine's, `times` as fast, but a turn of the event loop moves it by a small step at most:
 * when the process is held up for a second nothing is late on it, and what takes a few turns takes a few steps. So a test may say by when
 * something comes, on a busy machine too.
 */
export class TurnClock implements Clock {
  #now = Date.now()
  #movedAtMs = performance.now()
  #isTurning = false
  readonly #waiting = new Set<Entry>()

  constructor(readonly times = 1) {}

  now(): number {
    this.#move()
    return Math.floor(this.#now)
  }

  after(ms: number, run: () => void): Timer {
    const entry = { at: this.now() + Math.max(0, ms), run }
    this.#waiting.add(entry)
    this.#turnLater()
    return { cancel: () => void this.#waiting.delete(entry) }
  }

  soon(run: () => void): void {
    setImmediate(run)
  }

  /** Waits on this clock. */
  passes(ms: number): Promise<void> {
    return new Promise(resolve => this.after(ms, resolve))
  }

  #move(): void {
    const atMs = performance.now()
    this.#now += Math.min(atMs - this.#movedAtMs, turnMaxMs) * this.times
    this.#movedAtMs = atMs
  }

  #turnLater(): void {
    if (this.#isTurning || this.#waiting.size === 0) return
    this.#isTurning = true
    setTimeout(() => this.#turn(), turnMs)
  }

  #turn(): void {
    this.#isTurning = false
    this.#move()
    const due = [...this.#waiting].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at)
    for (const entry of due) if (this.#waiting.delete(entry)) entry.run()
    this.#turnLater()
  }
}
