import type { Server } from 'bun'
import { type Node, websocketWire } from '../hub/index.ts'
import { ClientConnection } from './client-connection.ts'
import { ClientConnections } from './client-connections.ts'
import { clientHeaders } from './client-headers.ts'
import type { Gate } from './gate.ts'
import type { Upgraded } from './upgraded.ts'

/** Centrifugo's client protocol, JSON form, at `/connection/websocket`. */
export class WebSocketTransport {
  readonly #wire = websocketWire(() => new ClientConnections())

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
