/** The content of an error reply. `temporary` tells the client that the same call may succeed later. */
export interface ProtocolError {
  readonly code: number
  readonly message: string
  readonly temporary?: true
  /** Milliseconds after which it may. */
  readonly retry_after_ms?: number
}

/** What code throws as an error. */
export interface Failure extends Omit<ProtocolError, 'retry_after_ms'> {
  /** When the same call may succeed. Over HTTP it becomes `Retry-After` as well. */
  readonly retryAfterMs?: number | undefined
}

/** Why a connection was closed. The range tells the client what to do: 3000-3499 come back, 3500-3999 stay away. */
export interface Close {
  readonly code: number
  readonly reason: string
}

/** Expected failures of a command. Codes and names are those of the Centrifugo client protocol. */
export const errors = {
  internal: { code: 100, message: 'internal server error', temporary: true },
  unauthorized: { code: 101, message: 'unauthorized' },
  unknownChannel: { code: 102, message: 'unknown channel' },
  permissionDenied: { code: 103, message: 'permission denied' },
  methodNotFound: { code: 104, message: 'method not found' },
  alreadySubscribed: { code: 105, message: 'already subscribed' },
  limitExceeded: { code: 106, message: 'limit exceeded' },
  badRequest: { code: 107, message: 'bad request' },
  notAvailable: { code: 108, message: 'not available' },
  tokenExpired: { code: 109, message: 'token expired' },
  expired: { code: 110, message: 'expired' },
  tooManyRequests: { code: 111, message: 'too many requests', temporary: true },
  unrecoverablePosition: { code: 112, message: 'unrecoverable position' },
} as const satisfies Record<string, ProtocolError>

export const closes = {
  /** The client went away by itself; never sent. */
  normal: { code: 3000, reason: 'connection closed' },
  shutdown: { code: 3001, reason: 'shutdown' },
  internal: { code: 3004, reason: 'internal server error' },
  expired: { code: 3005, reason: 'connection expired' },
  slow: { code: 3008, reason: 'slow' },
  insufficientState: { code: 3010, reason: 'insufficient state' },
  forceReconnect: { code: 3011, reason: 'force reconnect' },
  noPong: { code: 3012, reason: 'no pong' },
  tooManyRequests: { code: 3013, reason: 'too many requests' },
  invalidToken: { code: 3500, reason: 'invalid token' },
  badRequest: { code: 3501, reason: 'bad request' },
  stale: { code: 3502, reason: 'stale' },
  forceDisconnect: { code: 3503, reason: 'force disconnect' },
  connectionLimit: { code: 3504, reason: 'connection limit' },
  channelLimit: { code: 3505, reason: 'channel limit' },
  permissionDenied: { code: 3507, reason: 'permission denied' },
} as const satisfies Record<string, Close>

/** Whether the client is asked to connect again after this close. From 4000 on stand an application's own codes, split in the same way. */
export function isReconnectable({ code }: Close): boolean {
  return code < 3500 || (code >= 4000 && code < 4500)
}

/** Of RFC 6455, for a frame or a command in it. SDKs stay away after it. */
export const messageTooBig: Close = { code: 1009, reason: 'message too big' }

/** Why a subscription was ended by the server. From 2500 on the client subscribes again by itself. */
export const unsubscribes = {
  byClient: { code: 0, reason: 'unsubscribe called' },
  byServer: { code: 2000, reason: 'server unsubscribe' },
  permissionRevoked: { code: 2002, reason: 'permission revoked' },
  insufficientState: { code: 2500, reason: 'insufficient state' },
  /** Centrifugo's code: an SDK subscribes again, with a new token where it uses one. */
  expired: { code: 2501, reason: 'subscription expired' },
} as const satisfies Record<string, Close>

/** An expected failure on its way out: thrown by handlers, caught at the edge, and answered as `{error}`. */
export class CommandError extends Error {
  readonly code: number
  readonly temporary: boolean
  readonly retryAfterMs: number | undefined

  constructor({ code, message, temporary, retryAfterMs }: Failure, detail?: string) {
    super(detail === undefined ? message : `${message}: ${detail}`)
    this.code = code
    this.temporary = temporary === true
    this.retryAfterMs = retryAfterMs
  }

  /** The failure that another node answered. */
  static fromReply({ retry_after_ms, ...error }: ProtocolError): CommandError {
    return new CommandError({ ...error, retryAfterMs: retry_after_ms })
  }

  toReply(): ProtocolError {
    const { code, message, temporary, retryAfterMs } = this
    return { code, message, ...(temporary ? { temporary } : {}), ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }) }
  }
}

/** An expected failure that also ends the connection. */
export class CloseError extends Error {
  constructor(readonly close: Close) {
    super(close.reason)
  }
}
