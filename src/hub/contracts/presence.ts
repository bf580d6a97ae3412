import type { ClientInfo } from '../../protocol/index.ts'

export interface PresenceStats {
  readonly clients: number
  readonly users: number
}

/** How long the entries of a node outlive its last sign of life. */
export const presenceLeaseMs = 15_000

/**
 * When something was told of a client: by its own node over which of its links so far, then by that link's parent over which of its own, and
 * so on up. A node that lost a child without noticing may tell of it long after others know better.
 */
export type Turns = readonly number[]

/** Whether one telling of a client is from before another: the node nearest to the client decides. */
export function isOlder(turns: Turns, known: Turns): boolean {
  for (const [index, turn] of turns.entries()) {
    const other = known[index]
    if (other !== undefined && turn !== other) return turn < other
  }
  return false
}

/**
 * Who is in a channel. Entries are leases of the node that tracks them: a node that stops renewing loses all of its entries at once.
 * Implementations announce joins and leaves through the broker where the namespace wants them.
 */
export interface Presence {
  /** `holder` is the node that the client is on; the node of this registry where absent. What is older than what is known is passed over. */
  track(channel: string, info: ClientInfo, holder?: string, turns?: Turns): Promise<void>
  /** Only what this holder tracks: a client's entry may by now be held through another node. */
  untrack(channel: string, client: string, holder?: string): Promise<void>
  /** @throws CommandError 106 where the list is larger than so many bytes */
  list(channel: string, bytesMax?: number): Promise<ReadonlyMap<string, ClientInfo>>
  stats(channel: string): Promise<PresenceStats>
  /** A node says that it and all that it holds are alive. */
  renew(holder: string): void
  /** Drops everything that a node holds. */
  drop(holder: string): Promise<void>
  close(): Promise<void>
}
