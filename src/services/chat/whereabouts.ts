import type { Clock } from '../../kit/index.ts'
import { limits } from './limits.ts'

/** Who is connected, and which conversations they have open: by connections, since one user has several. */
export class Whereabouts {
  readonly #clients = new Map<string, Set<string>>()
  /** By conversation: how many connections of each user have it open. */
  readonly #open = new Map<string, Map<string, number>>()
  readonly #writtenAt = new Map<string, number>()

  constructor(readonly clock: Clock) {}

  /** @returns whether the user was not there before */
  arrived(user: string, client: string): boolean {
    const clients = this.#clients.get(user)
    if (clients !== undefined) {
      clients.add(client)
      return false
    }
    this.#clients.set(user, new Set([client]))
    return true
  }

  /** @returns whether it was the last one */
  left(user: string, client: string): boolean {
    const clients = this.#clients.get(user)
    if (clients === undefined || !clients.delete(client) || clients.size > 0) return false
    this.#clients.delete(user)
    return true
  }

  isOnline(user: string): boolean {
    return this.#clients.has(user)
  }

  opened(user: string, conversation: string): void {
    const users = this.#open.get(conversation) ?? new Map<string, number>()
    users.set(user, (users.get(user) ?? 0) + 1)
    this.#open.set(conversation, users)
  }

  shut(user: string, conversation: string): void {
    const users = this.#open.get(conversation)
    const count = users?.get(user)
    if (users === undefined || count === undefined) return
    if (count > 1) users.set(user, count - 1)
    else users.delete(user)
    if (users.size === 0) this.#open.delete(conversation)
  }

  hasOpen(user: string, conversation: string): boolean {
    return this.#open.get(conversation)?.has(user) ?? false
  }

  isWatched(conversation: string): boolean {
    return this.#open.has(conversation)
  }

  /** Whether it is time to write down that the user is still there (chat M14). */
  isDue(user: string): boolean {
    const now = this.clock.now()
    if (now < (this.#writtenAt.get(user) ?? Number.NEGATIVE_INFINITY) + limits.lastSeenMs) return false
    this.#writtenAt.set(user, now)
    return true
  }

  sweep(): void {
    for (const user of this.#writtenAt.keys()) if (!this.#clients.has(user)) this.#writtenAt.delete(user)
  }
}
