import type { Node, Wire } from '../../src/hub/index.ts'
import type { SseTransport, WatchlistChange, WatchReply } from '../../src/transport/index.ts'
import type { Process } from '../core/machine.ts'

/** A process that takes connections of clients. */
export interface Listener extends Process {
  readonly node: Node
  readonly wire: Wire
  readonly sse: SseTransport
  /** Its connections, which break with the machine. */
  readonly pipes: Set<{ reset(): void }>
  /** Whether it takes connections yet. */
  readonly isListening: boolean
  /** As the route does that changes a watchlist. @throws CommandError */
  changeWatchlist(session: string, user: string, change: WatchlistChange): Promise<WatchReply>
}
