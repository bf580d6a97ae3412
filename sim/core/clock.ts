import { drainMicrotasks } from 'bun:jsc'
import type { Clock, Timer } from '../../src/kit/index.ts'

interface Entry extends Timer {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/** A day in January 2027: simulated runs look like real ones, and never like time zero. */
const startMs = 1_800_000_000_000

/**
 * Time that stands still until it is moved. Events run one after the other, earliest first and in the order of their making; promises settle
 * after each, and what was put off with `soon` follows in the same instant, as in a turn of a real event loop.
 */
export class SimClock implements Clock {
  #now = startMs
  #order = 0
  readonly #heap: Entry[] = []
  #soon: (() => void)[] = []
  /** Events run so far. */
  events = 0

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): Timer {
    const entry: Entry = {
      at: this.#now + Math.max(0, ms),
      order: this.#order++,
      run,
      cancel() {
        this.run = undefined
      },
    }
    this.#push(entry)
    return { cancel: () => entry.cancel() }
  }

  soon(run: () => void): void {
    this.#soon.push(run)
  }

  /** Moves time on by `ms`, running everything that falls due. */
  advance(ms: number): void {
    const end = this.#now + ms
    this.settle()
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop()
      if (next.run === undefined) continue
      this.#now = Math.max(this.#now, next.at)
      this.events++
      next.run()
      this.settle()
    }
    this.#now = end
  }

  /** Runs what waits for the end of the present instant, promises included. */
  settle(): void {
    drainMicrotasks()
    while (this.#soon.length > 0) {
      const runs = this.#soon
      this.#soon = []
      for (const run of runs) {
        run()
        drainMicrotasks()
      }
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, entry)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      const right = heap[child + 1]
      const left = heap[child]
      const smaller = right !== undefined && left !== undefined && isBefore(right, left) ? child + 1 : child
      const below = heap[smaller]
      if (below === undefined || isBefore(last, below)) break
      heap[index] = below
      index = smaller
    }
    heap[index] = last
  }
}

function isBefore(left: Entry, right: Entry): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order)
}

/**
 * The clock of one machine while it is up: it can be set forward or back, it stands still for all work while the machine is stalled, and it
 * dies with the machine, taking along all that was planned on it.
 */
export class MachineClock implements Clock {
  #dead = false
  #stalledUntil = 0

  constructor(
    readonly time: SimClock,
    /** How far the machine's idea of the time is off. */
    public skewMs = 0,
  ) {}

  now(): number {
    return this.time.now() + this.skewMs
  }

  after(ms: number, run: () => void): Timer {
    return this.time.after(ms, () => this.enter(run))
  }

  soon(run: () => void): void {
    this.time.soon(() => this.enter(run))
  }

  get isDead(): boolean {
    return this.#dead
  }

  /** Wall-clock time jumps; durations that are being waited for do not change. */
  leap(ms: number): void {
    this.skewMs += ms
  }

  /** Nothing runs on the machine for a while: a full disk queue, a garbage collection, a stopped process. What comes in waits. */
  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.time.now() + ms)
  }

  kill(): void {
    this.#dead = true
  }

  /** Runs on this machine, as soon as it runs anything; never when it is down. */
  enter(run: () => void): void {
    if (this.#dead) return
    const waitMs = this.#stalledUntil - this.time.now()
    if (waitMs > 0) this.time.after(waitMs, () => this.enter(run))
    else run()
  }
}
