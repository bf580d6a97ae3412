import type { Clock, Timer } from '../../../kit/index.ts'
import { limits } from './limits.ts'

/** Who is typing where. What is not said again is forgotten (chat M13). */
export class TypingBoard {
  readonly #until = new Map<string, Map<string, number>>()

  /** @returns whether that is news */
  start(conversation: string, user: string, now: number): boolean {
    const users = this.#until.get(conversation) ?? new Map<string, number>()
    const isNews = !users.has(user)
    users.set(user, now + limits.typingKeptMs)
    this.#until.set(conversation, users)
    return isNews
  }

  /** @returns whether they were */
  stop(conversation: string, user: string): boolean {
    return this.#until.get(conversation)?.delete(user) === true
  }

  of(conversation: string): readonly string[] {
    return [...(this.#until.get(conversation)?.keys() ?? [])]
  }

  /** Forgets those whose time has passed. @returns their conversations */
  expire(now: number): string[] {
    const ended: string[] = []
    for (const [conversation, users] of this.#until) {
      const before = users.size
      for (const [user, until] of users) if (until <= now) users.delete(user)
      if (users.size < before) ended.push(conversation)
      if (users.size === 0) this.#until.delete(conversation)
    }
    return ended
  }

  /** When the next one is to be forgotten. */
  nextExpiry(): number | undefined {
    const times = [...this.#until.values()].flatMap(users => [...users.values()])
    return times.length === 0 ? undefined : Math.min(...times)
  }
}

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
