import type { Server, ServerWebSocket } from 'bun'
import { type Node, Session, type Socket, type Wire, websocketWire } from '../hub/index.ts'
import { randomUuid, type Timer } from '../kit/index.ts'
import { closes } from '../protocol/index.ts'
import { clientHeaders } from './client-headers.ts'
import type { Gate } from './gate.ts'
import type { Upgraded } from './upgraded.ts'

/** How long a peer may take to answer a close before the connection is cut. */
const closeTimeoutMs = 5000
/** RFC 6455: the message is too big. */
const tooBig = { code: 1009, reason: 'message too big' } as const

/** One client's WebSocket. */
class ClientConnection implements Socket, Upgraded {
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

  received(text: string): void {
    if (Buffer.byteLength(text) > this.node.limits.frameBytesMax) this.#session?.close(tooBig)
    else this.#session?.receive(text)
  }

  drained(): void {
    this.#session?.outbox.drained()
  }

  gone(): void {
    this.#socket = undefined
    this.#closing?.cancel()
    this.#session?.closed(closes.normal)
  }

  write(bytes: string | Uint8Array): boolean {
    if (this.#socket === undefined) return false
    const sent = typeof bytes === 'string' ? this.#socket.sendText(bytes) : this.#socket.sendBinary(bytes)
    if (sent <= 0) this.#isCongested = true
    return true
  }

  bufferedBytes(): number {
    if (!this.#isCongested) return 0
    const bytes = this.#socket?.getBufferedAmount() ?? 0
    this.#isCongested = bytes > 0
    return bytes
  }

  close(code: number, reason: string): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#closing = this.node.clock.after(closeTimeoutMs, () => socket.terminate())
    socket.close(code, reason)
  }
}

/** Centrifugo's client protocol, JSON form, at `/connection/websocket`. */
export class WebSocketTransport {
  readonly #wire = websocketWire()

  constructor(
    readonly node: Node,
    readonly gate: Gate,
  ) {}

  /** Answers a request that cannot be upgraded; undefined when it was. */
  upgrade(request: Request, server: Server<Upgraded>): Response | undefined {
    const address = server.requestIP(request)?.address ?? ''
    const refused = this.gate.refuse(request, address)
    if (refused !== undefined) return refused.toResponse()
    const protocols = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map(name => name.trim())
    if (protocols.includes('centrifuge-protobuf') && !protocols.includes('centrifuge-json')) {
      return Response.json({ error: { code: 400, message: 'protobuf is not spoken here, use the JSON protocol' } }, { status: 400 })
    }
    const headers = protocols.includes('centrifuge-json') ? { 'Sec-WebSocket-Protocol': 'centrifuge-json' } : {}
    const handedOn = this.node.options.hooks.connect === undefined ? undefined : clientHeaders(request, address)
    if (server.upgrade(request, { data: new ClientConnection(this.node, this.#wire, address, handedOn), headers })) return undefined
    return Response.json(
      { error: { code: 426, message: 'a WebSocket upgrade is expected here' } },
      { status: 426, headers: { Upgrade: 'websocket' } },
    )
  }
}
