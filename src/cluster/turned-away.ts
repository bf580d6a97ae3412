import type { ServerWebSocket } from 'bun'
import type { Close } from '../protocol/index.ts'
import type { Upgraded } from '../transport/index.ts'

/** A connection that is only told why it ends. An HTTP status would not reach the node: its WebSocket client does not show it. */
export class TurnedAway implements Upgraded {
  constructor(readonly refusal: Close) {}

  opened(socket: ServerWebSocket<Upgraded>): void {
    socket.close(this.refusal.code, this.refusal.reason)
  }

  received(): void {}

  receivedBytes(): void {}

  drained(): void {}

  gone(): void {}
}
