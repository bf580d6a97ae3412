import { closes, push } from '../../protocol/index.ts'
import { pushFrame } from '../fanout/frame.ts'
import { ttlMaxS } from '../limits.ts'
import type { Session } from './session.ts'

/** Whole seconds until a time in milliseconds, as clients are told them: at least 1, since 0 would read as never, and at most a year. */
function secondsUntil(endMs: number, nowMs: number): number {
  return Math.min(ttlMaxS, Math.max(1, Math.ceil((endMs - nowMs) / 1000)))
}

/** `{expires, ttl}` with the seconds left, or nothing where `endMs` is 0, which never comes. */
export function expiryAt(endMs: number, nowMs: number): { readonly expires: true; readonly ttl: number } | object {
  return endMs === 0 ? {} : { expires: true, ttl: secondsUntil(endMs, nowMs) }
}

export function expiryOf(session: Session): { readonly expires: true; readonly ttl: number } | object {
  return expiryAt(session.expireAt, session.context.now())
}

/** Moves the end of a session, and tells the client, which counts down by itself. `seconds` is Unix time; 0 for never. */
export function moveEnd(session: Session, seconds: number): void {
  const now = session.context.now()
  if (seconds !== 0 && seconds * 1000 <= now) {
    session.close(closes.expired)
    return
  }
  session.setExpiry(seconds)
  session.outbox.enqueue(pushFrame(push.refresh(seconds === 0 ? 0 : secondsUntil(seconds * 1000, now))))
}
