import type { ServerWebSocket, WebSocketHandler } from 'bun'

/** The owner of an upgraded connection: a client's session, or the link of a node. */
export interface Upgraded {
  opened(socket: ServerWebSocket<Upgraded>): void
  received(text: string): void
  /** A binary frame. */
  receivedBytes(bytes: Uint8Array): void
  drained(): void
  gone(): void
}

/** Above any bound of an Outbox, which decides before this does. */
const backpressureLimitBytes = 64 * 1024 * 1024
/** Bytes that a node's message may have around a client's frame. */
const envelopeBytes = 16 * 1024

/** One handler for every WebSocket of a port. A frame beyond the limit closes with 1009. */
export function upgradedHandler(frameBytesMax: number): WebSocketHandler<Upgraded> {
  return {
    maxPayloadLength: frameBytesMax + envelopeBytes,
    backpressureLimit: backpressureLimitBytes,
    closeOnBackpressureLimit: false,
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    open: socket => socket.data.opened(socket),
    message: ({ data }, message) => {
      if (typeof message === 'string') data.received(message)
      else data.receivedBytes(message)
    },
    drain: socket => socket.data.drained(),
    close: socket => socket.data.gone(),
  }
}
