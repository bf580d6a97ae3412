import type { Clock, Timer } from '../../../kit/index.ts'
import { limits } from './limits.ts'

interface Pulse {
  /** When a key was pressed last. */
  pressedAt: number
  timer: Timer
}

/** Says that one is typing, and again as long as one is (chat M13). What gets lost is lost. */
export class TypingPulse {
  readonly #pulses = new Map<string, Pulse>()

  constructor(
    readonly clock: Clock,
    readonly say: (conversation: string, on: boolean) => void,
  ) {}

  press(conversation: string): void {
    const pulse = this.#pulses.get(conversation)
    if (pulse !== undefined) {
      pulse.pressedAt = this.clock.now()
      return
    }
    this.#pulses.set(conversation, { pressedAt: this.clock.now(), timer: this.#beatLater(conversation) })
    this.say(conversation, true)
  }

  /** Nothing is being written any more; says so unless a message does. */
  release(conversation: string, isSent = false): void {
    const pulse = this.#pulses.get(conversation)
    if (pulse === undefined) return
    pulse.timer.cancel()
    this.#pulses.delete(conversation)
    if (!isSent) this.say(conversation, false)
  }

  close(): void {
    for (const { timer } of this.#pulses.values()) timer.cancel()
    this.#pulses.clear()
  }

  #beatLater(conversation: string): Timer {
    return this.clock.after(limits.typingAgainMs, () => this.#beat(conversation))
  }

  #beat(conversation: string): void {
    const pulse = this.#pulses.get(conversation)
    if (pulse === undefined) return
    if (this.clock.now() - pulse.pressedAt >= limits.typingAgainMs) {
      this.release(conversation)
      return
    }
    pulse.timer = this.#beatLater(conversation)
    this.say(conversation, true)
  }
}
