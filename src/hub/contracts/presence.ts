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
export type PresenceVersion = readonly number[]

/** Whether one version is older than another: the node nearest to the client decides. */
export function isOlder(version: PresenceVersion, known: PresenceVersion): boolean {
  for (const [index, step] of version.entries()) {
    const other = known[index]
    if (other !== undefined && step !== other) return step < other
  }
  return false
}

/**
 * Who is in a channel. Entries are leases of the node that tracks them: a node that stops renewing loses all of its entries at once.
 * Implementations announce joins and leaves through the broker where the namespace wants them.
 */
export interface Presence {
  /** `owner` is the node that the client is on; this registry's own node if absent. An entry older than the known one is ignored. */
  track(channel: string, info: ClientInfo, owner?: string, version?: PresenceVersion): Promise<void>
  /** Removes only this owner's entry: the client's entry may by now belong to another node. */
  untrack(channel: string, client: string, owner?: string): Promise<void>
  /** @throws CommandError 106 where the list is larger than so many bytes */
  list(channel: string, bytesMax?: number): Promise<ReadonlyMap<string, ClientInfo>>
  stats(channel: string): Promise<PresenceStats>
  /** A node says that it and all that it holds are alive. */
  renew(owner: string): void
  /** Drops everything that a node holds. */
  drop(owner: string): Promise<void>
  close(): Promise<void>
}
