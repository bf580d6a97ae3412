import type { Clock } from '../../../kit/index.ts'

/** A read cursor as its pacer sees it. */
export interface Paced {
  /** Spreads subscribers over the interval. */
  readonly phase: number
  /** The beat that it waited for. */
  beat(): void
}

/** Parts of an interval over which the subscribers are spread (U29). */
const phases = 10

/**
 * When conflated state is sent: a read cursor that has news is sent at the next beat of its phase, so each subscriber gets at most one
 * batch per interval. Runs only while someone waits.
 */
export class Pacer {
  readonly #waiting: Paced[][] = Array.from({ length: phases }, () => [])
  #count = 0
  #phase = 0
  #running = false
  #startedAt = 0
  #beats = 0

  constructor(
    readonly clock: Clock,
    readonly intervalMs: number,
  ) {}

  add(cursor: Paced): void {
    this.#waiting[cursor.phase % phases]?.push(cursor)
    this.#count++
    if (this.#running) return
    this.#running = true
    this.#restart(0)
    this.#schedule()
  }

  /** Beats keep to the grid of the start, so that a late timer does not stretch all that follow; a clock that was set back starts a new one. */
  #schedule(): void {
    const stepMs = this.intervalMs / phases
    this.#beats++
    const waitMs = this.#startedAt + this.#beats * stepMs - this.clock.now()
    if (waitMs > this.intervalMs) this.#restart(1)
    this.clock.after(Math.max(0, Math.min(waitMs, stepMs)), () => this.#beat())
  }

  #restart(beats: number): void {
    this.#startedAt = this.clock.now()
    this.#beats = beats
  }

  #beat(): void {
    const behind = this.clock.now() - (this.#startedAt + (this.#beats * this.intervalMs) / phases)
    if (behind > this.intervalMs) this.#restart(0)
    this.#phase = (this.#phase + 1) % phases
    const due = this.#waiting[this.#phase]
    if (due !== undefined && due.length > 0) {
      this.#waiting[this.#phase] = []
      this.#count -= due.length
      for (const cursor of due) cursor.beat()
    }
    if (this.#count > 0) this.#schedule()
    else this.#running = false
  }
}

/** One pacer for each interval in use. */
export class Pacers {
  readonly #byInterval = new Map<number, Pacer>()

  constructor(readonly clock: Clock) {}

  of(intervalMs: number): Pacer | undefined {
    if (intervalMs === 0) return undefined
    let pacer = this.#byInterval.get(intervalMs)
    if (pacer === undefined) {
      pacer = new Pacer(this.clock, intervalMs)
      this.#byInterval.set(intervalMs, pacer)
    }
    return pacer
  }
}
