import type { ServerWebSocket } from 'bun'
import type { Bytes, Socket, SocketGroup } from '../hub/index.ts'
import { ClientConnection, sendTo } from './client-connection.ts'
import { Lineup } from './lineup.ts'
import type { Upgraded } from './upgraded.ts'

/**
 * WebSockets that are written to together. Bun's own topics go through them in native code, but neither measure faster where sessions lie
 * scattered in memory nor say who could not be sent all of it.
 */
export class ClientConnections implements SocketGroup {
  readonly #lineup = new Lineup<ClientConnection, ServerWebSocket<Upgraded>>()

  get mayLag(): boolean {
    return this.#lineup.takeLag()
  }

  add(socket: Socket): boolean {
    if (!(socket instanceof ClientConnection) || socket.websocket === undefined) return false
    this.#lineup.add(socket, socket.websocket)
    return true
  }

  remove(socket: Socket): void {
    if (socket instanceof ClientConnection) this.#lineup.remove(socket)
  }

  /** From the end, since a connection that turns out to be gone is removed, and the last one takes its place. */
  write(bytes: Bytes): void {
    const { connections, handles } = this.#lineup
    for (let place = handles.length - 1; place >= 0; place--) {
      const websocket = handles[place]
      if (websocket === undefined || sendTo(websocket, bytes) > 0) continue
      this.#lineup.lags()
      connections[place]?.congested()
    }
  }
}
