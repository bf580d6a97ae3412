import type { Clock } from '../../kit/index.ts'
import type { Limits } from '../limits.ts'

/** A connection that holds bytes which its client has not read. */
export interface Holder {
  readonly user: string
  readonly address: string
  /** It holds too much, alone or beside the others: it is closed with 3008. */
  overflow(): void
}

/** The bytes of a connection, and the user or address that they were counted for: a connection is identified only after a while. */
interface Held {
  readonly key: string
  readonly bytes: number
}

/**
 * The bytes that wait for clients, over all connections of a node. Each is bounded by its outbox; many together are bounded here. Whoever
 * holds most (a user, or an address of strangers) loses the connection that holds most of it, so that a client that reads slowly is not
 * the one to pay for a crowd that does not read.
 */
export class UnsentBytes {
  total = 0
  readonly #byHolder = new Map<Holder, Held>()
  readonly #byUser = new Map<string, number>()
  #isOver = false

  constructor(
    readonly clock: Clock,
    readonly limits: Limits,
  ) {}

  set(holder: Holder, bytes: number): void {
    const before = this.#byHolder.get(holder)
    if (before === undefined && bytes === 0) return
    const key = groupOf(holder)
    if (before !== undefined) this.#add(before.key, -before.bytes)
    const ofUser = this.#add(key, bytes)
    if (bytes === 0) this.#byHolder.delete(holder)
    else this.#byHolder.set(holder, { key, bytes })
    if (this.#isOver || bytes <= (before?.key === key ? before.bytes : 0)) return
    if (this.total <= this.limits.unsentBytesMax && !this.#isTooMuch(key, ofUser)) return
    // Not in this turn: whoever is closed would leave a list of subscribers that is being gone through.
    this.#isOver = true
    this.clock.soon(() => this.#relieve())
  }

  /** Whether another answer may be made for a user, so that what was answered before is not broken off for it. */
  hasRoomFor(user: string): boolean {
    return user === '' || (this.#byUser.get(`user ${user}`) ?? 0) <= this.limits.unsentBytesPerUserMax / 2
  }

  #add(key: string, bytes: number): number {
    const sum = (this.#byUser.get(key) ?? 0) + bytes
    if (sum > 0) this.#byUser.set(key, sum)
    else this.#byUser.delete(key)
    this.total += bytes
    return sum
  }

  /** Strangers of an address may be a crowd behind one proxy: they count in the node's total alone. */
  #isTooMuch(key: string, bytes: number): boolean {
    return key.startsWith('user ') && bytes > this.limits.unsentBytesPerUserMax
  }

  #relieve(): void {
    this.#isOver = false
    for (const [key, bytes] of [...this.#byUser]) {
      let left = bytes
      while (this.#isTooMuch(key, left) && this.#closeLargest(key)) left = this.#byUser.get(key) ?? 0
    }
    while (this.total > this.limits.unsentBytesMax) {
      let [largest, most] = ['', 0]
      for (const [key, bytes] of this.#byUser) if (bytes > most) [largest, most] = [key, bytes]
      if (!this.#closeLargest(largest)) return
    }
  }

  #closeLargest(key: string): boolean {
    let largest: Holder | undefined
    let most = 0
    for (const [holder, held] of this.#byHolder) {
      if (held.bytes <= most || held.key !== key) continue
      largest = holder
      most = held.bytes
    }
    largest?.overflow()
    if (largest !== undefined) this.set(largest, 0)
    return largest !== undefined
  }
}

function groupOf({ user, address }: Holder): string {
  return user === '' ? `address ${address}` : `user ${user}`
}
