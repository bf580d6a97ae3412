import { type ClientInfo, type Close, endCursor, isReconnectable, push, sseRetry } from '../../protocol/index.ts'
import type { Identity } from '../access/identity.ts'
import type { HookClient } from '../contracts/hooks.ts'
import type { Socket } from '../contracts/socket.ts'
import { pushFrame } from '../fanout/frame.ts'
import type { Wire } from '../fanout/wire.ts'

/** The part of a session that others see of it. */
interface SeenSession {
  readonly id: string
  readonly identity: Identity
  readonly wire: Wire
}

/** A client as back ends and listeners see it, with this identity. */
export function hookClientOf({ id, wire }: SeenSession, { user, meta }: Identity): HookClient {
  return {
    client: id,
    user,
    transport: wire.name,
    ...(wire.encoding === 'json' ? {} : { protocol: wire.encoding }),
    ...(meta === undefined ? {} : { meta }),
  }
}

/** A client as others in a channel see it. */
export function clientInfoOf({ id, identity }: SeenSession, chanInfo: ClientInfo['chan_info']): ClientInfo {
  const { user, info } = identity
  return {
    user,
    client: id,
    ...(info === undefined ? {} : { conn_info: info }),
    ...(chanInfo === undefined ? {} : { chan_info: chanInfo }),
  }
}

/**
 * An event stream has no close code: its last event says why it ended. After an end for good the event's id says so as well, since browsers come
 * back all the same.
 */
export function writeStreamEnd(socket: Socket, wire: Wire, close: Close, endedRetryMs: number): void {
  const comesBack = isReconnectable(close)
  if (!comesBack) socket.write(sseRetry(endedRetryMs))
  socket.write(wire.pack([pushFrame(push.disconnect(close, comesBack))], comesBack ? undefined : endCursor(close)))
}
