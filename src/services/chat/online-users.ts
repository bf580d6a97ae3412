import type { Clock } from '../../kit/index.ts'
import { limits } from './limits.ts'

/** One connection of a user. */
interface Visit {
  readonly user: string
  /** Conversations that it has open. */
  readonly open: Set<string>
  /** Whether the user's inbox comes to it. */
  followsInbox: boolean
  /** Until when its device is in use, as the client said. */
  inUseUntil: number
}

/** The users that are connected to this node, and the conversations that they have open, by connection: one user may have several. */
export class OnlineUsers {
  readonly #visits = new Map<string, Visit>()
  readonly #clients = new Map<string, Set<string>>()
  /** By conversation: how many connections of each user have it open. */
  readonly #open = new Map<string, Map<string, number>>()
  readonly #writtenAt = new Map<string, number>()

  constructor(readonly clock: Clock) {}

  /** @returns whether the user was not there before */
  arrived(user: string, client: string): boolean {
    if (this.#visits.has(client)) return false
    this.#visits.set(client, { user, open: new Set(), followsInbox: false, inUseUntil: 0 })
    const clients = this.#clients.get(user)
    if (clients === undefined) this.#clients.set(user, new Set([client]))
    else clients.add(client)
    return clients === undefined
  }

  /** Closes its conversations as well. @returns whether it was the user's last connection */
  left(user: string, client: string): boolean {
    const visit = this.#visits.get(client)
    const clients = this.#clients.get(user)
    if (visit === undefined || clients === undefined) return false
    for (const conversation of [...visit.open]) this.shut(client, conversation)
    this.#visits.delete(client)
    clients.delete(client)
    if (clients.size > 0) return false
    this.#clients.delete(user)
    return true
  }

  followed(client: string): void {
    const visit = this.#visits.get(client)
    if (visit !== undefined) visit.followsInbox = true
  }

  /** Somebody sits at the device of this connection, or does not any longer. One that says nothing more is believed for a while. */
  used(client: string, isInUse: boolean): void {
    const visit = this.#visits.get(client)
    if (visit !== undefined) visit.inUseUntil = isInUse ? this.clock.now() + limits.inUseMs : 0
  }

  isInUse(user: string): boolean {
    const now = this.clock.now()
    for (const client of this.#clients.get(user) ?? []) if ((this.#visits.get(client)?.inUseUntil ?? 0) > now) return true
    return false
  }

  /** The connections to which a user's inbox came, for when it comes to nobody any more. */
  followers(user: string): string[] {
    return [...(this.#clients.get(user) ?? [])].filter(client => this.#visits.get(client)?.followsInbox === true)
  }

  knows(client: string): boolean {
    return this.#visits.has(client)
  }

  isOnline(user: string): boolean {
    return this.#clients.has(user)
  }

  opened(client: string, conversation: string): void {
    const visit = this.#visits.get(client)
    if (visit === undefined || visit.open.has(conversation)) return
    visit.open.add(conversation)
    const users = this.#open.get(conversation) ?? new Map<string, number>()
    users.set(visit.user, (users.get(visit.user) ?? 0) + 1)
    this.#open.set(conversation, users)
  }

  shut(client: string, conversation: string): void {
    const visit = this.#visits.get(client)
    if (visit?.open.delete(conversation) !== true) return
    const users = this.#open.get(conversation)
    const count = users?.get(visit.user)
    if (users === undefined || count === undefined) return
    if (count > 1) users.set(visit.user, count - 1)
    else users.delete(visit.user)
    if (users.size === 0) this.#open.delete(conversation)
  }

  hasOpen(user: string, conversation: string): boolean {
    return this.#open.get(conversation)?.has(user) ?? false
  }

  /** The connections that have a conversation open, each with whose it is. */
  readers(conversation: string): { readonly user: string; readonly client: string }[] {
    return [...(this.#open.get(conversation)?.keys() ?? [])].flatMap(user =>
      [...(this.#clients.get(user) ?? [])]
        .filter(client => this.#visits.get(client)?.open.has(conversation) === true)
        .map(client => ({ user, client })),
    )
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
