/** What goes into one write: text on a WebSocket, bytes on an event stream. */
export type Bytes = string | Uint8Array

/** One client's connection as the session sees it; three transports implement it: WebSocket, SSE, and in-memory for tests and simulation. */
export interface Socket {
  /** Hands one write to the connection. Never blocks; false when the connection is gone. */
  write(bytes: Bytes): boolean
  /** Bytes handed over that the connection could not pass on yet. */
  bufferedBytes(): number
  close(code: number, reason: string): void
}
