import type { Server, ServerWebSocket, WebSocketHandler } from 'bun'
import { type Node, Session, type Socket, websocketWire } from '../hub/index.ts'
import { randomUuid } from '../kit/index.ts'
import { closes } from '../protocol/index.ts'
import type { Gate } from './gate.ts'

/** How long a peer may take to answer a close before the connection is cut. */
const closeTimeoutMs = 5000
/** Above any bound of the Outbox, which decides before this does. */
const backpressureLimitBytes = 64 * 1024 * 1024

/** What Bun keeps with each WebSocket. */
export class WebSocketConnection implements Socket {
  session: Session | undefined
  #socket: ServerWebSocket<WebSocketConnection> | undefined

  constructor(
    readonly node: Node,
    readonly address: string,
  ) {}

  opened(socket: ServerWebSocket<WebSocketConnection>, session: Session): void {
    this.#socket = socket
    this.session = session
  }

  write(bytes: string | Uint8Array): boolean {
    if (this.#socket === undefined) return false
    if (typeof bytes === 'string') this.#socket.sendText(bytes)
    else this.#socket.sendBinary(bytes)
    return true
  }

  bufferedBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0
  }

  close(code: number, reason: string): void {
    const socket = this.#socket
    if (socket === undefined) return
    socket.close(code, reason)
    this.node.clock.after(closeTimeoutMs, () => {
      if (this.#socket !== undefined) socket.terminate()
    })
  }

  gone(): void {
    this.#socket = undefined
    this.session?.closed(closes.normal)
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
  upgrade(request: Request, server: Server<WebSocketConnection>): Response | undefined {
    const address = server.requestIP(request)?.address ?? ''
    const refused = this.gate.refuse(request, address)
    if (refused !== undefined) return refused
    const protocols = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map(name => name.trim())
    if (protocols.includes('centrifuge-protobuf') && !protocols.includes('centrifuge-json')) {
      return Response.json({ error: { code: 400, message: 'protobuf is not spoken here, use the JSON protocol' } }, { status: 400 })
    }
    const headers = protocols.includes('centrifuge-json') ? { 'Sec-WebSocket-Protocol': 'centrifuge-json' } : {}
    if (server.upgrade(request, { data: new WebSocketConnection(this.node, address), headers })) return undefined
    return Response.json(
      { error: { code: 426, message: 'a WebSocket upgrade is expected here' } },
      { status: 426, headers: { Upgrade: 'websocket' } },
    )
  }

  handler(): WebSocketHandler<WebSocketConnection> {
    return {
      maxPayloadLength: this.node.limits.frameBytesMax,
      backpressureLimit: backpressureLimitBytes,
      closeOnBackpressureLimit: false,
      idleTimeout: 0,
      sendPings: false,
      perMessageDeflate: false,
      open: socket => this.#open(socket),
      message: (socket, message) => this.#message(socket, message),
      drain: socket => socket.data.session?.outbox.drained(),
      close: socket => socket.data.gone(),
    }
  }

  #open(socket: ServerWebSocket<WebSocketConnection>): void {
    const { node } = this
    const session = new Session(node, randomUuid(node.random), socket.data, this.#wire, socket.data.address)
    socket.data.opened(socket, session)
    node.sessions.add(session)
  }

  #message(socket: ServerWebSocket<WebSocketConnection>, message: string | Buffer): void {
    const { session } = socket.data
    if (session === undefined) return
    if (typeof message === 'string') session.receive(message)
    else session.receive(message.toString('utf8'))
  }
}
