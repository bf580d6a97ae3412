import type { Control } from '../hub/index.ts'
import { RingBuffer } from '../kit/index.ts'

/** The last control message that a node has heard, and which central node gave it out. */
export interface Heard {
  readonly root: string
  readonly number: number
}

/** A control message at its place in the order of the central node. */
export interface NumberedControl extends Heard {
  readonly message: Control
}

/** How many are kept for nodes whose link is down at the moment. Who is away for longer than these misses the oldest. */
const recentMax = 1000

/**
 * The control messages of the cluster, numbered where they arise, so that a node that lost its link for a moment hears each of them
 * once: who was sent away then must not stay.
 */
export class Controls {
  #heard: Heard | undefined
  readonly #recent = new RingBuffer<NumberedControl>()

  /** On the central node, `root` is its id. */
  constructor(root?: string) {
    this.#heard = root === undefined ? undefined : { root, number: 0 }
  }

  get heard(): Heard | undefined {
    return this.#heard
  }

  get newest(): NumberedControl | undefined {
    return this.#recent.at(this.#recent.size - 1)
  }

  /** Gives one out. On the central node alone. */
  issue(message: Control): void {
    if (this.#heard !== undefined) this.#note({ root: this.#heard.root, number: this.#heard.number + 1, message })
  }

  /** Takes note of one from upstream; false for one that was heard before. */
  take(control: NumberedControl): boolean {
    if (this.#heard?.root === control.root && control.number <= this.#heard.number) return false
    if (this.#heard?.root !== control.root) this.#recent.clear()
    this.#note(control)
    return true
  }

  /** There is nothing to be heard up to here. */
  catchUp(heard: Heard): void {
    if (this.#heard?.root === heard.root && this.#heard.number >= heard.number) return
    if (this.#heard?.root !== heard.root) this.#recent.clear()
    this.#heard = heard
  }

  /** What a node has not heard. One that is new has nobody whom it could concern; one that knew another root has heard nothing of this one. */
  missedBy(heard: Heard | undefined): NumberedControl[] {
    if (heard === undefined) return []
    return this.#recent.slice(0).filter(({ root, number }) => root !== heard.root || number > heard.number)
  }

  #note(control: NumberedControl): void {
    this.#heard = { root: control.root, number: control.number }
    this.#recent.push(control)
    if (this.#recent.size > recentMax) this.#recent.shift()
  }
}
