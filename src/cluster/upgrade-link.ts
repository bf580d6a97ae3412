import type { Server, ServerWebSocket } from 'bun'
import type { Upgraded } from '../transport/index.ts'
import type { LinkSocket } from './link.ts'
import type { LinkEnd, LinkListener } from './link-listener.ts'
import { TurnedAway } from './turned-away.ts'

const bearer = 'Bearer '

/** Answers a request that may not be upgraded; undefined when it was. A node that may not link is told why, then its connection is closed. */
export function upgradeLink(links: LinkListener, request: Request, server: Server<Upgraded>): Response | undefined {
  const shown = request.headers.get('authorization') ?? ''
  const secret = shown.startsWith(bearer) ? shown.slice(bearer.length) : undefined
  const refusal = links.refusal(secret, request.headers.get('x-forwarded-for') ?? undefined)
  if (server.upgrade(request, { data: refusal === undefined ? new UpgradedLink(links) : new TurnedAway(refusal) })) return undefined
  if (refusal !== undefined) return Response.json({ error: { code: 401, message: refusal.reason } }, { status: 401 })
  return Response.json({ error: { code: 426, message: 'a WebSocket upgrade is expected here' } }, { status: 426 })
}

/** A link over a WebSocket that a node below opened. */
class UpgradedLink implements Upgraded {
  #end: LinkEnd | undefined

  constructor(readonly links: LinkListener) {}

  opened(socket: ServerWebSocket<Upgraded>): void {
    this.#end = this.links.accept(new ServerLinkSocket(socket))
  }

  received(text: string): void {
    this.#end?.received(text)
  }

  /** Lines are text, however a frame calls itself. */
  receivedBytes(bytes: Uint8Array): void {
    this.received(Buffer.from(bytes).toString('utf8'))
  }

  drained(): void {}

  gone(): void {
    this.#end?.gone()
  }
}

class ServerLinkSocket implements LinkSocket {
  constructor(readonly socket: ServerWebSocket<Upgraded>) {}

  send(text: string): void {
    this.socket.sendText(text)
  }

  bufferedBytes(): number {
    return this.socket.getBufferedAmount()
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason)
  }

  terminate(): void {
    this.socket.terminate()
  }
}
