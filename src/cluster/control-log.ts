import type { Control } from '../hub/index.ts'
import { RingBuffer } from '../kit/index.ts'

/** The last control message that a node has received, and the central node that issued it. */
export interface ControlPosition {
  readonly root: string
  readonly number: number
}

/** A control message with its number, in the order of the central node. */
export interface NumberedControl extends ControlPosition {
  readonly message: Control
}

/** Messages kept for nodes whose link is down. A node that misses more than these loses the oldest. */
const recentMax = 1000

/**
 * The control messages of the cluster, numbered by the central node, so that a node that lost its link for a moment receives each of them
 * once: a user that was disconnected meanwhile must not stay.
 */
export class ControlLog {
  #heard: ControlPosition | undefined
  readonly #recent = new RingBuffer<NumberedControl>()

  /** On the central node, `root` is its id. */
  constructor(root?: string) {
    this.#heard = root === undefined ? undefined : { root, number: 0 }
  }

  get heard(): ControlPosition | undefined {
    return this.#heard
  }

  get newest(): NumberedControl | undefined {
    return this.#recent.at(this.#recent.size - 1)
  }

  /** Issues a message. Only on the central node. */
  issue(message: Control): void {
    if (this.#heard !== undefined) this.#note({ root: this.#heard.root, number: this.#heard.number + 1, message })
  }

  /** Records one from upstream. @returns false for one that was received before */
  take(control: NumberedControl): boolean {
    if (this.#heard?.root === control.root && control.number <= this.#heard.number) return false
    if (this.#heard?.root !== control.root) this.#recent.clear()
    this.#note(control)
    return true
  }

  /** Skips everything up to this position. */
  catchUp(heard: ControlPosition): void {
    if (this.#heard?.root === heard.root && this.#heard.number >= heard.number) return
    if (this.#heard?.root !== heard.root) this.#recent.clear()
    this.#heard = heard
  }

  /** The messages that a node has missed. A new node has no sessions that they could concern; a node of another root has received none of this root's. */
  missedBy(heard: ControlPosition | undefined): NumberedControl[] {
    if (heard === undefined) return []
    return this.#recent.slice(0).filter(({ root, number }) => root !== heard.root || number > heard.number)
  }

  #note(control: NumberedControl): void {
    this.#heard = { root: control.root, number: control.number }
    this.#recent.push(control)
    if (this.#recent.size > recentMax) this.#recent.shift()
  }
}
