import type { Clock, Timer } from '../../../kit/index.ts'
import { limits } from './limits.ts'

interface TypingSpell {
  /** When a key was pressed last. */
  pressedAt: number
  timer: Timer
}

/** Says that one is typing, and again as long as one is (chat M13). What gets lost is lost. */
export class TypingNotifier {
  readonly #spells = new Map<string, TypingSpell>()

  constructor(
    readonly clock: Clock,
    readonly say: (conversation: string, on: boolean) => void,
  ) {}

  press(conversation: string): void {
    const spell = this.#spells.get(conversation)
    if (spell !== undefined) {
      spell.pressedAt = this.clock.now()
      return
    }
    this.#spells.set(conversation, { pressedAt: this.clock.now(), timer: this.#beatLater(conversation) })
    this.say(conversation, true)
  }

  /** Nothing is being written any more; says so unless a message does. */
  release(conversation: string, isSent = false): void {
    const spell = this.#spells.get(conversation)
    if (spell === undefined) return
    spell.timer.cancel()
    this.#spells.delete(conversation)
    if (!isSent) this.say(conversation, false)
  }

  close(): void {
    for (const { timer } of this.#spells.values()) timer.cancel()
    this.#spells.clear()
  }

  #beatLater(conversation: string): Timer {
    return this.clock.after(limits.typingAgainMs, () => this.#beat(conversation))
  }

  #beat(conversation: string): void {
    const spell = this.#spells.get(conversation)
    if (spell === undefined) return
    if (this.clock.now() - spell.pressedAt >= limits.typingAgainMs) {
      this.release(conversation)
      return
    }
    spell.timer = this.#beatLater(conversation)
    this.say(conversation, true)
  }
}
