import type { LinkSocket } from './link.ts'

/** The events of the connection to a parent. */
export interface ConnectorEvents {
  opened(): void
  received(text: string): void
  /** It ended, or never began. */
  ended(code: number, reason: string): void
}

/** Opens a connection to a parent at `ws://host:port`. */
export type Connector = (upstream: string, secret: string, events: ConnectorEvents) => LinkSocket

/** Over a WebSocket, with the secret as a bearer token. */
export const connectByWebSocket: Connector = (upstream, secret, events) => {
  // Bun's client takes headers where the web's takes protocols, which the DOM's types do not know.
  const options: unknown = { headers: { Authorization: `Bearer ${secret}` } }
  const socket = new WebSocket(`${upstream}/connection/node`, options as string[])
  let failure = ''
  socket.onopen = () => events.opened()
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') events.received(data)
  }
  socket.onerror = event => {
    if ('message' in event && typeof event.message === 'string') failure = event.message
  }
  socket.onclose = ({ code, reason }) => events.ended(code, reason === '' ? failure : reason)
  return new NodeSocket(socket)
}

class NodeSocket implements LinkSocket {
  constructor(readonly socket: WebSocket) {}

  send(text: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text)
  }

  bufferedBytes(): number {
    return this.socket.bufferedAmount
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason)
  }

  terminate(): void {
    // Bun's own; a browser's `close` would wait for an answer that does not come.
    const { terminate }: { terminate?: () => void } = this.socket as { terminate?: () => void }
    terminate?.call(this.socket)
  }
}
