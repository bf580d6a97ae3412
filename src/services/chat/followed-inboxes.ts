import { limits } from './limits.ts'
import type { InboxAppend, InboxHead, InboxPlace } from './store/index.ts'

/** Where an inbox stands. While that is being asked, what comes waits. */
interface Inbox {
  waiting: InboxAppend[] | undefined
  pts: number
  place: number
  readonly places: number[]
}

export interface FollowedInboxesHost {
  /** Is handed what came while it was asked where the inbox stands. */
  late(append: InboxAppend, pts: number): void
  /** Where the inbox stood right before an entry. */
  before(append: InboxAppend): Promise<InboxPlace>
  failed(person: string, error: unknown): void
}

/**
 * The inboxes that are followed on this node. An inbox's own places are dense, and nothing is written for each: they are counted, from where the
 * rows say that the inbox stands when somebody begins to follow it. Whoever asks for an inbox is about to follow it, and is said to do so a moment
 * later; those that nobody follows are kept for that moment, and for whoever comes back.
 */
export class FollowedInboxes {
  /** Of users whose inbox sessions follow. Undefined where it is not known where it stands. */
  readonly #occupied = new Map<string, Inbox | undefined>()
  /** The others that are known, in the order in which they were last used. */
  readonly #idle = new Map<string, Inbox>()

  constructor(readonly host: FollowedInboxesHost) {}

  get size(): number {
    return this.#occupied.size + this.#idle.size
  }

  /** Whether what comes to a user is to be handed on here. */
  has(person: string): boolean {
    return this.#occupied.has(person) || this.#idle.has(person)
  }

  isOccupied(person: string): boolean {
    return this.#occupied.has(person)
  }

  /** Sessions follow the inbox from now on, until it is `vacated`. */
  occupied(person: string): void {
    if (this.#occupied.has(person)) return
    this.#occupied.set(person, this.#idle.get(person))
    this.#idle.delete(person)
  }

  /** No session follows the inbox any more. */
  vacated(person: string): void {
    const inbox = this.#occupied.get(person)
    this.#occupied.delete(person)
    if (inbox === undefined) return
    inbox.places.splice(0, inbox.places.length - limits.placesKept)
    this.#set(person, inbox)
  }

  /** Begins to follow an inbox. From what `read` answers on, nothing of it is missed. */
  async follow(person: string, read: () => Promise<InboxHead>): Promise<InboxHead> {
    for (;;) {
      const known = this.#get(person)
      if (known === undefined) return await this.#begin(person, [], read)
      if (this.#idle.has(person)) this.#set(person, known)
      const head = await read()
      // Whoever asked first may have failed.
      if (this.#get(person) === known) return head
    }
  }

  /** Something came into an inbox. @returns its place there; undefined where nobody follows it, or it was counted already, or it waits */
  take(append: InboxAppend): number | undefined {
    const { person } = append
    const inbox = this.#get(person)
    if (inbox !== undefined) return this.#count(person, inbox, append)
    if (!this.#occupied.has(person)) return undefined
    // Nobody who follows it would see that it was passed over until the next one.
    this.#begin(person, [append], () => this.host.before(append)).catch((error: unknown) => this.host.failed(person, error))
    return undefined
  }

  /** Both places of an entry; undefined where only the rows know. Beyond the end of the inbox it is the end. */
  find(person: string, pts: number): InboxPlace | undefined {
    const inbox = this.#get(person)
    if (inbox === undefined || inbox.waiting !== undefined) return undefined
    if (pts >= inbox.pts) return { pts: inbox.pts, place: inbox.place }
    const { places } = inbox
    const index = pts - (inbox.pts - places.length) - 1
    const place = places[index]
    if (place === undefined) return undefined
    // Other devices are not far behind.
    if (index > limits.placesKept) places.splice(0, index - limits.placesKept)
    return { pts, place }
  }

  async #begin<T extends InboxPlace>(person: string, waiting: InboxAppend[], read: () => Promise<T>): Promise<T> {
    const inbox: Inbox = { waiting, pts: 0, place: 0, places: [] }
    this.#set(person, inbox)
    try {
      const from = await read()
      inbox.waiting = undefined
      inbox.pts = from.pts
      inbox.place = from.place
      for (const append of waiting) {
        const pts = this.#count(person, inbox, append)
        if (pts !== undefined) this.host.late(append, pts)
      }
      return from
    } catch (error) {
      this.#drop(person, inbox)
      throw error
    }
  }

  #count(person: string, inbox: Inbox, append: InboxAppend): number | undefined {
    if (inbox.waiting !== undefined) {
      inbox.waiting.push(append)
      return undefined
    }
    if (append.place <= inbox.place) return undefined
    inbox.pts++
    inbox.place = append.place
    const { places } = inbox
    places.push(append.place)
    const most = this.#idle.has(person) ? limits.placesKept : limits.placesMax
    if (places.length > most) places.splice(0, most / 2)
    return inbox.pts
  }

  #get(person: string): Inbox | undefined {
    return this.#occupied.get(person) ?? this.#idle.get(person)
  }

  #set(person: string, inbox: Inbox): void {
    if (this.#occupied.has(person)) {
      this.#occupied.set(person, inbox)
      return
    }
    this.#idle.delete(person)
    this.#idle.set(person, inbox)
    if (this.#idle.size <= limits.inboxesIdleMax) return
    const kept = limits.inboxesIdleMax - limits.inboxesForgotten
    for (const oldest of this.#idle.keys()) {
      if (this.#idle.size <= kept) return
      this.#idle.delete(oldest)
    }
  }

  #drop(person: string, inbox: Inbox): void {
    if (this.#occupied.get(person) === inbox) this.#occupied.set(person, undefined)
    if (this.#idle.get(person) === inbox) this.#idle.delete(person)
  }
}
