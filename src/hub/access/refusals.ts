import type { Clock } from '../../kit/index.ts'
import { type Close, CommandError, closes, errors } from '../../protocol/index.ts'
import type { Log } from '../contracts/log.ts'

/** Kinds of refusals. Each is logged at its own rate, so that one does not hide another. */
export type RefusalKind = 'token' | 'permission' | 'api key' | 'origin' | 'host' | 'proxy'

/** Between two log lines of one kind: whoever is refused in a loop must not fill the log. */
const quietMs = 1_000
/** A WebSocket's close frame has room for 123 bytes of reason (RFC 6455, 5.5). */
const reasonBytesMax = 123

export interface RefusalsOptions {
  readonly clock: Clock
  readonly log: Log
  /** Whether the refused client hears the reason too. In development mode alone: elsewhere it tells strangers how access is decided. */
  readonly explained: boolean
}

/** Why clients and back ends are refused: in the log for operators, and in development mode in the answer. */
export class Refusals {
  readonly #quiet = new Map<RefusalKind, { until: number; suppressed: number }>()

  constructor(readonly options: RefusalsOptions) {}

  /**
   * Logs a reason. It must hold no token, key or message.
   * @returns what the answer may say of it
   */
  note(kind: RefusalKind, reason: string, fields: object = {}): string | undefined {
    const { clock, log, explained } = this.options
    const now = clock.now()
    const quiet = this.#quiet.get(kind)
    if (quiet !== undefined && now < quiet.until) quiet.suppressed++
    else {
      const suppressed = quiet?.suppressed ?? 0
      this.#quiet.set(kind, { until: now + quietMs, suppressed: 0 })
      log.warn({ reason, ...fields, ...(suppressed === 0 ? {} : { suppressed }) }, `refused: ${kind}`)
    }
    return explained ? reason : undefined
  }

  /** The close for a token that no server takes. */
  invalidToken(reason: string, fields?: object): Close {
    const told = this.note('token', reason, fields)
    return told === undefined ? closes.invalidToken : { ...closes.invalidToken, reason: cut(`${closes.invalidToken.reason}: ${told}`) }
  }

  unauthorized(reason: string, fields?: object): CommandError {
    return new CommandError(errors.unauthorized, this.note('token', reason, fields))
  }

  denied(reason: string, fields?: object): CommandError {
    return new CommandError(errors.permissionDenied, this.note('permission', reason, fields))
  }
}

function cut(reason: string): string {
  let text = reason
  while (Buffer.byteLength(text) > reasonBytesMax) text = text.slice(0, -1)
  return text.isWellFormed() ? text : text.slice(0, -1)
}
