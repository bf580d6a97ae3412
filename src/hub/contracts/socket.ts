/** The content of one write: text on a WebSocket, bytes on an event stream. */
export type Bytes = string | Uint8Array

/** One client's connection as the session sees it; three transports implement it: WebSocket, SSE, and in-memory for tests and simulation. */
export interface Socket {
  /** Hands one write to the connection. Never blocks; false when the connection is gone. */
  write(bytes: Bytes): boolean
  /** Bytes handed over that the connection could not pass on yet. */
  bufferedBytes(): number
  close(code: number, reason: string): void
  /** The id by which an event stream can be addressed, beside the client id. */
  readonly streamId?: string | undefined
}

/** Connections of one transport that get the same bytes, which may cost it less than a write to each. */
export interface SocketGroup {
  /** Whether a connection may not have kept up, so that each is to be asked how much it holds. Says it once. */
  readonly mayLag: boolean
  /** False where it cannot be written to in company, or not yet. */
  add(socket: Socket): boolean
  /** After this it gets only what was written before. */
  remove(socket: Socket): void
  /** Hands one write to every connection, behind whatever was handed to it before. */
  write(bytes: Bytes): void
}
