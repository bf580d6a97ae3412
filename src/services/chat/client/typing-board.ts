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
