import type { Clock, Timer } from './clock.ts'
import { SteadyTime } from './steady-time.ts'

/**
 * Deadlines for very many things with one timer: a circle of slots, `slotMs` apart; an entry runs at the first turn
 * after the slot of its deadline, so up to two slots late and never early. Adding and removing are O(1) (Varghese and Lauck, 1987).
 * The timer runs only while something is waiting.
 */
export class TimingWheel<T> {
  readonly #slots: Map<T, number>[]
  readonly #slotOf = new Map<T, number>()
  #cursor: number
  readonly #time: SteadyTime
  #timer: Timer | undefined

  constructor(
    readonly clock: Clock,
    readonly slotMs: number,
    slots: number,
    readonly expire: (item: T) => void,
  ) {
    this.#slots = Array.from({ length: slots }, () => new Map())
    this.#time = new SteadyTime(clock)
    this.#cursor = this.#tick()
  }

  get size(): number {
    return this.#slotOf.size
  }

  /** Sets the item's deadline, replacing an earlier one. */
  set(item: T, ms: number): void {
    this.delete(item)
    if (this.#slotOf.size === 0) this.#cursor = this.#tick()
    const due = Math.max(this.#cursor + 1, Math.ceil((this.#time.now() + ms) / this.slotMs))
    this.#slots[due % this.#slots.length]?.set(item, due)
    this.#slotOf.set(item, due % this.#slots.length)
    this.#timer ??= this.clock.after(this.slotMs, () => this.#turn())
  }

  delete(item: T): void {
    const slot = this.#slotOf.get(item)
    if (slot === undefined) return
    this.#slots[slot]?.delete(item)
    this.#slotOf.delete(item)
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const slot of this.#slots) slot.clear()
    this.#slotOf.clear()
  }

  #turn(): void {
    const now = this.#tick()
    // A clock that leapt by more than a whole turn visits every slot once.
    const first = Math.max(this.#cursor + 1, now - this.#slots.length + 1)
    this.#cursor = now
    for (let tick = first; tick <= now; tick++) this.#drain(this.#slots[tick % this.#slots.length], now)
    this.#timer = this.#slotOf.size > 0 ? this.clock.after(this.slotMs, () => this.#turn()) : undefined
  }

  #drain(slot: Map<T, number> | undefined, now: number): void {
    if (slot === undefined) return
    for (const [item, due] of slot) {
      if (due > now) continue
      this.delete(item)
      this.expire(item)
    }
  }

  #tick(): number {
    return Math.floor(this.#time.now() / this.slotMs)
  }
}
