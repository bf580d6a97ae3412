import type { ServerWebSocket } from 'bun'
import { type Bytes, type Node, Session, type Socket, type Wire } from '../hub/index.ts'
import { randomUuid } from '../kit/index.ts'
import { closes, messageTooBig } from '../protocol/index.ts'
import { Closing } from './closing.ts'
import type { Placed } from './lineup.ts'
import type { Upgraded } from './upgraded.ts'

/** The part that all WebSockets of one form share. */
export interface ClientProtocol {
  readonly node: Node
  readonly wire: Wire
}

/** From whom a request comes. The headers are for the session, which forgets them when it is known. */
interface Origin {
  readonly address: string
  readonly headers: Session['headers']
}

/** One client's WebSocket. */
export class ClientConnection implements Socket, Upgraded, Placed {
  place = -1
  readonly #protocol: ClientProtocol
  /** Its session, once it is open; before, the request that it came with. */
  #client: Session | Origin
  #socket: ServerWebSocket<Upgraded> | undefined
  /** A send said that it queued: until the queue is empty again, its length must be asked for. */
  #isCongested = false
  /** It is to close once the bytes that wait in its socket have left. */
  #closing: Closing | undefined

  constructor(protocol: ClientProtocol, address: string, headers: Session['headers']) {
    this.#protocol = protocol
    this.#client = { address, headers }
  }

  opened(socket: ServerWebSocket<Upgraded>): void {
    const { node, wire } = this.#protocol
    const { address, headers } = this.#client
    this.#socket = socket
    const session = new Session(node, randomUuid(node.random), this, wire, address)
    session.headers = headers
    this.#client = session
    node.sessions.add(session)
  }

  /** The connection has said which form it speaks: whether the frame calls itself text or binary decides nothing. */
  received(text: string): void {
    if (this.#protocol.wire.encoding === 'protobuf') this.#accept(Buffer.from(text))
    else this.#accept(text)
  }

  receivedBytes(bytes: Uint8Array): void {
    if (this.#protocol.wire.encoding === 'protobuf') this.#accept(bytes)
    else this.#accept(Buffer.from(bytes).toString('utf8'))
  }

  drained(): void {
    if (this.#closing === undefined) this.#session?.outbox.drained()
    else this.#closing.drained()
  }

  gone(): void {
    this.#socket = undefined
    this.#closing?.end()
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

  /** The socket that Bun writes to, as long as it is open. */
  get websocket(): ServerWebSocket<Upgraded> | undefined {
    return this.#socket
  }

  get #session(): Session | undefined {
    return this.#client instanceof Session ? this.#client : undefined
  }

  #accept(frame: string | Uint8Array): void {
    if (Buffer.byteLength(frame) > this.#protocol.node.limits.frameBytesMax) this.#session?.close(messageTooBig)
    else this.#session?.receive(frame)
  }

  /** Bun itself cuts a peer that does not answer. */
  close(code: number, reason: string): void {
    const socket = this.#socket
    if (socket === undefined || this.#closing !== undefined) return
    const { node } = this.#protocol
    const say = () => socket.close(code, reason)
    if (socket.getBufferedAmount() === 0 || !node.sessions.room.lingers()) say()
    else this.#closing = new Closing(node, this.#session?.user ?? '', this.#client.address, socket, say)
  }
}

/** Zero or less where it was queued or dropped. */
export function sendTo(websocket: ServerWebSocket<Upgraded>, bytes: Bytes): number {
  return typeof bytes === 'string' ? websocket.sendText(bytes) : websocket.sendBinary(bytes)
}
