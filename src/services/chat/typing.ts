import type { Clock } from '../../kit/index.ts'
import { limits } from './limits.ts'

/** Lets typing signals pass as often as somebody needs to see them (chat M13). What does not pass is forgotten. */
export class Typing {
  readonly #passedAt = new Map<string, number>()
  readonly #typists = new Map<string, { readonly since: number; readonly names: Set<string> }>()

  constructor(readonly clock: Clock) {}

  passes(conversation: string, user: string, isOn: boolean, members: number): boolean {
    const now = this.clock.now()
    const key = `${conversation}\n${user}`
    if (!isOn) return this.#passedAt.delete(key)
    if (now < (this.#passedAt.get(key) ?? Number.NEGATIVE_INFINITY) + limits.typingMs) return false
    if (members > limits.typingSmallGroup && !this.#isAmongFew(conversation, user, now)) return false
    this.#passedAt.set(key, now)
    return true
  }

  sweep(): void {
    const before = this.clock.now() - limits.typingMs
    for (const [key, at] of this.#passedAt) if (at < before) this.#passedAt.delete(key)
    for (const [conversation, { since }] of this.#typists) if (since < before) this.#typists.delete(conversation)
  }

  #isAmongFew(conversation: string, user: string, now: number): boolean {
    const few = this.#typists.get(conversation)
    if (few === undefined || now >= few.since + limits.typingMs) {
      this.#typists.set(conversation, { since: now, names: new Set([user]) })
      return true
    }
    if (few.names.has(user)) return true
    if (few.names.size >= limits.typistsMax) return false
    few.names.add(user)
    return true
  }
}
