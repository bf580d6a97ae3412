import type { ClientInfo } from '../protocol/index.ts'

export interface PresenceStats {
  readonly clients: number
  readonly users: number
}

/**
 * Who is in a channel. Entries are leases of the node that tracks them: a node that stops renewing loses all of its entries at once.
 * Implementations announce joins and leaves through the broker where the namespace wants them.
 */
export interface Presence {
  /** `holder` is the node that the client is on; the node of this registry where absent. */
  track(channel: string, info: ClientInfo, holder?: string): Promise<void>
  untrack(channel: string, client: string): Promise<void>
  list(channel: string): Promise<ReadonlyMap<string, ClientInfo>>
  stats(channel: string): Promise<PresenceStats>
  /** A node says that it and all that it holds are alive. */
  renew(holder: string): void
  /** Drops everything that a node holds. */
  drop(holder: string): Promise<void>
  close(): Promise<void>
}
