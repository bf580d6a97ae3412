import type { InboxAppend, InboxHead, InboxPlace } from './store/index.ts'

/** Inboxes whose places are known here at most. Beyond, the one that was followed first is forgotten: its devices get what they miss when they come again. */
const followedMax = 200_000
/** Places of one inbox that are remembered until they are acknowledged. Beyond, the rows are asked. */
const placesMax = 1024
const placesKept = 32

/** Where an inbox stands. While that is being asked, what comes waits. */
type Followed =
  | { readonly kind: 'asked'; readonly waiting: InboxAppend[] }
  | { readonly kind: 'known'; pts: number; place: number; places: number[] }

/**
 * The inboxes that are followed on this node. An inbox's own places are dense, and nothing is written for each: they are counted, from where the
 * rows say that the inbox stands when somebody begins to follow it.
 */
export class FollowedInboxes {
  readonly #known = new Map<string, Followed>()

  /** @param late is handed what came while it was asked where the inbox stands */
  constructor(readonly late: (append: InboxAppend, pts: number) => void) {}

  get size(): number {
    return this.#known.size
  }

  /** Whether what comes to a user is to be handed on here. */
  has(person: string): boolean {
    return this.#known.has(person)
  }

  /** Begins to follow an inbox. From what `read` answers on, nothing of it is missed. */
  async follow(person: string, read: () => Promise<InboxHead>): Promise<InboxHead> {
    for (;;) {
      if (this.#known.has(person)) {
        const head = await read()
        // Whoever asked first may have failed.
        if (this.#known.has(person)) return head
        continue
      }
      const asked: Followed = { kind: 'asked', waiting: [] }
      this.#add(person, asked)
      try {
        const head = await read()
        this.#begin(person, head, asked.waiting)
        return head
      } catch (error) {
        this.#known.delete(person)
        throw error
      }
    }
  }

  /** Something came into an inbox. @returns its place there; undefined where nobody follows it, or it was counted already, or it waits */
  take(append: InboxAppend): number | undefined {
    const followed = this.#known.get(append.person)
    if (followed === undefined) return undefined
    if (followed.kind === 'asked') {
      followed.waiting.push(append)
      return undefined
    }
    if (append.place <= followed.place) return undefined
    followed.pts++
    followed.place = append.place
    followed.places.push(append.place)
    if (followed.places.length > placesMax) followed.places.splice(0, placesMax / 2)
    return followed.pts
  }

  /** Both places of an entry; undefined where only the rows know. Beyond the end of the inbox it is the end. */
  find(person: string, pts: number): InboxPlace | undefined {
    const followed = this.#known.get(person)
    if (followed?.kind !== 'known') return undefined
    if (pts >= followed.pts) return { pts: followed.pts, place: followed.place }
    const { places } = followed
    const index = pts - (followed.pts - places.length) - 1
    const place = places[index]
    if (place === undefined) return undefined
    // Other devices are not far behind.
    if (index > placesKept) places.splice(0, index - placesKept)
    return { pts, place }
  }

  #add(person: string, followed: Followed): void {
    this.#known.set(person, followed)
    if (this.#known.size <= followedMax) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      return
    }
  }

  #begin(person: string, { pts, place }: InboxHead, waiting: readonly InboxAppend[]): void {
    this.#known.set(person, { kind: 'known', pts, place, places: [] })
    for (const append of waiting) {
      const taken = this.take(append)
      if (taken !== undefined) this.late(append, taken)
    }
  }
}
