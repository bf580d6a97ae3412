import type { Server } from 'bun'
import { type Node, protobufWire, websocketWire } from '../hub/index.ts'
import { ClientConnection, type ClientProtocol } from './client-connection.ts'
import { ClientConnections } from './client-connections.ts'
import { clientHeaders } from './client-headers.ts'
import type { ConnectionGuard } from './connection-guard.ts'
import type { Upgraded } from './upgraded.ts'

/** Centrifugo's client protocol in both of its forms, at `/connection/websocket`. */
export class WebSocketTransport {
  readonly #json: ClientProtocol
  readonly #protobuf: ClientProtocol

  constructor(
    readonly node: Node,
    readonly guard: ConnectionGuard,
  ) {
    this.#json = { node, wire: websocketWire(() => new ClientConnections()) }
    this.#protobuf = { node, wire: protobufWire(() => new ClientConnections()) }
  }

  /** Answers a request that cannot be upgraded; undefined when it was. */
  upgrade(request: Request, server: Server<Upgraded>, address: string): Response | undefined {
    const refused = this.guard.refuse(request, address)
    if (refused !== undefined) return refused.toResponse()
    const { protocol, headers } = this.#formOf(request)
    const handedOn = this.node.options.hooks.connect === undefined ? undefined : clientHeaders(request, address)
    if (server.upgrade(request, { data: new ClientConnection(protocol, address, handedOn), headers })) return undefined
    return Response.json(
      { error: { code: 426, message: 'a WebSocket upgrade is expected here' } },
      { status: 426, headers: { Upgrade: 'websocket' } },
    )
  }
  /** By the first of the subprotocols that the client offers and we know, or by the query, as in Centrifugo. JSON where nothing is said. */
  #formOf(request: Request): { readonly protocol: ClientProtocol; readonly headers: Record<string, string> } {
    const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map(name => name.trim())
    const subprotocol = offered.find(name => name === 'centrifuge-json' || name === 'centrifuge-protobuf')
    if (subprotocol === undefined) return { protocol: asksForProtobuf(request.url) ? this.#protobuf : this.#json, headers: {} }
    return {
      protocol: subprotocol === 'centrifuge-protobuf' ? this.#protobuf : this.#json,
      headers: { 'Sec-WebSocket-Protocol': subprotocol },
    }
  }
}

function asksForProtobuf(url: string): boolean {
  const from = url.indexOf('?')
  if (from === -1) return false
  const query = new URLSearchParams(url.slice(from + 1))
  return query.get('format') === 'protobuf' || query.get('cf_protocol') === 'protobuf'
}
