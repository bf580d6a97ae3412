import { Ranges } from './ranges.ts'

/**
 * Which offsets of the inbox this device holds. Older entries come in windows beside live ones, so there may be holes; only what is contiguous
 * may be acknowledged (chat M5).
 */
export class AckWindow {
  #held: number
  readonly #above = new Ranges()

  constructor(held = 0) {
    this.#held = held
  }

  /** Everything up to here is held. */
  get held(): number {
    return this.#held
  }

  /** Whether older entries are still to come. */
  get hasHoles(): boolean {
    return this.#above.list.length > 0
  }

  /** @returns whether it had not come before */
  note(offset: number): boolean {
    if (offset <= this.#held || !this.#above.add(offset, offset)) return false
    this.cover(this.#above.endFrom(this.#held + 1))
    return true
  }

  /** All of this is held, or its outcome is. */
  cover(upTo: number): void {
    if (upTo <= this.#held) return
    this.#held = this.#above.endFrom(upTo + 1)
    this.#above.dropBelow(this.#held + 1)
  }
}
