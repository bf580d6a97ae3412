import type { Bytes, Socket, SocketGroup } from '../../src/hub/index.ts'

/** Connections in memory that are written to together. */
export class SocketSet implements SocketGroup {
  readonly mayLag = true
  /** Writes to everyone. */
  writes = 0
  readonly #sockets = new Set<Socket>()

  add(socket: Socket): boolean {
    this.#sockets.add(socket)
    return true
  }

  remove(socket: Socket): void {
    this.#sockets.delete(socket)
  }

  write(bytes: Bytes): void {
    this.writes++
    for (const socket of this.#sockets) socket.write(bytes)
  }
}
