import type { Clock, Timer } from './clock.ts'

interface Due {
  readonly atMs: number
  readonly run: () => void
}

/** Time that passes when a test says so, for a server with real sockets: turns of the event loop are its own. */
export class SteppedClock implements Clock {
  #now = Date.now()
  readonly #due = new Set<Due>()

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): Timer {
    const due = { atMs: this.#now + ms, run }
    this.#due.add(due)
    return { cancel: () => this.#due.delete(due) }
  }

  soon(run: () => void): void {
    setImmediate(run)
  }

  /** Runs what is due, in order; what that sets for the same stretch of time as well. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#due.delete(next)
      this.#now = Math.max(this.#now, next.atMs)
      next.run()
    }
    this.#now = end
  }

  #next(end: number): Due | undefined {
    let next: Due | undefined
    for (const due of this.#due) if (due.atMs <= end && (next === undefined || due.atMs < next.atMs)) next = due
    return next
  }
}
