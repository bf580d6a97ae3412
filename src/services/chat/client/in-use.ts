import type { Clock, Timer } from '../../../kit/index.ts'
import { limits } from './limits.ts'

/**
 * Whether somebody sits at this device: it is visible, and was touched lately. The server holds back what it would push to the user's other devices
 * while it hears that; it is told when that begins, once in a while, and when it ends.
 */
export class InUse {
  #touchedAt = Number.NEGATIVE_INFINITY
  #saidAt = Number.NEGATIVE_INFINITY
  #idle: Timer | undefined

  constructor(
    readonly clock: Clock,
    readonly say: (on: boolean) => void,
  ) {}

  get isOn(): boolean {
    return this.#idle !== undefined
  }

  /** Call it at each input while the page is visible. */
  touched(): void {
    const now = this.clock.now()
    this.#touchedAt = now
    if (!this.isOn || now >= this.#saidAt + limits.inUseAgainMs) this.#tell()
    this.#idle ??= this.clock.after(limits.inUseIdleMs, () => this.#look())
  }

  /** The page is hidden, or is left. */
  left(): void {
    if (!this.isOn) return
    this.#idle?.cancel()
    this.#idle = undefined
    this.say(false)
  }

  /** The connection is new, and knows nothing of it. */
  repeat(): void {
    if (this.isOn) this.#tell()
  }

  close(): void {
    this.#idle?.cancel()
    this.#idle = undefined
  }

  #look(): void {
    this.#idle = undefined
    const left = this.#touchedAt + limits.inUseIdleMs - this.clock.now()
    if (left > 0) this.#idle = this.clock.after(left, () => this.#look())
    else this.say(false)
  }

  #tell(): void {
    this.#saidAt = this.clock.now()
    this.say(true)
  }
}
