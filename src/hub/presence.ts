import type { ClientInfo } from '../protocol/index.ts'

export interface PresenceStats {
  readonly clients: number
  readonly users: number
}

/** How long the entries of a node outlive its last sign of life. */
export const presenceLeaseMs = 15_000

/**
 * Who is in a channel. Entries are leases of the node that tracks them: a node that stops renewing loses all of its entries at once.
 * Implementations announce joins and leaves through the broker where the namespace wants them.
 */
export interface Presence {
  /** `holder` is the node that the client is on; the node of this registry where absent. */
  track(channel: string, info: ClientInfo, holder?: string): Promise<void>
  /** Only what this holder tracks: a client's entry may by now be held through another node. */
  untrack(channel: string, client: string, holder?: string): Promise<void>
  list(channel: string): Promise<ReadonlyMap<string, ClientInfo>>
  stats(channel: string): Promise<PresenceStats>
  /** A node says that it and all that it holds are alive. */
  renew(holder: string): void
  /** Drops everything that a node holds. */
  drop(holder: string): Promise<void>
  close(): Promise<void>
}
