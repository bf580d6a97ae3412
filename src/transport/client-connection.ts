import type { ServerWebSocket } from 'bun'
import { type Bytes, type Node, Session, type Socket, type Wire } from '../hub/index.ts'
import { randomUuid, type Timer } from '../kit/index.ts'
import { closes, messageTooBig } from '../protocol/index.ts'
import type { Placed } from './lineup.ts'
import type { Upgraded } from './upgraded.ts'

/** How long a peer may take to answer a close before the connection is cut. */
const closeTimeoutMs = 5000

/** One client's WebSocket. */
export class ClientConnection implements Socket, Upgraded, Placed {
  place = -1
  #session: Session | undefined
  #socket: ServerWebSocket<Upgraded> | undefined
  /** A send said that it queued: until the queue is empty again, its length must be asked for. */
  #isCongested = false
  /** For the session, which forgets them when it is known. */
  #headers: Session['headers']
  /** Cuts the connection of a peer that does not answer the close. */
  #closing: Timer | undefined

  constructor(
    readonly node: Node,
    readonly wire: Wire,
    readonly address: string,
    headers: Session['headers'],
  ) {
    this.#headers = headers
  }

  opened(socket: ServerWebSocket<Upgraded>): void {
    this.#socket = socket
    this.#session = new Session(this.node, randomUuid(this.node.random), this, this.wire, this.address)
    this.#session.headers = this.#headers
    this.#headers = undefined
    this.node.sessions.add(this.#session)
  }

  /** The connection has said which form it speaks: whether the frame calls itself text or binary decides nothing. */
  received(text: string): void {
    if (this.wire.encoding === 'protobuf') this.#accept(Buffer.from(text))
    else this.#accept(text)
  }

  receivedBytes(bytes: Uint8Array): void {
    if (this.wire.encoding === 'protobuf') this.#accept(bytes)
    else this.#accept(Buffer.from(bytes).toString('utf8'))
  }

  drained(): void {
    this.#session?.outbox.drained()
  }

  gone(): void {
    this.#socket = undefined
    this.#closing?.cancel()
    this.#session?.closed(closes.normal)
  }

  write(bytes: Bytes): boolean {
    if (this.#socket === undefined) return false
    if (sendTo(this.#socket, bytes) <= 0) this.#isCongested = true
    return true
  }

  bufferedBytes(): number {
    if (!this.#isCongested) return 0
    const bytes = this.#socket?.getBufferedAmount() ?? 0
    this.#isCongested = bytes > 0
    return bytes
  }

  /** A write to many was queued here: from now on its length must be asked for. */
  congested(): void {
    this.#isCongested = true
  }

  /** What Bun writes to, as long as it is open. */
  get websocket(): ServerWebSocket<Upgraded> | undefined {
    return this.#socket
  }

  #accept(frame: string | Uint8Array): void {
    if (Buffer.byteLength(frame) > this.node.limits.frameBytesMax) this.#session?.close(messageTooBig)
    else this.#session?.receive(frame)
  }

  close(code: number, reason: string): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#closing = this.node.clock.after(closeTimeoutMs, () => socket.terminate())
    socket.close(code, reason)
  }
}

/** Zero or less where it was queued or dropped. */
export function sendTo(websocket: ServerWebSocket<Upgraded>, bytes: Bytes): number {
  return typeof bytes === 'string' ? websocket.sendText(bytes) : websocket.sendBinary(bytes)
}
