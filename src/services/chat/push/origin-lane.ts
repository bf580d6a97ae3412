import { RingBuffer } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'

/** What waits for one push service, in order, and how much of it is under way. */
export class OriginLane<T> {
  readonly #waiting = new RingBuffer<T>()
  #inFlight = 0
  #pausedUntil = 0

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#inFlight === 0
  }

  /** When it may be asked again; at once where it is past. */
  get pausedUntil(): number {
    return this.#pausedUntil
  }

  get size(): number {
    return this.#waiting.size
  }

  push(item: T): void {
    this.#waiting.push(item)
  }

  /** The next one, if the push service may be called now. One must `leave` when it is done. */
  enter(now: number): T | undefined {
    if (now < this.#pausedUntil || this.#inFlight >= pushLimits.inFlightPerOriginMax) return undefined
    const next = this.#waiting.shift()
    if (next !== undefined) this.#inFlight++
    return next
  }

  leave(): void {
    this.#inFlight--
  }

  /** The push service asked for a rest; the longest that it asked for counts. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until)
  }
}
